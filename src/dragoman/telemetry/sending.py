"""Batches of spans to the collector, and how it is told when some are lost: once in a while, with their number."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import requests
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from opentelemetry.sdk.trace import ReadableSpan

    from dragoman.http.log import Log

_TOLD_SECONDS = 60.0
"""Between two lines about lost spans."""
_ELSEWHERE = 3
"""Hundreds. Nobody follows: spans go to whom the operator has named."""


class NotingSession(requests.Session):
    """Remembers how the last request went: a status, or the kind of the fault; never what was sent or answered."""

    def __init__(self) -> None:
        super().__init__()
        self.went = ""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401 (as inherited)
        """One request."""
        try:
            response = super().send(request, **options)
        except requests.RequestException as fault:
            self.went = type(fault).__name__
            raise
        self.went = f"status {response.status_code}"
        if response.status_code // 100 == _ELSEWHERE:  # the exporter would take it for success
            raise requests.TooManyRedirects(self.went)
        return response


class Sending(SpanExporter):
    """Counts what it passes on, and what gets lost. Its batches come from one thread; spans are dropped in another."""

    def __init__(self, exporter: SpanExporter, session: NotingSession, log: Log, elapsed: Callable[[], float]) -> None:
        """`elapsed` gives seconds from any beginning."""
        self._exporter = exporter
        self._session = session
        self._log = log
        self._elapsed = elapsed
        self.done = 0
        """Spans that the collector has, or never will have."""
        self._dropped = 0
        self._failed = 0
        self._told = 0
        self._told_at: float | None = None
        self._away = False
        self._lock = threading.Lock()
        """Around what the last batch and the end of the server could both count."""
        self._ended = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """One batch; returns when the collector has it, or has not taken it in time."""
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            with self._lock:
                if not self._ended:
                    self._count(len(spans), arrived=result is SpanExportResult.SUCCESS)
        return result

    def _count(self, number: int, *, arrived: bool) -> None:
        self.done += number
        self._failed += 0 if arrived else number
        self._tell(arrived=arrived)

    def drop(self) -> None:
        """A span for which there was no room."""
        self._dropped += 1

    def _tell(self, *, arrived: bool) -> None:
        now = self._elapsed()
        due = self._told_at is None or now - self._told_at >= _TOLD_SECONDS
        if due and self._tell_lost("" if arrived else self._session.went):
            self._told_at = now
        if arrived and self._away:
            self._log.write("info", "traces_arrive_again")
        self._away = not arrived

    def _tell_lost(self, reason: str) -> bool:
        lost = self._dropped + self._failed
        more, self._told = lost - self._told, lost
        if more:
            self._log.write("warning", "traces_lost", spans=more, collector=reason or "is slow")
        return more > 0

    def end(self, accepted: int) -> None:
        """Nothing is waited for any more; of so many spans those that are not done count as lost."""
        with self._lock:
            self._ended = True
            self._failed += accepted - self.done
            self._tell_lost(self._session.went)

    def shutdown(self) -> None:
        """No further tries."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Nothing waits here."""
        return self._exporter.force_flush(timeout_millis)
