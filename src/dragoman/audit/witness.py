"""Heads that were noted elsewhere, held against the chains: the one thing that shows that an end was cut off."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import msgspec

from dragoman.audit.chain import take_apart
from dragoman.audit.folder import list_segments, read_lines
from dragoman.audit.text import UNREADABLE
from dragoman.audit.verification import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from dragoman.audit.verification import Verdict

Noted = dict[tuple[str, int], str]
"""The hash of a line, by its chain and number."""


class _Head(msgspec.Struct, frozen=True):
    """A line of the log (`audit_head`), or of the audit itself."""

    chain: str
    number: int
    hash: str


class _Piece(msgspec.Struct, frozen=True):
    chain: str
    last: int
    hash: str


class _Document(msgspec.Struct, frozen=True):
    """What verification told at another time."""

    pieces: tuple[_Piece, ...]


def read_noted(text: bytes) -> Noted:
    """The heads in what `dragoman audit verify --json` printed, or in the lines of a log."""
    try:
        document = msgspec.json.decode(text, type=_Document)
    except UNREADABLE:
        heads = (head for line in text.splitlines() if (head := _read_head(line)) is not None)
        return {(head.chain, head.number): head.hash for head in heads}
    return {(one.chain, one.last): one.hash for one in document.pieces if one.last}


def hashes_in_folder(folder: Path, noted: Noted) -> Noted:
    """What the files have for the lines that were noted. Raises OSError."""
    lines = (line for segment in list_segments(folder) for line in read_lines(folder / segment.file))
    return hashes_in(lines, noted)


def hashes_in(lines: Iterable[bytes], noted: Noted) -> Noted:
    """The hashes that these lines have for what was noted, by chain and number; other lines are passed over."""
    links = (link for line in lines if (link := take_apart(line)) is not None)
    return {(one.chain, one.number): one.hash.decode() for one in links if (one.chain, one.number) in noted}


def contradictions(noted: Noted, found: Noted, verdict: Verdict) -> Iterator[Finding]:
    """The noted lines that are not there as they were, though their time was not over."""
    removed: Mapping[str, int] = verdict.removed
    for (chain, number), digest in sorted(noted.items()):
        if number <= removed.get(chain, 0):
            continue
        there = found.get((chain, number))
        if there is None:
            yield Finding(
                file=chain, what=f"line {number} of this chain was noted, and is missing: its end was cut off"
            )
        elif not hmac.compare_digest(there, digest):
            yield Finding(file=chain, what=f"line {number} of this chain is another one than was noted")


def _read_head(line: bytes) -> _Head | None:
    try:
        return msgspec.json.decode(line, type=_Head)
    except UNREADABLE:
        return None
