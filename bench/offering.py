"""Requests at a given rate, however slow the answers are: an open loop, as people and attackers are one.

Each request has its moment, and its time runs from that moment on, not from when there was a connection for it; so a
server that stops to answer for a second is seen to have kept a second's worth of requests waiting.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from heapq import heapify, heapreplace
from typing import TYPE_CHECKING, NamedTuple, cast

import uvloop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "
_PATIENCE_SECONDS = 30
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of request."""

    name: str
    rate: float
    """Requests a second; the times between them are exponential, as independent senders make them."""
    write: Callable[[], bytes]
    """The next request, whole."""
    read: Callable[[int, bytes], None] | None = None
    """Gets status and body of each answer."""


@dataclass(slots=True)
class Measured:
    """What came of a stream: seconds by status, and how many got no answer (0)."""

    seconds: dict[int, list[float]] = field(default_factory=dict)

    def add(self, status: int, seconds: float) -> None:
        """One answer."""
        self.seconds.setdefault(status, []).append(seconds)

    @property
    def statuses(self) -> Counter[int]:
        """How many of each."""
        return Counter({status: len(one) for status, one in self.seconds.items()})

    def percentile(self, share: float, status: int = 200) -> float:
        """Milliseconds within which this share of the answers with this status came; 0 if there was none."""
        ordered = sorted(self.seconds.get(status, ()))
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


def offer(port: int, streams: Sequence[Stream], seconds: float, warm_up: float) -> Mapping[str, Measured]:
    """What came of them; see Offer."""
    with_loop = uvloop.new_event_loop()
    try:
        return with_loop.run_until_complete(Offer(port, streams, random.Random(1)).run(seconds, warm_up))  # noqa: S311
    finally:
        with_loop.close()


class _Exchange(NamedTuple):
    """One request that is out."""

    stream: Stream
    measured: Measured | None
    """None: it is not counted."""
    due: float

    def end(self, status: int, body: bytes) -> None:
        """It was answered, or never will be (0)."""
        if self.measured is not None:
            self.measured.add(status, time.perf_counter() - self.due)
        if self.stream.read is not None:
            self.stream.read(status, body)


class _Connection(asyncio.Protocol):
    """One exchange after the other over one kept connection.

    By calls alone: what offers the load shares the cores with what is measured, and a task for each costs more.
    """

    def __init__(self, idle: deque[_Connection]) -> None:
        self._idle = idle
        self._received = b""
        self._exchange: _Exchange | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._exchange is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._end(0, b"")

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data if self._received else data
        end = received.find(_END_OF_HEAD)
        if end < 0:
            return
        head = received[:end].lower()
        start = head.index(_LENGTH) + len(_LENGTH)
        body_start = end + len(_END_OF_HEAD)
        if len(received) < body_start + int(head[start:].partition(b"\r\n")[0]):
            return
        self._received = b""
        if b"connection: close" in head:
            self._transport = None
        self._end(int(head[9:12]), received[body_start:])

    def begin(self, exchange: _Exchange) -> bool:
        """Send its request; False where this connection is not to be used any more."""
        if self._transport is None:
            return False
        self._exchange = exchange
        self._transport.write(exchange.stream.write())
        return True

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.close()

    def _end(self, status: int, body: bytes) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.end(status, body)
        if self._transport is not None:
            self._idle.append(self)


class Offer:
    """All streams at once against one server."""

    def __init__(self, port: int, streams: Sequence[Stream], chance: random.Random) -> None:
        self._port = port
        self._streams = streams
        self._chance = chance
        self._idle: deque[_Connection] = deque()
        self._all: list[_Connection] = []
        self._connecting: set[asyncio.Task[None]] = set()

    async def run(self, seconds: float, warm_up: float) -> dict[str, Measured]:
        """Offer for so long; what was offered in the first `warm_up` seconds is not counted."""
        measured = {stream.name: Measured() for stream in self._streams}
        began = time.perf_counter()
        due = [(began + self._chance.expovariate(one.rate), number) for number, one in enumerate(self._streams)]
        heapify(due)
        while due[0][0] < began + seconds:
            moment, number = due[0]
            if (wait := moment - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            stream = self._streams[number]
            self._begin(_Exchange(stream, measured[stream.name] if moment >= began + warm_up else None, moment))
            heapreplace(due, (moment + self._chance.expovariate(stream.rate), number))
        await self._end()
        return measured

    def _begin(self, exchange: _Exchange) -> None:
        while self._idle:
            if self._idle.pop().begin(exchange):
                return
        task = asyncio.create_task(self._connect(exchange))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, exchange: _Exchange) -> None:
        try:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(lambda: _Connection(self._idle), "127.0.0.1", self._port)
        except OSError:
            exchange.end(0, b"")
            return
        self._all.append(connection)
        if not connection.begin(exchange):
            exchange.end(0, b"")

    async def _end(self) -> None:
        """Once all are answered, or none was for long."""
        deadline = time.perf_counter() + _PATIENCE_SECONDS
        while time.perf_counter() < deadline and (  # noqa: ASYNC110 (an event would cost each exchange something)
            self._connecting or any(one.is_busy for one in self._all)
        ):
            await asyncio.sleep(_LOOK_SECONDS)
        for connection in self._all:
            connection.close()
