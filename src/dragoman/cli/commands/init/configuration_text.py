"""The text of a new `dragoman.toml`: all settings with what they mean, made from the code that reads them."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from typing import TYPE_CHECKING, Any, cast

import msgspec

from dragoman.cli.terminal.toml_text import toml_value
from dragoman.config import reading, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Chosen = dict[str, Any]
"""Settings that are not left at their defaults: values, tables, and lists of tables."""

_SET_BY_READING = frozenset({"folder"})
_WIDTH = 116
_HEAD = f"""\
# Dragoman's configuration. A line that begins with "# name =" shows a setting with its default; take the # away to
# change it. Environment variables win over this file: {reading.PREFIX}SERVER__PORT=9000 sets port in [server].
"""


def write_configuration(chosen: Chosen) -> str:
    """The file's text. What is chosen stands as it is, all else as a comment."""
    return _HEAD + "".join(_table(settings.Configuration, chosen, ()))


def _table(struct: type[msgspec.Struct], chosen: Chosen, path: Sequence[str], *, meant: bool = True) -> Iterator[str]:
    """Settings first and tables after them, as TOML needs it. `meant`: whether meanings and defaults are told, too."""
    meanings = _meanings(struct)
    tables = []
    for field in msgspec.structs.fields(struct):
        inner = _struct_in(field)
        if field.name in _SET_BY_READING:
            continue
        if inner is not None:
            tables.append((field.name, inner))
        elif meant or field.name in chosen:
            yield _setting(field, chosen, meanings.get(field.name, "") if meant else "")
    for name, inner in tables:
        if meant or name in chosen:
            yield from _inner_tables(inner, chosen.get(name), (*path, name))


def _inner_tables(
    struct: type[msgspec.Struct], chosen: Chosen | list[Chosen] | None, path: Sequence[str]
) -> Iterator[str]:
    heading = ".".join(path)
    about = f"\n{_comment(inspect.cleandoc(struct.__doc__ or ''))}"
    if not isinstance(chosen, list):
        yield f"{about}[{heading}]\n"
        yield from _table(struct, chosen or {}, path)
        return
    for number, one in enumerate(chosen):
        yield f"{about if number == 0 else chr(10)}[[{heading}]]\n"
        yield from _table(struct, one, path, meant=number == 0)


def _setting(field: msgspec.structs.FieldInfo, chosen: Chosen, meaning: str) -> str:
    about = f"\n{_comment(meaning)}" if meaning else ""
    if field.name in chosen:
        return f"{about}{field.name} = {toml_value(chosen[field.name])}\n"
    default = _default(field)
    if default is None:
        return f'{about}# {field.name} = "…"    (not set)\n'
    return f"{about}# {field.name} = {toml_value(default)}\n"


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _struct_in(field: msgspec.structs.FieldInfo) -> type[msgspec.Struct] | None:
    """The table behind a setting, or behind each of its entries."""
    default = _default(field)
    first = default[0] if isinstance(default, tuple) and default else default
    return type(first) if isinstance(first, msgspec.Struct) else None


def _comment(text: str) -> str:
    lines = textwrap.wrap(" ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in lines)


def _meanings(struct: type[msgspec.Struct]) -> Mapping[str, str]:
    """The docstrings below the fields of a struct, which Python itself does not keep."""
    tree = ast.parse(inspect.getsource(sys.modules[struct.__module__]))
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == struct.__name__)
    meanings = {}
    for field, after in zip(found.body, found.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            meanings[cast("ast.Name", field.target).id] = str(after.value.value)
    return meanings
