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
from typing import TYPE_CHECKING, cast

import uvloop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "


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


class _Connection(asyncio.Protocol):
    """One exchange after the other over one kept connection."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answered: asyncio.Future[tuple[int, bytes]] | None = None
        self.transport: asyncio.Transport | None = None
        self.usable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(_END_OF_HEAD)
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        start = head.index(_LENGTH) + len(_LENGTH)
        length = int(head[start:].partition(b"\r\n")[0])
        body_start = end + len(_END_OF_HEAD)
        if len(self._received) < body_start + length:
            return
        body = bytes(self._received[body_start : body_start + length])
        self._received.clear()
        self.usable = self.usable and b"connection: close" not in head
        if self._answered is not None and not self._answered.done():
            self._answered.set_result((int(head[9:12]), body))

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        if self.transport is None:
            raise ConnectionResetError
        self._answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answered


class Offer:
    """All streams at once against one server."""

    def __init__(self, port: int, streams: Sequence[Stream], chance: random.Random) -> None:
        self._port = port
        self._streams = streams
        self._chance = chance
        self._idle: deque[_Connection] = deque()
        self._pending: set[asyncio.Task[None]] = set()

    async def run(self, seconds: float, warm_up: float) -> dict[str, Measured]:
        """Offer for so long; what was offered in the first `warm_up` seconds is not counted."""
        measured = {stream.name: Measured() for stream in self._streams}
        await asyncio.gather(
            *(self._offer(stream, measured[stream.name], seconds, warm_up) for stream in self._streams)
        )
        if self._pending:
            await asyncio.wait(self._pending, timeout=30)
        for connection in self._idle:
            if connection.transport is not None:
                connection.transport.close()
        return measured

    async def _offer(self, stream: Stream, measured: Measured, seconds: float, warm_up: float) -> None:
        began = due = time.perf_counter()
        while (due := due + self._chance.expovariate(stream.rate)) < began + seconds:
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            counted = measured if due >= began + warm_up else None
            task = asyncio.create_task(self._exchange(stream, counted, due))
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)

    async def _exchange(self, stream: Stream, measured: Measured | None, due: float) -> None:
        status, body = 0, b""
        connection: _Connection | None = None
        try:
            connection = await self._connection()
            status, body = await connection.exchange(stream.write())
        except OSError:
            pass
        if measured is not None:
            measured.add(status, time.perf_counter() - due)
        if stream.read is not None:
            stream.read(status, body)
        if connection is not None and connection.usable:
            self._idle.append(connection)

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        loop = asyncio.get_running_loop()
        _transport, connection = await loop.create_connection(_Connection, "127.0.0.1", self._port)
        return connection
