"""The audit read again: the lines of all chains in the order of their times, and those of them that are wanted."""

from __future__ import annotations

import heapq
from collections import deque
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dragoman.audit.folder import list_segments, read_lines
from dragoman.audit.text import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dragoman.audit.folder import Segment

_LATEST = 253_402_300_799  # the last second of the year 9999
_WINDOW = 1000
"""So many lines of a file are held back, to be told by time; more than are written at once."""
_SOME_BYTES = 64 * 1024
_SLACK_SECONDS = 60
"""By so much a file's own times may be off from those of its lines."""


Fact = str | int | float | bool | None
_read_facts = msgspec.json.Decoder(dict[str, Fact]).decode


class Record(NamedTuple):
    """A line, and what it says."""

    time: float
    facts: Mapping[str, Fact]
    line: bytes

    def fact(self, name: str) -> object:
        """The fact of this name, or None."""
        return self.facts.get(name)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that a line has under the same names; None: whichever."""

    client: str | None = None
    subject: str | None = None
    grant: str | None = None
    address: str | None = None
    request_id: str | None = None
    outcome: str | None = None

    def named(self) -> dict[str, str]:
        """The lines that are asked for."""
        asked = ((name, getattr(self, name)) for name in Named.__struct_fields__)
        return {name: value for name, value in asked if value is not None}


class Wanted(Named, frozen=True, kw_only=True):
    """Which lines are looked for; what is None or empty lets every line through."""

    reason: str | None = None
    """A refusal, or why a grant ended."""
    since: float | None = None
    until: float | None = None
    """Epoch seconds: from the first on, and before the second."""

    def takes(self, record: Record) -> bool:
        """Whether this is one of them."""
        if self.since is not None and record.time < self.since:
            return False
        if self.until is not None and record.time >= self.until:
            return False
        if self.reason is not None and self.reason not in (record.fact("refusal"), record.fact("because")):
            return False
        return all(record.fact(name) == value for name, value in self.named().items())


def read_folder(folder: Path, wanted: Wanted) -> Iterator[Record]:
    """What is wanted of all chains, by time. What cannot be read is left out: verification tells of it."""
    waiting = deque(sorted(_segments(folder, wanted), key=lambda one: one.moment))
    begun: list[tuple[float, int, Record, Iterator[Record]]] = []
    for number in count():
        while waiting and (not begun or waiting[0].moment <= begun[0][0] + _SLACK_SECONDS):
            _begin(begun, _records(folder / waiting.popleft().file), -1 - len(waiting))
        if not begun:
            return
        _, _, record, rest = heapq.heappop(begun)
        if wanted.takes(record):
            yield record
        _begin(begun, rest, number)


def _begin(begun: list[tuple[float, int, Record, Iterator[Record]]], rest: Iterator[Record], number: int) -> None:
    """Put the next record where it belongs; `number` is another for each of those that are there."""
    record = next(rest, None)
    if record is not None:
        heapq.heappush(begun, (record.time, number, record, rest))


def read_stream(lines: Iterable[bytes], wanted: Wanted) -> Iterator[Record]:
    """What is wanted of the lines of a log."""
    found = (record for line in lines if (record := read_record(line)) is not None)
    return (record for record in found if wanted.takes(record))


def read_last(folder: Path, number: int) -> Sequence[Record]:
    """The latest lines, at most so many, by time."""
    latest: list[Record] = []
    paths = sorted((folder / one.file for one in list_segments(folder)), key=_written_at, reverse=True)
    for path in paths:
        if len(latest) == number and _written_at(path) < latest[0].time - _SLACK_SECONDS:
            break
        found = (read_record(line) for line in _last_lines(path, number))
        latest = sorted((*latest, *(one for one in found if one is not None)), key=lambda one: one.time)[-number:]
    return latest


def _last_lines(path: Path, number: int) -> Sequence[bytes]:
    size = path.stat().st_size
    some = _SOME_BYTES
    with path.open("rb") as file:
        while True:
            file.seek(max(0, size - some))
            lines = file.read(some).splitlines(keepends=True)
            if len(lines) > number or some >= size:
                return lines[-number:]
            some *= 4


def read_record(line: bytes) -> Record | None:
    """The line, if it is one of the audit."""
    if not line.endswith(b"\n"):
        return None
    try:
        facts = _read_facts(line)
    except UNREADABLE:
        return None
    time = facts.get("time")
    if not isinstance(time, int | float) or not 0 <= time <= _LATEST or facts.get("event") != "audit":
        return None
    return Record(time, facts, line)


class Following:
    """What comes to a folder from now on."""

    def __init__(self, folder: Path) -> None:
        """From the end of what is in the folder now. Raises OSError."""
        self._folder = folder
        paths = (folder / one.file for one in list_segments(folder))
        self._read = {path: path.stat().st_size for path in paths}

    def more(self) -> Sequence[Record]:
        """The lines that are new since the last time, by time. Raises OSError."""
        found: list[Record] = []
        for path in (self._folder / one.file for one in list_segments(self._folder)):
            begin = self._read.get(path, 0)
            with path.open("rb") as file:
                file.seek(begin)
                whole, end, _ = file.read().rpartition(b"\n")
            self._read[path] = begin + len(whole) + len(end)
            found.extend(one for line in whole.split(b"\n") if (one := read_record(line + b"\n")) is not None)
        return sorted(found, key=lambda record: record.time)


def _segments(folder: Path, wanted: Wanted) -> Iterator[Segment]:
    """Those in which something wanted may be, by when they were begun and last written to."""
    for segment in list_segments(folder):
        if wanted.until is not None and segment.moment > wanted.until + _SLACK_SECONDS:
            continue
        if wanted.since is not None and _written_at(folder / segment.file) < wanted.since - _SLACK_SECONDS:
            continue
        yield segment


def _written_at(path: Path) -> float:
    """When it was written to last; one that is gone by now was written to long ago."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _records(path: Path) -> Iterator[Record]:
    """By time: a note of the audit about itself may stand before events that waited for it. None where it is gone."""
    window: list[tuple[float, int, Record]] = []
    with suppress(FileNotFoundError):
        for place, line in enumerate(read_lines(path)):
            record = read_record(line)
            if record is not None:
                heapq.heappush(window, (record.time, place, record))
            if len(window) > _WINDOW:
                yield heapq.heappop(window)[2]
    while window:
        yield heapq.heappop(window)[2]
