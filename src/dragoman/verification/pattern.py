"""Comparing a text with what a contract says of it, and finding the first place where they part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dragoman.verification.placeholder import Captured, Kind, Known, Moment, Pieces, Text, value_of

_NOTHING = "(?!)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """The first place where a text is not what was expected."""

    before: str
    """What was expected up to there, as the contract writes it; the text agrees with it."""
    expected: str
    """What was expected from there on, as the contract writes it; empty: the end."""
    position: int
    """Where in the text it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What comparing found."""

    captures: Mapping[str, str]
    """What was captured before the mismatch."""
    mismatch: Mismatch | None = None


def match(pieces: Pieces, text: str, known: Known, now: float) -> Match:
    """Compare the whole text. `now` is a Unix time in seconds."""
    found = re.compile(_expression(pieces, known)).fullmatch(text)
    if found is not None:
        return _check_moments(pieces, found, now) or Match(captures=_captures(pieces, found))
    count = len(pieces)
    while (prefix := _match_start(pieces[:count], text, known)) is None:
        count -= 1
    wrong_time = _check_moments(pieces[:count], prefix, now)
    if wrong_time is not None:
        return wrong_time
    return Match(captures=_captures(pieces[:count], prefix), mismatch=_locate(pieces, count, text, known))


def _locate(pieces: Pieces, count: int, text: str, known: Known) -> Mismatch:
    """Where the text leaves the pieces, when it begins with the first `count` of them and not with one more."""
    agreed, rest = pieces[:count], pieces[count:]
    if rest and isinstance(rest[0], Text) and rest[0].source == rest[0].text:
        shared = _shared_length(agreed, rest[0].text, text, known)
        head, tail = rest[0].text[:shared], rest[0].text[shared:]
        agreed, rest = (*agreed, Text(head, head)), (Text(tail, tail), *rest[1:])
    prefix = _match_start(agreed, text, known)
    return Mismatch(before=_source(agreed), expected=_source(rest), position=prefix.end() if prefix else 0)


def _shared_length(agreed: Pieces, literal: str, text: str, known: Known) -> int:
    """How many characters of the literal can follow what agrees."""
    low, high = 0, len(literal)
    while low < high:
        middle = (low + high + 1) // 2
        if _match_start((*agreed, Text("", literal[:middle])), text, known):
            low = middle
        else:
            high = middle - 1
    return low


def _check_moments(pieces: Pieces, found: re.Match[str], now: float) -> Match | None:
    for index, piece in enumerate(pieces):
        if not isinstance(piece, Moment):
            continue
        expected = piece.expected(now)
        if abs(int(found[f"p{index}"]) - expected) > piece.tolerance:
            mismatch = Mismatch(
                before=_source(pieces[:index]),
                expected=f"{piece.source} ({expected} ± {piece.tolerance})",
                position=found.start(f"p{index}"),
            )
            return Match(captures=_captures(pieces[:index], found), mismatch=mismatch)
    return None


def _match_start(pieces: Pieces, text: str, known: Known) -> re.Match[str] | None:
    return re.compile(_expression(pieces, known)).match(text)


def _expression(pieces: Pieces, known: Known) -> str:
    """The regular expression of a text; the group of piece n is `pn`."""
    expressions = []
    groups: dict[str, str] = {}
    for index, piece in enumerate(pieces):
        match piece:
            case Kind() | Moment():
                expression = piece.expression if isinstance(piece, Kind) else "[0-9]{1,18}"
                expressions.append(f"(?P<p{index}>{expression})")
                if piece.capture:
                    groups = {**groups, piece.capture: f"(?P=p{index})"}
            case Captured(name=name) if name in groups:
                expressions.append(groups[name])
            case _:
                value = value_of(piece, known)
                expressions.append(_NOTHING if value is None else re.escape(value))
    return "".join(expressions)


def _captures(pieces: Pieces, found: re.Match[str]) -> Mapping[str, str]:
    return {
        piece.capture: found[f"p{index}"]
        for index, piece in enumerate(pieces)
        if isinstance(piece, Kind | Moment) and piece.capture
    }


def _source(pieces: Pieces) -> str:
    return "".join(piece.source for piece in pieces)
