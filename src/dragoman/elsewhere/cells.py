"""Cells of rows to values: databases of different kinds write the same thing as text, number, boolean, array or time.

Each raises CellFault, whose words never repeat the cell.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from dragoman.core.errors import Fault

_TRUE = frozenset({"1", "t", "true", "y", "yes", "on", "\x01"})
_FALSE = frozenset({"", "0", "f", "false", "n", "no", "off", "\0"})
"""The last of each is how MySQL gives a column of one bit."""
_NO_MOMENT = "0000-00-00"
"""What MySQL writes where there is no date, and NULL may not stand."""
_BEFORE_ZONE = re.compile(r" (?=[+-]\d\d:\d\d\Z)", re.ASCII)
"""What SQL Server's tools write before a time zone."""
_LATEST = 253_402_300_799  # the last second of the year 9999
_LONGEST_NUMBER = 18


class CellFault(Fault):
    """Why a cell has no meaning."""


def text_of(cell: object) -> str | None:
    """Text, or a number or UUID as text; None where the cell is empty in the sense of SQL."""
    match cell:
        case None | str():
            return cell
        case bool():
            raise CellFault("a truth value stands where text is wanted")
        case bytes() | bytearray() | memoryview():
            try:
                return bytes(cell).decode()
            except UnicodeDecodeError:
                raise CellFault("bytes stand where text is wanted") from None
        case float():
            raise CellFault("a fraction stands where text is wanted")
        case list() | tuple() | dict():
            raise CellFault("a list or an object stands where text is wanted")
        case _:
            return str(cell)


def key_of(cell: object) -> str:
    """An identifier. Raises CellFault where there is none."""
    found = text_of(cell)
    if not found:
        raise CellFault("it has no identifier")
    return found


def flag_of(cell: object) -> bool | None:
    """A truth value, from a boolean, one bit, or the words and numbers that databases write for it; None for NULL."""
    if cell is None or isinstance(cell, bool):
        return cell
    spelled = (cell.decode("latin-1") if isinstance(cell, bytes) else str(cell)).strip().lower()
    if spelled in _TRUE:
        return True
    if spelled in _FALSE:
        return False
    raise CellFault("something else than yes or no stands where a truth value is wanted")


def number_of(cell: object) -> int | None:
    """A whole number that is not negative, up to 18 digits; None where the cell is empty."""
    if cell is None or (isinstance(cell, int) and not isinstance(cell, bool) and cell >= 0):
        return cell
    spelled = str(cell).strip()
    if not spelled:
        return None
    if not (spelled.isascii() and spelled.isdigit() and len(spelled) <= _LONGEST_NUMBER):
        raise CellFault("something else than a whole number stands where one is wanted")
    return int(spelled)


def list_of(cell: object, separator: str | None = None) -> tuple[str, ...] | None:
    """Texts: an array, JSON of one, or one text with a separator between them (white space where it is None)."""
    match cell:
        case None:
            return None
        case list() | tuple():
            return tuple(one for one in map(text_of, cell) if one)
        case str() if cell.lstrip().startswith("["):
            return _json_list(cell)
        case str() if cell.startswith("{") and cell.endswith("}"):
            return _array_literal(cell)
        case str():
            return tuple(part.strip() for part in cell.split(separator) if part.strip())
        case _:
            raise CellFault("something else than a list stands where one is wanted")


def moment_of(cell: object) -> int | None:
    """Epoch seconds: from a time, which is UTC where it does not say otherwise, or from a number of them."""
    match cell:
        case None | "":
            return None
        case datetime():
            found = cell
        case str() if cell.startswith(_NO_MOMENT):
            return None
        case "infinity" | "-infinity":
            return 0 if cell.startswith("-") else _LATEST
        case str() if not cell.isascii() or not cell.isdigit():
            try:
                found = datetime.fromisoformat(_BEFORE_ZONE.sub("", cell))
            except ValueError:
                raise CellFault("something else than a time stands where one is wanted") from None
        case _:
            number = number_of(cell)
            if number is not None and number > _LATEST:
                raise CellFault("a time is later than the year 9999; is it in milliseconds?")
            return number
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return max(0, int(aware.timestamp()))


def _json_list(cell: str) -> tuple[str, ...]:
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        raise CellFault("a list is not JSON") from None
    return tuple(one for one in map(text_of, found) if one)


def _array_literal(cell: str) -> tuple[str, ...]:
    """`{a,"b c"}`, as a database of arrays prints one."""
    parts = cell[1:-1]
    if "\\" in parts or parts.count('"') % 2:
        raise CellFault("a list is spelled in a way that is not read")
    pieces = parts.split('"')
    quoted = tuple(pieces[1::2])
    bare = tuple(one.strip() for piece in pieces[::2] for one in piece.split(",") if one.strip())
    if quoted and bare:
        raise CellFault("a list is spelled in a way that is not read")
    return quoted or bare
