"""What all processes have counted together."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, NamedTuple

from dragoman.metrics.memory import LENGTH, LIVING, NAMES_AT, NUMBERS_AT, PLACE_BYTES, list_names
from dragoman.metrics.series import COUNTED, GRANT_REVOCATIONS, MOST_CLIENTS, OTHER, STORE_WRITABLE, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.metrics.series import Series

Labels = tuple[str, ...]
_SERIES = {series.name: series for series in COUNTED}


class Line(NamedTuple):
    """The numbers of one process for one metric with its labels."""

    series: Series
    labels: Labels
    seen: int
    """When it was counted first."""
    numbers: Sequence[float]
    living: bool


class Reading(NamedTuple):
    """What all workers have counted, added up."""

    workers: int
    series: Mapping[str, Mapping[Labels, Sequence[float]]]
    """By the metric's name and its labels. Where nothing was counted yet there is nothing but unlabelled metrics."""


def read(descriptor: int) -> Reading:
    """Read what every place holds now. Whoever writes goes on meanwhile."""
    places = os.fstat(descriptor).st_size // PLACE_BYTES
    lines = [line for place in range(places) for line in _read_place(descriptor, place)]
    found: dict[str, dict[Labels, list[float]]] = {series.name: {} for series in COUNTED}
    named = _named_clients(lines)
    for line in lines:
        if line.series.kind is Kind.GAUGE and not line.living:
            continue
        _add(found[line.series.name], line, _told(line, named))
    workers = sum(line.series is STORE_WRITABLE and line.living for line in lines)  # everyone has one such line
    return Reading(workers=workers, series=found)


def _read_place(descriptor: int, place: int) -> Iterator[Line]:
    with (
        mmap.mmap(descriptor, PLACE_BYTES, prot=mmap.PROT_READ, offset=place * PLACE_BYTES) as mapped,
        memoryview(mapped) as whole,
        whole[:NAMES_AT].cast("Q") as head,
        whole[NAMES_AT:NUMBERS_AT] as names,
        whole[NUMBERS_AT:].cast("d") as numbers,
    ):
        length, living = head[LENGTH], bool(head[LIVING])
        for entry, first in list_names(names, length):
            series = _SERIES[entry.series]
            own = numbers[first : first + series.width].tolist()
            if any(own) or not series.labels:
                yield Line(series, entry.labels, entry.seen, own, living)


def _add(sums: dict[Labels, list[float]], line: Line, labels: Labels) -> None:
    before = sums.get(labels)
    if before is None:
        sums[labels] = list(line.numbers)
    elif line.series.least:
        sums[labels] = [min(pair) for pair in zip(before, line.numbers, strict=True)]
    else:
        sums[labels] = [sum(pair) for pair in zip(before, line.numbers, strict=True)]


def _named_clients(lines: Sequence[Line]) -> frozenset[str]:
    """The clients that were seen first, in whatever process: who is among them stays there."""
    first: dict[str, int] = {}
    for line in lines:
        if line.series is GRANT_REVOCATIONS:
            client = line.labels[0]
            first[client] = min(line.seen, first.get(client, line.seen))
    first.pop(OTHER, None)
    return frozenset(sorted(first, key=lambda client: (first[client], client))[:MOST_CLIENTS])


def _told(line: Line, named: frozenset[str]) -> Labels:
    if line.series is GRANT_REVOCATIONS and line.labels[0] not in named:
        return (OTHER, *line.labels[1:])
    return line.labels
