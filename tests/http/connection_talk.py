"""A connection, what is at its other end, and what is said over it."""

from __future__ import annotations

import asyncio

from dragoman.core.errors import OAuthError
from dragoman.dialects.wire import WireResponse
from dragoman.http.bounds import Bounds
from dragoman.http.commons import Commons
from dragoman.http.connection import Connection
from dragoman.http.request import ClientGone, Request

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
LIMIT = 8


class Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = []
        self.reading = True
        self.closed = False

    def write(self, data):
        self.pieces.append(data)

    def close(self):
        self.closed = True

    abort = close

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def get_write_buffer_size(self):
        return 0

    def get_extra_info(self, name, default=None):
        return ("192.0.2.1", 4711) if name == "peername" else default


class Talk:
    """A connection, what is at its other end, and an application that says what it was asked."""

    def __init__(self, **bounds) -> None:
        self.wire = Wire()
        self.asked = []
        self.faults = []
        self.gone = []
        self.open = asyncio.Event()
        self.open.set()
        self.headers = ((b"X-One", b"1"),)
        self.commons = Commons(application=self.answer, tell_fault=self.faults.append, bounds=Bounds(**bounds))
        self.connection = Connection(self.commons)
        self.connection.connection_made(self.wire)

    async def answer(self, request: Request) -> WireResponse:
        self.asked.append(request)
        try:
            body = await request.read_body(LIMIT)
        except ClientGone as gone:
            self.gone.append(str(gone))
            raise
        except OAuthError:
            return WireResponse(status=413, headers=((b"Connection", b"close"),), body=b"")
        await self.open.wait()
        return WireResponse(
            status=200, headers=self.headers, body=f"{request.head.method} {request.head.path} ".encode() + body
        )

    async def say(self, *pieces: bytes) -> list[bytes]:
        for piece in pieces:
            self.connection.data_received(piece)
            await self.rest()
        return self.wire.pieces

    async def rest(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


def spelled(body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: %d\r\n%b\r\n%b" % (len(body), more, body)


EXPECTING = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %b\r\nExpect: 100-continue\r\n\r\n"
