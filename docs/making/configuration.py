"""The page of all settings, made from `dragoman.config`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.config import directory, mirror, old_servers, reading, settings
from dragoman.config import table as any_table
from making.docstrings import read_structs
from making.markdown import block, code, page, table
from making.shapes import REQUIRED, FieldShape, fields_of, read_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msgspec.inspect import StructType

NOT_WRITTEN = frozenset({"folder"})
"""Fields that reading sets, and nobody writes."""

_MODULES = (any_table, directory, mirror, old_servers, settings)

_HEAD = ("key", "type", "default", "meaning", "environment")
_INTRODUCTION = f"""\
<!-- Made by docs/make.py from src/dragoman/config/settings.py; do not edit. -->

All settings stand in one file, `{reading.CONFIG_NAME}`, which `dragoman init` writes and `--config` or
`DRAGOMAN_CONFIG` names. A setting that does not exist, a wrong type or a value out of bounds stops the start with the
file, the key and the remedy.

**Environment.** A variable that begins with `{reading.PREFIX}` sets what the last column says, over the file. Two
underscores go one table deeper; names are written in capitals. The value is TOML; if it is not, it is text. So
`DRAGOMAN_SERVER__PORT=9000` is a number and `DRAGOMAN_LOG__LEVEL=debug` a text. `DRAGOMAN_MOUNTS` sets all mounts at
once.

**Paths.** A relative path starts at the folder of the configuration file."""

_EXAMPLE = """\
issuer = "https://login.example.com"
dialect_folders = ["dialects"]

[server]
host = "0.0.0.0"
trusted_proxies = ["10.0.0.0/8"]

[[mounts]]
dialect = "standard"

[[mounts]]
dialect = "jobspace"
prefix = "/jobspace"
paths = { token = ["/oauth/token", "/oauth/v2/token"] }

[scopes]
read = "Read your own data"
write = "Change your own data\""""


def make_configuration() -> str:
    """The page."""
    shape = read_shape(settings.Configuration)
    return page(
        "# Configuration",
        _INTRODUCTION,
        block(_EXAMPLE, "toml"),
        "## Top level",
        _table(shape, ()),
        *_tables(shape),
    )


def undocumented() -> Iterator[str]:
    """Settings without a docstring, as `Struct.field`."""
    texts = read_structs(*_MODULES)
    pending = [read_shape(settings.Configuration)]
    while pending:
        shape = pending.pop()
        for field in fields_of(shape):
            if field.table is not None:
                pending.append(field.table)
            elif field.name not in texts[shape.cls.__name__].fields:
                yield f"{shape.cls.__name__}.{field.name}"


def _tables(shape: StructType, path: tuple[str, ...] = (), *, in_list: bool = False) -> Iterator[str]:
    texts = read_structs(*_MODULES)
    for field in fields_of(shape):
        if field.table is not None:
            inner, listed = (*path, field.name), in_list or field.several
            head = f"[[{'.'.join(inner)}]]" if field.several else f"[{'.'.join(inner)}]"
            yield f"## `{head}`"
            yield texts[field.table.cls.__name__].meaning
            yield _table(field.table, inner, in_list=listed)
            yield from _tables(field.table, inner, in_list=listed)


def _table(shape: StructType, path: tuple[str, ...], *, in_list: bool = False) -> str:
    texts = read_structs(*_MODULES)[shape.cls.__name__].fields
    rows = (
        (code(field.name), field.type, _default(field), texts[field.name], "" if in_list else _variable(path, field))
        for field in fields_of(shape)
        if field.table is None and field.name not in NOT_WRITTEN
    )
    return table(_HEAD[:-1], (row[:-1] for row in rows)) if in_list else table(_HEAD, rows)


def _default(field: FieldShape) -> str:
    return field.default if field.default in (REQUIRED, "none") else code(field.default)


def _variable(path: tuple[str, ...], field: FieldShape) -> str:
    return code(reading.PREFIX + "__".join((*path, field.name)).upper())


def names() -> frozenset[str]:
    """The keys at the top level."""
    return frozenset(field.name for field in fields_of(read_shape(settings.Configuration)))
