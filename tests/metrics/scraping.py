"""What a server tells Prometheus, read as Prometheus reads it."""

from __future__ import annotations

import re
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from dragoman.metrics.series import ALL, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.processes import ServerProcess

_WHERE = re.compile(r"^dragoman: metrics on (http://\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Scrape:
    """One answer."""

    text: str
    numbers: Mapping[tuple[str, frozenset[tuple[str, str]]], float] = field(repr=False)

    def of(self, sample: str, **labels: str) -> float:
        """The sum of all lines of this name that have these labels; 0 where there are none."""
        wanted = labels.items()
        return sum(number for (name, own), number in self.numbers.items() if name == sample and own >= set(wanted))

    def values(self, label: str) -> set[str]:
        """All that this label says."""
        return {value for _, labels in self.numbers for name, value in labels if name == label}

    @property
    def counters(self) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
        """Whatever may never go back."""
        return {key: number for key, number in self.numbers.items() if key[0].endswith(("_total", "_bucket", "_count"))}


def read_scrape(text: str) -> Scrape:
    """Raises AssertionError where it is not what it should be, whatever was counted."""
    families = list(text_string_to_metric_families(text))
    kinds = {one.name.removesuffix("_total"): one.kind for one in ALL}
    told = {family.name: family.type for family in families}
    assert told == {one.name.removesuffix("_total"): one.kind.value for one in ALL}
    numbers = {}
    for family in families:
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in numbers, "the same line twice"
            assert sample.value >= 0
            numbers[key] = sample.value
        if kinds[family.name] is Kind.HISTOGRAM:
            check_histogram(family)
    return Scrape(text, numbers)


def check_histogram(family) -> None:
    rows: dict[frozenset, list[tuple[float, float]]] = {}
    counts: dict[frozenset, float] = {}
    for sample in family.samples:
        labels = dict(sample.labels)
        end = labels.pop("le", None)
        if end is not None:
            rows.setdefault(frozenset(labels.items()), []).append((float(end), sample.value))
        elif sample.name.endswith("_count"):
            counts[frozenset(labels.items())] = sample.value
    assert rows.keys() == counts.keys()
    for labels, row in rows.items():
        assert row == sorted(row)
        assert [number for _, number in row] == sorted(number for _, number in row)
        assert row[-1] == (float("inf"), counts[labels])


def fetch(url: str) -> Scrape:
    """Over a real socket."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return read_scrape(answer.read().decode())


def metrics_url(server: ServerProcess) -> str:
    """Where it said that they are."""
    return _WHERE.search(server.told).group(1)


def scrape(server: ServerProcess) -> Scrape:
    """All that the server tells now, whichever worker it is that answers."""
    return fetch(metrics_url(server))
