"""The counts as Prometheus reads them (text format 0.0.4)."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from dragoman.metrics.reading import read
from dragoman.metrics.series import ALL, BOUNDS, BUILD_INFO, WORKERS, Kind, Series

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_UPPER_ENDS = (*(str(bound) for bound in BOUNDS), "+Inf")


class _Counts(Collector):
    def __init__(self, descriptor: int, version: str) -> None:
        self._descriptor = descriptor
        self._version = version

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        reading = read(self._descriptor)
        counted: dict[str, Mapping[tuple[str, ...], Sequence[float]]] = {
            **reading.series,
            WORKERS.name: {(): (float(reading.workers),)},
            BUILD_INFO.name: {(self._version,): (1.0,)},
        }
        for series in ALL:
            yield _family(series, counted[series.name])


def expose(descriptor: int, version: str) -> bytes:
    """The whole text; `descriptor` is the memory's."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Counts(descriptor, version))
    return generate_latest(registry)


def _family(series: Series, counted: Mapping[tuple[str, ...], Sequence[float]]) -> Metric:
    if series.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(series.name, series.meaning, labels=series.labels)
        for labels, (total, *ranges) in counted.items():
            histogram.add_metric(labels, list(zip(_UPPER_ENDS, accumulate(ranges), strict=True)), total)
        return histogram
    make = CounterMetricFamily if series.kind is Kind.COUNTER else GaugeMetricFamily
    family = make(series.name, series.meaning, labels=series.labels)
    for labels, (number,) in counted.items():
        family.add_metric(labels, number)
    return family
