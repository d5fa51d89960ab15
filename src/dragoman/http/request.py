"""A request whose head is here: its body may still arrive, and its sender may go, while somebody is at work on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Self

from msgspec import Struct

from dragoman.core.errors import OAuthError, Refusal
from dragoman.dialects.wire import Headers

HUNG_UP: Final = "hung_up"
"""Why a request is not whole, where it was its sender who ended it."""


class ClientGone(Exception):
    """The request ended before it was whole: its sender hung up, or was cut off. The text is one word: why."""


class RequestHead(Struct, kw_only=True, eq=False):
    """What a request begins with. Requests of one connection whose heads are the same bytes share one."""

    method: str
    path: str
    """Without the query, percent-decoded."""
    query: bytes = b""
    headers: Headers = ()
    """All lines, names in lower case."""
    fields: Mapping[bytes, bytes] = {}
    """The first line of each name."""
    peer: str = ""
    """The address at the other end of the connection."""
    encrypted: bool = False
    origin: tuple[str, bool] | None = None
    """What was made of it, for the next request with this head: the sender's address, and whether nobody could read
    the URL on the way."""

    def __post_init__(self) -> None:
        self.fields = dict(self.headers[::-1])


class Request(Struct, kw_only=True, eq=False):
    """What a connection has of one request; the connection tells it what comes, and how it ended."""

    head: RequestHead
    last: bool = False
    """Whether the client wants the connection closed after the answer."""
    ask: Callable[[], None] | None = None
    """Tells a client that waits for it to go on with the body (RFC 9110 §10.1.1)."""
    answered: bool = False
    gone: bool = False
    """Whether nobody waits for the answer any more."""
    _body: bytes | bytearray = b""
    """Not a list of pieces: of two bytes each they would take thirty times their room."""
    _whole: bool = False
    _said_all: bool = False
    _gone_because: str = HUNG_UP
    _news: asyncio.Event | None = None

    @classmethod
    def whole(cls, head: RequestHead, body: bytes) -> Self:
        """A request that has come in one piece."""
        return cls(head=head, _body=body, _whole=True)

    @property
    def received(self) -> int:
        """Bytes of the body that are here."""
        return len(self._body)

    def take(self, piece: bytes) -> None:
        """A piece of the body is here."""
        if self.answered:
            return
        if not self._body:  # mostly this is all of it
            self._body = piece
        elif isinstance(self._body, bytearray):
            self._body += piece
        else:
            self._body = bytearray(self._body) + piece
        if self._news is not None:
            self._news.set()

    def end(self) -> None:
        """The body is whole."""
        self._whole = True
        if self._news is not None:
            self._news.set()

    def say_all(self) -> None:
        """Nothing more comes from the client, which may still wait for its answer."""
        self._said_all = True
        if self._news is not None:
            self._news.set()

    def leave(self, because: str | None = None) -> None:
        """Nobody waits for the answer any more; `because` of us, in one word, or else its sender has hung up."""
        if not self.gone and because is not None:
            self._gone_because = because
        self.gone = True
        if self._news is not None:
            self._news.set()

    def finish(self) -> None:
        """It has its answer, if anybody is there to have it. What it said is not kept."""
        self.answered = True
        self._body = b""
        if self.ask is not None and not self._whole:  # what comes next may be this body, or the next request
            self.last = True
        if self._news is not None:
            self._news.set()

    async def read_body(self, limit: int) -> bytes:
        """The whole body, of so many bytes at most. Refuses `body_too_large`; raises ClientGone."""
        while True:
            if self.gone:
                raise ClientGone(self._gone_because)
            if len(self._body) > limit:
                raise OAuthError(Refusal.BODY_TOO_LARGE, f"more than {limit} bytes")
            if self._whole:
                return bytes(self._body)
            if self.ask is not None:
                if int(self.head.fields.get(b"content-length", b"").lstrip(b"0") or 0) > limit:
                    raise OAuthError(Refusal.BODY_TOO_LARGE, f"more than {limit} bytes are announced")
                self.ask()
                self.ask = None
            await self._wait()

    async def hung_up(self) -> bool:
        """Return once the client has said all, and may be gone. For after the body."""
        while not (self.gone or self._said_all or self.answered):
            await self._wait()
        return True

    async def _wait(self) -> None:
        self._news = news = self._news or asyncio.Event()
        news.clear()
        await news.wait()
