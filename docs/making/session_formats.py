"""The page of format files of former refresh tokens, made from the structs that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from dragoman.former_sessions import claims, files
from dragoman.former_sessions import format as every_format
from dragoman.former_sessions.carriers import opaque, sealed, signed
from making.docstrings import read_structs
from making.markdown import block, code, page, table
from making.shapes import REQUIRED, FieldShape, fields_of, read_shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from msgspec.inspect import StructType

_MODULES = (every_format, claims, signed, sealed, opaque)
_HEAD = ("word", "type", "default", "meaning")
_INTRODUCTION = """\
<!-- Made by docs/make.py from src/dragoman/former_sessions/; do not edit. -->

What the refresh tokens of a [former server](sessions.md) are stands in a TOML file, which is called as `former.format`
names it. These are all of its words, and the files in `src/dragoman/former_sessions/formats/`;
[one of your own](sessions.md#a-format-of-your-own) can stand beside them. A word that does not exist or a wrong type
stops the start with the file and the reason. Whatever a file says, a token is looked at only once its signature or MAC
is right."""


def make_session_formats() -> str:
    """The page."""
    return page(
        "# Format files of former refresh tokens",
        _INTRODUCTION,
        "## Top level",
        _top(),
        *(part for shape in _carriers() for part in _carrier(shape)),
        "## `[claims]`",
        read_structs(*_MODULES)[claims.ClaimsWords.__name__].meaning,
        table(_HEAD, _rows(read_shape(claims.ClaimsWords))),
        "## The files",
        *(part for name, path in files.list_formats().items() for part in _file(name, path)),
    )


def undocumented() -> Iterator[str]:
    """Words without a docstring, as `Struct.word`."""
    texts = read_structs(*_MODULES)
    for shape in (*_carriers(), read_shape(claims.ClaimsWords)):
        for field in fields_of(shape):
            if field.table is None and field.name not in texts[shape.cls.__name__].fields:
                yield f"{shape.cls.__name__}.{field.name}"


def names() -> frozenset[str]:
    """The words at the top level."""
    return frozenset({"carrier", *(field.name for shape in _carriers() for field in fields_of(shape))})


def _carriers() -> Iterator[StructType]:
    return map(read_shape, get_args(files.Format))


def _top() -> str:
    carriers = " or ".join(code(f'"{shape.tag}"') for shape in _carriers())
    carrier = ("`carrier`", carriers, REQUIRED, "What a token is; each has words of its own.")
    return table(_HEAD, (carrier, *_rows(read_shape(every_format.FormatWords))))


def _carrier(shape: StructType) -> Iterator[str]:
    yield f'## `carrier = "{shape.tag}"`'
    yield read_structs(*_MODULES)[shape.cls.__name__].meaning
    yield table(_HEAD, _rows(shape, leave_out=every_format.FormatWords.__struct_fields__))


def _rows(shape: StructType, leave_out: tuple[str, ...] = ()) -> Iterator[tuple[str, str, str, str]]:
    texts = read_structs(*_MODULES)[shape.cls.__name__].fields
    for field in fields_of(shape):
        if field.table is not None:
            yield code(field.name), field.type, REQUIRED, "See [`[claims]`](#claims)."
        elif field.name not in leave_out:
            yield code(field.name), field.type, _default(field), texts[field.name]


def _default(field: FieldShape) -> str:
    return field.default if field.default in (REQUIRED, "none") else code(field.default)


def _file(name: str, path: Path) -> Iterator[str]:
    yield f"### {code(name)}"
    yield block(path.read_text(encoding="utf-8").rstrip(), "toml")
