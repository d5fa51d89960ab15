"""What stands in « » in a contract: reading it, and putting values in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

KINDS: Mapping[str, str] = {
    "any": r'[^"]+',
    "text": r'[^"]+',
    "jwt": r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
    "guid": r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
    "hex": r"[0-9a-f]+",
    "integer": r"[0-9]+",
}
"""Each kind of value by its name, as a regular expression."""

BREAKS: Mapping[str, str] = {"crlf": "\r\n", "lf": "\n", "tab": "\t"}
RESERVED = frozenset({*KINDS, *BREAKS, "now", "now_ms", "base_url"})
"""Names that no capture can have."""

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""How captures, settings, and the names and members of the cast are spelt."""

_QUOTED = re.compile(r"«([^«»]*)»|[«»]")
_MEMBER = re.compile(rf"{NAME.pattern}\.{NAME.pattern}")
_MOMENT = re.compile(r"now(_ms)?([+-][0-9]+)?")


class PlaceholderError(ValueError):
    """A text has a placeholder that the language of contracts does not know."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text that stands for itself."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the cast: `«client.id»`."""

    source: str
    name: str


@dataclass(frozen=True, slots=True)
class Captured:
    """What an earlier match captured: `«access»`."""

    source: str
    name: str


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """The server's address."""

    source: str


@dataclass(frozen=True, slots=True)
class Kind:
    """Any value of a kind, captured where it has a name: `«jwt»`, `«access=jwt»`."""

    source: str
    expression: str
    capture: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A Unix time near now: `«now+3600»`. A second has `unit` of its units."""

    source: str
    unit: int
    offset: int
    capture: str | None

    def expected(self, now: float) -> int:
        """The time it names, in its own unit."""
        return int(now * self.unit) + self.offset

    @property
    def tolerance(self) -> int:
        """How far a time may be off, in its own unit: five seconds."""
        return 5 * self.unit


Piece = Text | Member | Captured | BaseUrl | Kind | Moment
Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The values that placeholders stand for."""

    base_url: str
    members: Mapping[str, str]
    """By `name.member`."""
    captures: Mapping[str, str]


def parse_text(text: str) -> Pieces:
    """The pieces of a text. Raises PlaceholderError."""
    pieces: list[Piece] = []
    position = 0
    for found in _QUOTED.finditer(text):
        literal = text[position : found.start()]
        pieces.append(Text(literal, literal))
        position = found.end()
        if found[1] is None:
            raise PlaceholderError(f"has a {found[0]} on its own; placeholders are written «name»")
        pieces.append(_parse_placeholder(found[1]))
    pieces.append(Text(text[position:], text[position:]))
    return tuple(piece for piece in pieces if piece.source)


def _parse_placeholder(content: str) -> Piece:
    source = f"«{content}»"
    if content in BREAKS:
        return Text(source, BREAKS[content])
    if content == "base_url":
        return BaseUrl(source)
    if _MEMBER.fullmatch(content):
        return Member(source, content)
    capture, equals, kind = content.rpartition("=")
    if equals and (not NAME.fullmatch(capture) or capture in RESERVED):
        raise PlaceholderError(f"captures under a name that cannot be one: {source}; write a small word of your own")
    if kind in KINDS:
        return Kind(source, KINDS[kind], capture or None)
    moment = _MOMENT.fullmatch(kind)
    if moment is not None:
        return Moment(source, 1000 if moment[1] else 1, int(moment[2] or 0), capture or None)
    if not equals and NAME.fullmatch(content):
        return Captured(source, content)
    raise PlaceholderError(f"has the unknown placeholder {source}; docs/contracts.md lists those there are")


def value_of(piece: Piece, known: Known) -> str | None:
    """The one text that a piece stands for; None when it stands for many, or for one that is not known."""
    match piece:
        case Text():
            return piece.text
        case BaseUrl():
            return known.base_url
        case Member():
            return known.members.get(piece.name)
        case Captured():
            return known.captures.get(piece.name)
        case Kind() | Moment():
            return None


def fill(pieces: Pieces, known: Known, encode: Callable[[str], str] = str) -> str:
    """The text with its values; those of cast and captures are encoded. Raises LookupError for unknown ones."""
    filled = []
    for piece in pieces:
        value = value_of(piece, known)
        if value is None:
            raise LookupError(piece.source)
        filled.append(encode(value) if isinstance(piece, Member | Captured) else value)
    return "".join(filled)


def captures_of(pieces: Pieces) -> tuple[str, ...]:
    """The names under which a text captures."""
    return tuple(piece.capture for piece in pieces if isinstance(piece, Kind | Moment) and piece.capture)


def members_of(pieces: Pieces) -> tuple[str, ...]:
    """The members of the cast that a text speaks of."""
    return tuple(piece.name for piece in pieces if isinstance(piece, Member))
