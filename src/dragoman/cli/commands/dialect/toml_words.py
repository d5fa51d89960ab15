"""The words of a dialect as a TOML file that says all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from dragoman.cli.terminal.toml_text import toml_key, toml_value
from dragoman.dialects.schema import ErrorWords

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dragoman.dialects.schema import DialectFile


def write_words(words: DialectFile) -> str:
    """All words in force. It means the same without what it extends, so it does not say that it extends anything."""
    return "\n".join(_table(msgspec.structs.replace(words, extends=None), ())) + "\n"


def _table(struct: msgspec.Struct, path: Sequence[str]) -> Iterator[str]:
    """Plain words first, tables after them, as TOML needs it."""
    tables = []
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, msgspec.Struct) or (isinstance(value, Mapping) and value and not _is_inline(value)):
            tables.append((name, value))
        elif value is not None and not (isinstance(struct, ErrorWords) and value == getattr(ErrorWords(), name)):
            yield f"{toml_key(name)} = {toml_value(value)}"
    for name, value in tables:
        yield from _inner(value, (*path, name))


def _inner(value: msgspec.Struct | Mapping[str, object], path: Sequence[str]) -> Iterator[str]:
    heading = ["", "[" + ".".join(map(toml_key, path)) + "]"]
    if isinstance(value, msgspec.Struct):
        yield from heading
        yield from _table(value, path)
        return
    structs = {name: one for name, one in value.items() if isinstance(one, msgspec.Struct)}
    if not structs:
        yield from heading
    for name, one in value.items():
        if name not in structs:
            yield f"{toml_key(name)} = {toml_value(one)}"
    for name, struct in structs.items():
        yield from _inner(struct, (*path, name))


def _is_inline(table: Mapping[str, object]) -> bool:
    """An ordered table with tables in it keeps its order only on one line."""
    return any(isinstance(value, Mapping) for value in table.values())
