"""The ledger: one chain that all processes write to in turn, each line on the disk before it counts.

It says which files there are, how each ended and which were taken away when their time was over, and what operators
did. So a file that is missing is missed.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from dragoman.audit.chain import START, Head, take_apart
from dragoman.audit.entry import MENDED, OPENED, begin_note
from dragoman.audit.folder import LEDGER, Segment, append, create, flush_folder, last_line, list_segments, locked
from dragoman.audit.text import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dragoman.audit.chain import Sealer

_LARGEST = 4 * 2**20
_LONGEST_SECONDS = 30 * 86400
"""A file of the ledger is followed by another when it is larger, or older: whole files are what can be taken away."""


class _Begun(msgspec.Struct, frozen=True):
    """What is needed of the first line of a file."""

    time: float


class Ledger:
    """The ledger of one folder."""

    def __init__(self, folder: Path, sealer: Sealer, clock: Callable[[], float]) -> None:
        """`clock` gives epoch seconds."""
        self.folder = folder
        self._sealer = sealer
        self._clock = clock

    @contextmanager
    def open(self) -> Iterator[OpenLedger]:
        """To write to, with the folder locked meanwhile. Raises OSError."""
        with locked(self.folder):
            opened = self._open()
            try:
                yield opened
            finally:
                opened.close()

    def _open(self) -> OpenLedger:
        pieces = [one for one in list_segments(self.folder) if one.chain == LEDGER]
        if not pieces:
            return self._begin(1, START)
        path = self.folder / pieces[-1].file
        text, torn = last_line(path)
        if not text:  # whoever began it was killed before its first line was whole
            path.unlink()
            return self._open()
        link = take_apart(text)
        if link is None:  # somebody was at it, which verification tells; what comes now begins anew
            return self._begin(pieces[-1].place + 1, START)
        if path.stat().st_size > _LARGEST or self._clock() > self._begun(path) + _LONGEST_SECONDS:
            return self._begin(pieces[-1].place + 1, link.head)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        opened = OpenLedger(self._sealer, self._clock, descriptor, link.head)
        if torn:
            os.ftruncate(descriptor, os.fstat(descriptor).st_size - torn)
            opened.note(MENDED, file=path.name, bytes=torn)
        return opened

    def _begun(self, path: Path) -> float:
        """When it was begun; what cannot be read is as old as can be, and another file follows it."""
        with path.open("rb") as file:
            try:
                return msgspec.json.decode(file.readline(), type=_Begun).time
            except UNREADABLE:
                return 0.0

    def _begin(self, place: int, head: Head) -> OpenLedger:
        path = self.folder / Segment(LEDGER, place).file
        descriptor = create(path)
        opened = OpenLedger(self._sealer, self._clock, descriptor, head)
        try:
            opened.note(OPENED, file=path.name, previous=head.hash.decode())
            flush_folder(self.folder)
        except OSError:
            opened.close()
            path.unlink(missing_ok=True)
            raise
        return opened


class OpenLedger:
    """The file of the ledger that is written to."""

    def __init__(self, sealer: Sealer, clock: Callable[[], float], descriptor: int, head: Head) -> None:
        self._sealer = sealer
        self._clock = clock
        self._descriptor = descriptor
        self.head = head
        """Its last line."""

    def note(self, outcome: str, /, **facts: object) -> None:
        """A note, and on the disk. Raises OSError."""
        self.write(begin_note(outcome, self._clock(), facts))

    def write(self, begun: bytes) -> None:
        """A line of these facts, and on the disk. Raises OSError, and then there is no such line."""
        line, head = self._sealer.seal(begun, LEDGER.encode(), self.head)
        size = os.fstat(self._descriptor).st_size
        append(self._descriptor, size, line)
        try:
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, size)
            raise
        self.head = head

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)
