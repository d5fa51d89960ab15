"""One file, or the lines of one chain, line by line: how far it holds, and what is wrong where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dragoman.audit.chain import HASH_LENGTH, START, Head, take_apart
from dragoman.audit.entry import CLOSED, OPENED, REMOVED
from dragoman.audit.folder import LEDGER, LONGEST_LINE
from dragoman.audit.text import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.audit.chain import Link, Sealer

_HEXADECIMAL = frozenset("0123456789abcdef")


class First(msgspec.Struct, frozen=True):
    """What is needed of the first line of a file."""

    outcome: str
    file: str
    previous: str


class Note(msgspec.Struct, frozen=True):
    """What the ledger tells of a file: that it began, or with which line it ended."""

    outcome: str
    file: str = ""
    last: int = 0
    hash_of_last: str = ""


class _Outcome(msgspec.Struct, frozen=True):
    outcome: str


class Trouble(NamedTuple):
    """What is wrong with a line."""

    line: int
    """Its place in the file, from 1 on."""
    what: str


class Examined(NamedTuple):
    """A file, as far as it holds."""

    chain: str
    first: int
    """The number of its first line."""
    previous: bytes
    """The hash of the line before that."""
    head: Head
    """The last line that holds."""
    lines: int
    torn: int
    """Bytes after the last line that is whole, as whoever is killed while writing leaves them."""
    trouble: Trouble | None
    notes: tuple[Note, ...]
    """Of the ledger."""


def examine(file: str, chain: str, lines: Iterable[bytes], sealer: Sealer) -> Examined:
    """A file of this name that should hold lines of this chain."""
    walk = Walk(sealer, chain)
    torn, previous, trouble = 0, START.hash, None
    for place, line in enumerate(lines, 1):
        if not line.endswith(b"\n") and len(line) < LONGEST_LINE:
            torn = len(line)
            break
        link = take_apart(line)
        if place == 1:
            opened = None if link is None else _read_first(line, file)
            if link is None or opened is None:
                trouble = Trouble(1, "it is not the first line of this file")
                break
            previous = opened.previous.encode()
            walk.head = Head(link.number - 1, previous)
            walk.first = link.number
        what = walk.step(link, line)
        if what is not None:
            trouble = Trouble(place, what)
            break
    return Examined(chain, walk.first, previous, walk.head, walk.lines, torn, trouble, tuple(walk.notes))


class Walk:
    """From line to line of one chain."""

    def __init__(self, sealer: Sealer, chain: str, head: Head = START) -> None:
        self._sealer = sealer
        self._chain = chain
        self.head = head
        self.first = 0
        self.lines = 0
        self.notes: list[Note] = []

    def step(self, link: Link | None, line: bytes) -> str | None:
        """Go on to this line; or what is wrong with it."""
        if link is None:
            return "it is no line of the audit"
        if link.chain != self._chain:
            return f"it is of another chain, {link.chain}"
        if not self._sealer.follows(link, self.head.hash):
            return _guess(link.number, self.head.number + 1)
        if link.number != self.head.number + 1:
            return _guess(link.number, self.head.number + 1)
        self.head = link.head
        self.lines += 1
        if self._chain == LEDGER and (note := _read_note(line)) is not None:
            self.notes.append(note)
        return None


def _guess(number: int, expected: int) -> str:
    if number > expected:
        return f"the lines {expected} to {number - 1} are missing before it"
    if number < expected:
        return f"it says that it is line {number} where {expected} should be: put in, or moved"
    return "it is not as it was written, or the line before it is not"


def _read_note(line: bytes) -> Note | None:
    """What a genuine line of the ledger tells of a file, if it is about one."""
    if msgspec.json.decode(line, type=_Outcome).outcome not in (OPENED, CLOSED, REMOVED):
        return None
    return msgspec.json.decode(line, type=Note)


def _read_first(line: bytes, file: str) -> First | None:
    try:
        first = msgspec.json.decode(line, type=First)
    except UNREADABLE:
        return None
    sound = len(first.previous) == HASH_LENGTH and _HEXADECIMAL.issuperset(first.previous)
    return first if sound and first.outcome == OPENED and first.file == file else None
