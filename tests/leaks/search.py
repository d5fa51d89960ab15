"""The search: a secret, or a part of one, in any output, in whatever form somebody may have written it.

What was written with escapes is read with them taken away, as often as they could have been put on; in each such view
the plain, hexadecimal and base64 forms are looked for. So `%2561` and `\\\\u0061` are found as well as `a`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PIECE = 10
"""Characters of a secret that are enough to know it by: whoever cuts one off leaks it as well."""
_DEPTH = 3
_START = 8
"""Bytes by which needles are looked up; none is shorter."""
_ESCAPE = re.compile(rb"\\(?:u00([0-9a-fA-F]{2})|x([0-9a-fA-F]{2})|([0-3][0-7]{2})|([\\/]))")
_ENTITY = re.compile(rb"&#(?:x([0-9a-fA-F]{1,4})|([0-9]{1,3}));")
_EMPTY_ENOUGH = bytes(_START)
_EMPTY = re.compile(rb"\0{%d,}" % _START)
"""Most of a database's pages; no form of a secret has so many zeros in a row."""
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A secret where none may be."""

    output: str
    secret: str
    form: str


@dataclass(frozen=True, slots=True)
class Needles:
    """What is looked for: the forms of each piece of each secret, by the bytes that they begin with."""

    exact: Mapping[bytes, list[tuple[str, str, bytes]]]
    folded: Mapping[bytes, list[tuple[str, str, bytes]]]
    """Those whose case is no matter."""


def needles_of(secrets: Mapping[str, Iterable[bytes]]) -> Needles:
    """Of secrets that are given by their pieces: one of them is enough to know a secret by."""
    exact, folded = {}, {}
    for name, pieces in secrets.items():
        for piece in pieces:
            for form, needle, any_case in _needles(piece):
                (folded if any_case else exact).setdefault(needle[:_START], []).append((name, form, needle))
    return Needles(exact, folded)


def search(outputs: Mapping[str, bytes], needles: Needles) -> set[Finding]:
    """Every secret that some output holds."""
    return {
        Finding(output, name, f"{view}{form}")
        for output, text in outputs.items()
        for view, seen in _views(_EMPTY.sub(_EMPTY_ENOUGH, text))
        for shown, by_start in ((seen, needles.exact), (seen.lower(), needles.folded))
        for name, form in _found(shown, by_start)
    }


def _found(text: bytes, by_start: Mapping[bytes, list[tuple[str, str, bytes]]]) -> Iterator[tuple[str, str]]:
    """One look at each place of the text, however many needles there are."""
    starts = {start for at in range(len(text)) if (start := text[at : at + _START]) in by_start}
    for start in starts:
        for name, form, needle in by_start[start]:
            if needle in text:
                yield name, form


def pieces_of(secret: str) -> tuple[bytes, ...]:
    """Overlapping pieces of its text, its end among them."""
    text = secret.encode()
    return tuple(text[at : at + PIECE] for at in (*range(0, len(text) - PIECE, PIECE // 2), len(text) - PIECE))


def _needles(piece: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """The name of the form, its bytes, and whether their case is no matter."""
    yield "plain", piece.lower(), True
    yield "reversed", piece[::-1].lower(), True
    yield "hexadecimal", piece.hex().encode(), True
    yield "hexadecimal with gaps", piece.hex(" ").encode(), True
    yield "utf-16", piece.decode("latin-1").encode("utf-16-le").lower(), True
    for form, text in _base64(piece):
        yield form, text, False
        for outer, twice in _base64(text):
            yield f"{outer} of {form}", twice, False


def _base64(piece: bytes) -> Iterator[tuple[str, bytes]]:
    """At each of the three places in which it can begin, the characters that do not hang on its neighbours."""
    for before in range(3):
        whole = b64encode(b"\0" * before + piece).rstrip(b"=")
        first = -(-before * 8 // 6)
        last = (before + len(piece)) * 8 // 6
        text = whole[first:last]
        yield f"base64 at {before}", text
        if text != (safe := text.translate(_URL_SAFE)):
            yield f"url-safe base64 at {before}", safe


def _views(text: bytes) -> Iterator[tuple[str, bytes]]:
    """The text, and what each series of readings makes of it."""
    seen = {text}
    layer = [("", text)]
    for _ in range(_DEPTH + 1):
        yield from layer
        layer = [
            (f"{name}{reading} ", read)
            for name, view in layer
            for reading, take_away in _READINGS
            if (read := take_away(view)) not in seen and not seen.add(read)  # type: ignore[func-returns-value]  # in one expression
        ]


def _percent(text: bytes) -> bytes:
    return unquote_to_bytes(text) if b"%" in text else text


def _escapes(text: bytes) -> bytes:
    def read(found: re.Match[bytes]) -> bytes:
        unicode, byte, octal, itself = found.groups()
        return itself or bytes([int(octal, 8) if octal else int(unicode or byte, 16)])

    return _ESCAPE.sub(read, text) if b"\\" in text else text


def _entities(text: bytes) -> bytes:
    def read(found: re.Match[bytes]) -> bytes:
        number = int(found[1], 16) if found[1] else int(found[2])
        return bytes([number]) if number < 0x80 else found[0]

    return _ENTITY.sub(read, text) if b"&#" in text else text


_READINGS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("percent-encoded", _percent),
    ("escaped", _escapes),
    ("as an entity", _entities),
)
