"""A small HTTP/1.1 client that tells what it knows: answered, broken off, or never sent."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    import random
    from collections.abc import Coroutine, Mapping, Sequence

PATIENCE = 20
"""Looks, each so long after the one before, until an answer is not expected any more."""
LOOK_SECONDS = 1.0
_MOST_IDLE = 256


class NotSent(Exception):
    """Nobody listens there: nothing has happened."""


class BrokenOff(Exception):
    """The connection ended before the answer did."""


class Unanswered(Exception):
    """The server holds the connection and says nothing."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer."""

    port: int
    status: int
    document: Mapping[str, Any]


@dataclass(slots=True)
class _Connection:
    port: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def exchange(self, request: bytes) -> Reply:
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        status = int(head[0].split(" ", 2)[1])
        return Reply(self.port, status, json.loads(body) if body else {})


@dataclass(slots=True)
class Network:
    """Connections to servers that are one deployment; each request takes any of them."""

    ports: Sequence[int]
    draw: random.Random
    _idle: list[_Connection] = field(default_factory=list)

    async def post(self, path: str, form: Mapping[str, str]) -> Reply:
        """The answer. Raises NotSent, BrokenOff, Unanswered."""
        connection = self._kept() or await self._connected()
        body = urlencode(form)
        request = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{connection.port}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
        )
        try:
            reply = await _patiently(connection.exchange(request.encode()))
        except Unanswered:
            connection.writer.close()
            raise
        except (OSError, EOFError) as error:
            connection.writer.close()
            raise BrokenOff(type(error).__name__) from None
        self._idle.append(connection)
        return reply

    async def close(self) -> None:
        """Let all connections go."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.writer.close()
        await asyncio.gather(*(one.writer.wait_closed() for one in idle), return_exceptions=True)

    def _kept(self) -> _Connection | None:
        """Any idle connection that is still open, sometimes none, so that others take its place."""
        while self._idle and self.draw.random() < 0.98:
            connection = self._idle.pop(self.draw.randrange(len(self._idle)))
            if not connection.reader.at_eof() and not connection.writer.is_closing():
                return connection
            connection.writer.close()
        return None

    async def _connected(self) -> _Connection:
        port = self.draw.choice(self.ports)
        if len(self._idle) > _MOST_IDLE:
            self._idle.pop(0).writer.close()
        try:
            return _Connection(port, *await asyncio.open_connection("127.0.0.1", port))
        except OSError:
            raise NotSent from None


async def _patiently(exchange: Coroutine[Any, Any, Reply]) -> Reply:
    """Raises Unanswered, and what the exchange raises.

    One long wait would blame the server for a time in which this program, or the whole machine, was held: what has
    come meanwhile is read after the timer. Of many short ones that takes one away.
    """
    exchanging = asyncio.ensure_future(exchange)
    try:
        for _ in range(PATIENCE):
            done, _ = await asyncio.wait({exchanging}, timeout=LOOK_SECONDS)
            if done:
                return exchanging.result()
    finally:
        exchanging.cancel()
    raise Unanswered
