"""Spans on their way to a collector, by OpenTelemetry's SDK: a bounded number waits, a thread sends them in batches.

The only module that imports OpenTelemetry; it is imported only where a collector is configured.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation import set_span_in_context

from dragoman import __version__
from dragoman.telemetry.sending import NotingSession, Sending
from dragoman.threads.beginning import NoThread, begin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.http.log import Log
    from dragoman.telemetry.parent import Parent

_BATCH = 512
_DELAY_SECONDS = 1.0
"""How long a span waits for others, unless a batch is full sooner."""
_EXPORT_SECONDS = 5.0
"""How long the collector may take for one batch, further tries included."""
_FLUSH_SECONDS = 1.0
"""How long a server that ends waits for the collector; its supervisor waits three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Where spans go, and how many."""

    endpoint: str
    """The URL that takes traces (OTLP over HTTP)."""
    service_name: str
    """What this server is called there."""
    sample_ratio: float
    """Of requests that nobody traces yet, which part is: from 0 to 1."""
    queue: int
    """How many spans may wait."""


class Spans:
    """Takes spans (`tracing.Outlet`). A span for which there is no room is dropped and counted."""

    def __init__(self, collector: Collector, log: Log, chance: Callable[[], float]) -> None:
        """Begins a thread, so this is for after the fork. `chance` draws from 0 to 1, without 1."""
        _silence()
        session = NotingSession()
        exporter = OTLPSpanExporter(endpoint=collector.endpoint, timeout=_EXPORT_SECONDS, session=session)
        self._sending = Sending(exporter, session, log, time.monotonic)
        self._most = collector.queue
        self._ratio = collector.sample_ratio
        self._chance = chance
        self._accepted = 0
        self._processor = BatchSpanProcessor(
            self._sending,
            max_queue_size=collector.queue,
            max_export_batch_size=min(_BATCH, collector.queue),
            schedule_delay_millis=_DELAY_SECONDS * 1000,
            export_timeout_millis=_EXPORT_SECONDS * 1000,
        )
        provider = TracerProvider(
            sampler=ParentBased(ALWAYS_ON),  # what has no parent is drawn in `put`, before a span costs anything
            # as it is: `Resource.create` would add what the environment says, command lines among it
            resource=Resource({"service.name": collector.service_name, "service.version": __version__}),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(self._processor)
        self._tracer = provider.get_tracer("dragoman", __version__)

    def put(
        self, name: str, attributes: Mapping[str, str | int], *, parent: Parent | None, seconds: float, failed: bool
    ) -> None:
        """A span that ends now and took so long, if it is one of those that are sampled."""
        if parent is None and self._chance() >= self._ratio:
            return
        ended = time.time_ns()
        span = self._tracer.start_span(
            name, _context_of(parent), SpanKind.SERVER, start_time=ended - round(seconds * 1e9)
        )
        if not span.is_recording():
            return
        if self._accepted - self._sending.done >= self._most:  # the batch that is being sent is counted with them
            self._sending.drop()
            return
        self._accepted += 1
        span.set_attributes(attributes)
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def close(self) -> None:
        """Send what waits, for a second at most; what then waits still is lost, and told."""
        ended = threading.Event()
        with suppress(NoThread):
            begin(self._end, ended)
        if not ended.wait(_FLUSH_SECONDS):
            self._sending.shutdown()
        self._sending.end(self._accepted)

    def _end(self, ended: threading.Event) -> None:
        shutdown: Callable[[], None] = self._processor.shutdown
        shutdown()
        ended.set()


def _context_of(parent: Parent | None) -> Context:
    if parent is None:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    told = SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(told), Context())


def _silence() -> None:
    """What the library says would go to standard error by itself, among our lines, and might quote its headers."""
    logger = logging.getLogger("opentelemetry")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False
