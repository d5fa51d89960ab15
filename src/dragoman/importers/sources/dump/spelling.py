"""How the two families of databases write their dumps: where a value ends, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.importers.sources.dump.text import DumpFault, DumpText

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Value = str | bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How one family of databases writes its dumps."""

    value: re.Pattern[bytes]
    """A value and what stands behind it; its groups are `null`, `bare`, `text`, `hex`, `bits` and `then`."""
    opening: re.Pattern[bytes]
    """The next thing in a statement that means something: its end, or what may hold one that is none."""
    closing: Mapping[bytes, re.Pattern[bytes]]
    """By the first sign of what was opened: its end, or what is to be stepped over on the way there."""
    no_columns: frozenset[bytes]
    """What a line of CREATE TABLE begins with that is no column's; columns of these names stand in quotes."""
    unescape: Callable[[bytes], bytes]
    """What a text says."""


def read_value(spelling: Spelling, found: re.Match[bytes]) -> Value:
    """What a value says: numbers as they stand there, texts decoded, bytes where they are no text. Raises DumpFault."""
    if found["null"] is not None:
        return None
    if found["bare"] is not None:
        return found["bare"].decode()
    if found["text"] is not None:
        return decoded(spelling.unescape(found["text"]))
    if found["bits"] is not None:
        return str(int(found["bits"] or b"0", 2))
    digits = found["hex"]
    if len(digits) % 2:
        raise DumpFault("a hexadecimal value has an odd number of digits")
    return decoded(bytes.fromhex(digits.decode()))


def decoded(value: bytes) -> str | bytes:
    """The text, if it is UTF-8; the bytes as they are if not."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _doubled(text: bytes) -> bytes:
    return text.replace(b"''", b"'")


def _with_backslashes(text: bytes) -> bytes:
    if b"\\" not in text and b"'" not in text:
        return text
    return _ESCAPED.sub(_unescaped, text)


def _unescaped(found: re.Match[bytes]) -> bytes:
    sign: bytes | None = found[1]
    if sign is None:
        return b"'"
    return b"\\" + sign if sign in b"%_" else _ESCAPES.get(sign, sign)


_ESCAPED = re.compile(rb"\\(.)|''", re.DOTALL)
_ESCAPES = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a"}
"""MySQL manual, String Literals; a backslash before anything else is left out, but for `%` and `_`."""

_BACKSLASHED = rb"[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+"
_PLAIN = rb"[^']*+(?:''[^']*+)*+"
_NUMBER = rb"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"


def _value(text: bytes) -> re.Pattern[bytes]:
    return re.compile(
        rb"\s*+(?:(?P<null>NULL)|(?P<bare>" + _NUMBER + rb"|true|false)"
        rb"|(?:_(?:binary|utf8mb4|utf8mb3|utf8)\s?)?'(?P<text>" + text + rb")'"
        rb"|(?:0x|[xX]')(?P<hex>[0-9A-Fa-f]*+)'?|[bB]'(?P<bits>[01]*+)')\s*+(?P<then>[,)])",
        re.DOTALL,
    )


_CONSTRAINTS = frozenset({b"CONSTRAINT", b"PRIMARY", b"UNIQUE", b"CHECK", b"FOREIGN", b"LIKE"})
_LINE_END = re.compile(rb"\n")

MYSQL = Spelling(
    value=_value(_BACKSLASHED),
    opening=re.compile(rb"['\"`;]|--(?=\s)|#|/\*(?!M?!)"),  # a comment with a version number is a statement
    closing={
        b"'": re.compile(rb"\\.|'", re.DOTALL),
        b'"': re.compile(rb'\\.|"', re.DOTALL),
        b"`": re.compile(rb"`"),
        b"-": _LINE_END,
        b"#": _LINE_END,
        b"/": re.compile(rb"\*/"),
    },
    no_columns=_CONSTRAINTS | {b"KEY", b"INDEX", b"FULLTEXT", b"SPATIAL", b"PERIOD"},
    unescape=_with_backslashes,
)
POSTGRESQL = Spelling(
    value=_value(_PLAIN),
    opening=re.compile(
        rb"(?<![\w$\x80-\xff])[eE]'|['\";]|--|/\*"
        rb"|(?<![\w$\x80-\xff])\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]{0,62})?\$"
    ),
    closing={
        b"'": re.compile(rb"'"),
        b"e": re.compile(rb"\\.|'", re.DOTALL),
        b'"': re.compile(rb'"'),
        b"-": _LINE_END,
        b"/": re.compile(rb"/\*|\*/"),
    },
    no_columns=_CONSTRAINTS,
    unescape=_doubled,
)


def skip_statement(text: DumpText, spelling: Spelling) -> None:
    """Past its end, whatever stands in it."""
    while (found := text.skip_past(spelling.opening)) is not None and found[0] != b";":
        skip_opened(text, spelling, found[0])


def skip_opened(text: DumpText, spelling: Spelling, sign: bytes) -> None:
    """Past the end of a text, a name in quotes, or a comment that this sign has opened."""
    if sign.startswith(b"$"):
        text.skip_past(re.compile(re.escape(sign)))
        return
    depth = 1
    while depth and (found := text.skip_past(spelling.closing[sign[:1].lower()])) is not None:
        if found[0] == b"/*":
            depth += 1
        elif not found[0].startswith(b"\\"):
            depth -= 1
