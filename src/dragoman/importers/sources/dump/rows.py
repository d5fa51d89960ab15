"""Rows of a dump: those of an INSERT, and those of a COPY."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dragoman.importers.sources.dump.spelling import Value, decoded, read_value
from dragoman.importers.sources.dump.text import LONGEST_VALUE, DumpFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dragoman.importers.sources.dump.spelling import Spelling
    from dragoman.importers.sources.dump.text import DumpText

_AT_ONCE = 500
_ROW = re.compile(rb"\s*+\(")
_NEXT = re.compile(rb"\s*+,")
_END = re.compile(rb"\s*+(?:ON CONFLICT DO NOTHING\s*+)?;")
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)", re.DOTALL)
_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
"""PostgreSQL documentation, COPY, Text Format."""
_HIGHEST_BYTE = 0xFF


def read_inserted(text: DumpText, spelling: Spelling, table: str, width: int) -> Iterator[Sequence[tuple[Value, ...]]]:
    """The rows behind VALUES, some at once. Raises DumpFault."""
    some: list[tuple[Value, ...]] = []
    going_on = True
    while going_on:
        some.append(_inserted(text, spelling, table, width))
        if len(some) == _AT_ONCE:
            yield some
            some = []
        going_on = text.take(_NEXT) is not None
    if text.take(_END) is None:
        raise DumpFault(f"an INSERT into {table!r} does not end as these tools end it")
    yield some


def _inserted(text: DumpText, spelling: Spelling, table: str, width: int) -> tuple[Value, ...]:
    if text.take(_ROW) is None:
        raise DumpFault(f"an INSERT into {table!r} holds something else than rows")
    row: list[Value] = []
    while len(row) < width:
        found = text.take(spelling.value, LONGEST_VALUE)
        if found is None:
            raise DumpFault(f"a value of {table!r} is no plain number or text, or longer than {LONGEST_VALUE} bytes")
        row.append(read_value(spelling, found))
        if found["then"] == b")":
            break
    else:
        raise DumpFault(f"a row of {table!r} has more values than there are columns")
    if len(row) < width:
        raise DumpFault(f"a row of {table!r} has fewer values than there are columns")
    return tuple(row)


def read_copied(text: DumpText, table: str, width: int) -> Iterator[Sequence[tuple[Value, ...]]]:
    """The lines up to the one that ends them, some at once. Raises DumpFault."""
    some: list[tuple[Value, ...]] = []
    while text.more():
        line = text.line().removesuffix(b"\r")
        if line == b"\\.":
            yield some
            return
        cells = line.split(b"\t")
        if len(cells) != width:
            raise DumpFault(f"a row of {table!r} has {len(cells)} values, where there are {width} columns")
        some.append(tuple(map(_copied, cells)))
        if len(some) == _AT_ONCE:
            yield some
            some = []
    raise DumpFault(f"it ends within the rows of {table!r}; make it again")


def _copied(cell: bytes) -> Value:
    if cell == b"\\N":
        return None
    return decoded(_ESCAPED.sub(_unescaped, cell) if b"\\" in cell else cell)


def _unescaped(found: re.Match[bytes]) -> bytes:
    sign: bytes = found[1]
    if sign[:1].isdigit() and sign[:1] < b"8":
        return bytes([int(sign, 8) & _HIGHEST_BYTE])
    if len(sign) > 1:
        return bytes([int(sign[1:], 16)])
    return _ESCAPES.get(sign, sign)
