"""A collector of our own: it takes OTLP over HTTP on a loopback port, keeps every byte, and can be slow or refuse."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Span:
    """One that has arrived."""

    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    nanoseconds: int
    attributes: Mapping[str, str | int]
    resource: Mapping[str, str | int]


@dataclass
class Collector:
    """What has arrived, and how it answers."""

    port: int = 0
    status: int = 200
    location: str = ""
    bodies: list[bytes] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """Heads and bodies of all requests."""
    open: threading.Event = field(default_factory=threading.Event)
    """While it is not set, nobody is answered."""
    asked: threading.Event = field(default_factory=threading.Event)
    """Set once somebody has asked."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/traces"

    @property
    def environment(self) -> dict[str, str]:
        """For a server that is to send its spans here."""
        return {"DRAGOMAN_TELEMETRY__ENDPOINT": self.endpoint}

    @property
    def spans(self) -> list[Span]:
        return [span for body in tuple(self.bodies) for span in read_spans(body)]

    def wait_for_spans(self, number: int) -> list[Span]:
        return wait_until(lambda: len(self.spans) >= number and self.spans)


def read_spans(body: bytes) -> Iterator[Span]:
    for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                assert not span.events
                assert not span.links
                assert not span.status.message
                assert not span.trace_state
                yield Span(
                    name=span.name,
                    kind=span.kind,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    failed=span.status.code == 2,
                    nanoseconds=span.end_time_unix_nano - span.start_time_unix_nano,
                    attributes=_told(span.attributes),
                    resource=_told(of_resource.resource.attributes),
                )


def _told(attributes) -> dict[str, str | int]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def _handler_of(told: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.raw.append(f"{self.requestline}\n{self.headers}".encode() + body)
            told.asked.set()
            told.open.wait()
            if told.status == 200:
                told.bodies.append(body)
            self.send_response(told.status)
            if told.location:
                self.send_header("Location", told.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the server has gone meanwhile
                return

    return Handler


@contextmanager
def running_collector() -> Iterator[Collector]:
    told = Collector()
    told.open.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(told))
    server.daemon_threads = True
    server.block_on_close = False
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.open.set()
        server.shutdown()
        server.server_close()
        thread.join()
