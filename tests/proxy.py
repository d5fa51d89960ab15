"""A TCP proxy of our own that can fail in every way a network can: for faults between a server and its database."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator


class Proxy:
    """Passes everything on, until it is told to fail. What clients have sent is kept, in the pieces it came in."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.sent: list[bytes] = []
        self.cuts = 0
        self.answers_dropped = False
        """The next answer cuts its connection instead of arriving."""
        self.stalled = False
        """Nothing passes and nobody is told: a cable was pulled."""

    @asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """The port to connect to; with TLS for a server that has none of its own."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            self.cut()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset all connections."""
        self.cuts += 1
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        to_server_reader, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, to_server}
        await asyncio.gather(self._there(reader, to_server), self._back(to_server_reader, writer))

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await _read(reader):
            self.sent.append(piece)
            await self._pass(piece, writer)
        writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await _read(reader):
            if self.answers_dropped:
                self.cut()
                return
            await self._pass(piece, writer)
        writer.close()

    async def _pass(self, piece: bytes, writer: asyncio.StreamWriter) -> None:
        if self.stalled:
            await asyncio.sleep(3600)
        writer.write(piece)


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(65536)
    except OSError:
        return b""
