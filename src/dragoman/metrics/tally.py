"""One process's own counts."""

from __future__ import annotations

import mmap
import time
from typing import TYPE_CHECKING

import msgspec

from dragoman.metrics.memory import (
    LENGTH,
    LIVING,
    MOST_NUMBERS,
    NAMES_AT,
    NUMBERS_AT,
    PLACE_BYTES,
    Entry,
    list_names,
)
from dragoman.metrics.series import COUNTED, OTHER, WIDTHS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.metrics.series import Series

_encode = msgspec.json.Encoder().encode


class Tally:
    """Counts in one place of the memory, where whoever was there before has stopped. Belongs to one thread."""

    def __init__(self, descriptor: int, place: int) -> None:
        """`descriptor` is that of the shared memory; `place` is this process's place in it."""
        whole = memoryview(mmap.mmap(descriptor, PLACE_BYTES, offset=place * PLACE_BYTES))
        self._head = whole[:NAMES_AT].cast("Q")
        self._names = whole[NAMES_AT:NUMBERS_AT]
        self.numbers = whole[NUMBERS_AT:].cast("d")
        """The array itself, for whoever counts at each request."""
        self._places: dict[tuple[str, ...], int] = {}
        self._end = 0
        for entry, first in list_names(self._names, self._head[LENGTH]):
            self._places[entry.series, *entry.labels] = first
            self._end = first + WIDTHS[entry.series]
        for series in COUNTED:  # so there is always room for `other`
            self.place_of(series, (OTHER,) * len(series.labels))
            if series.kind is Kind.GAUGE:
                self.tell(series, series.initial)
        self._head[LIVING] = 1

    def place_of(self, series: Series, labels: tuple[str, ...] = ()) -> int:
        """The index of its first number, always the same; that of `other` where there is no more room."""
        key = (series.name, *labels)
        place = self._places.get(key)
        return self._add(series, labels) if place is None else place

    def count(self, series: Series, labels: tuple[str, ...] = (), more: float = 1.0) -> None:
        """Add so much to a count."""
        self.numbers[self.place_of(series, labels)] += more

    def tell(self, series: Series, number: float) -> None:
        """What a gauge says from now on."""
        self.numbers[self.place_of(series)] = number

    def values_of(self, series: Series) -> Iterator[str]:
        """What the first label has said so far."""
        return (key[1] for key in self._places if key[0] == series.name)

    def _add(self, series: Series, labels: tuple[str, ...]) -> int:
        """The name is there before its length says so: a reader, or an heir, never sees half of it."""
        line = _encode(Entry(series.name, labels, time.monotonic_ns())) + b"\n"
        length = self._head[LENGTH]
        if length + len(line) > len(self._names) or self._end + series.width > MOST_NUMBERS:
            return self._places[series.name, *(OTHER for _ in labels)]
        self._names[length : length + len(line)] = line
        self._head[LENGTH] = length + len(line)
        place = self._end
        self._places[series.name, *labels] = place
        self._end += series.width
        return place
