"""Where the processes of one server count: a piece of memory that they share, with a place for each of them.

A process writes to its own place alone, so nothing is ever locked, and each number is one aligned word, so none is ever
half written. The memory is the parent's: what a killed worker had counted stays, and the next one in its place goes on
from there.

A place is a head, a list of names and an array of numbers. Each line of the list names a metric with its labels; their
numbers follow each other in the same order. Both only grow.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dragoman.core.errors import Fault
from dragoman.metrics.series import WIDTHS

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE_BYTES = 2**20
NAMES_AT = 16
NUMBERS_AT = 768 * 1024
MOST_NUMBERS = (PLACE_BYTES - NUMBERS_AT) // 8
"""Pages of it that nothing was written to take no memory."""
LENGTH, LIVING = 0, 1
"""The words of the head: how many bytes of names there are; whether a process lives here."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One line of the list of names."""

    series: str
    labels: tuple[str, ...]
    seen: int
    """When it was counted first (monotonic nanoseconds, the same clock for all processes)."""


_decoder = msgspec.json.Decoder(Entry)


class Counted(NamedTuple):
    """One line and its numbers."""

    entry: Entry
    first: int
    """The index of its first number."""


class Memory:
    """The whole of it. Nothing of it is left when the last process that has it ends."""

    def __init__(self) -> None:
        """Raises Fault where the system has no such memory."""
        if sys.platform != "linux":
            raise Fault("metrics need Linux (memfd_create); take metrics.port out")
        self.descriptor = os.memfd_create("dragoman-metrics")
        self._tenants: dict[int, int] = {}

    def free_place(self) -> int:
        """The number of a place where no process lives; of those that there were before, the first."""
        taken = set(self._tenants.values())
        place = next(number for number in range(len(taken) + 1) if number not in taken)
        if os.fstat(self.descriptor).st_size < (place + 1) * PLACE_BYTES:
            os.ftruncate(self.descriptor, (place + 1) * PLACE_BYTES)
        return place

    def take(self, place: int, process: int) -> None:
        """Note that this process has this place, until `bury`."""
        self._tenants[process] = place

    def bury(self, process: int) -> None:
        """Note that this process has ended: its gauges are dropped, its counts stay."""
        place = self._tenants.pop(process, None)
        if place is not None:
            os.pwrite(self.descriptor, bytes(8), place * PLACE_BYTES + 8 * LIVING)

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)


def list_names(names: memoryview, length: int) -> Iterator[Counted]:
    """The lines of a place, and where their numbers are."""
    first = 0
    for line in bytes(names[:length]).splitlines():
        entry = _decoder.decode(line)
        yield Counted(entry, first)
        first += WIDTHS[entry.series]
