"""A request whose head is here: its body may still arrive, and its sender may go, while somebody is at work on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.dialects.wire import Headers


class ClientGone(Exception):
    """The client hung up before its request was whole."""


class Request:
    """What a connection has of one request; the connection tells it what comes, and how it ended."""

    __slots__ = (
        "_news", "_pieces", "_said_all", "_size", "_whole",
        "answered", "ask", "encrypted", "fields", "gone", "headers", "last", "method", "path", "peer", "query",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 (the parts of a head, and what the connection knows besides)
        self,
        *,
        method: str,
        path: str,
        query: bytes,
        headers: Headers,
        peer: str,
        encrypted: bool,
        last: bool = False,
    ) -> None:
        """`headers` have names in lower case."""
        self.method = method
        self.path = path
        """Without the query, percent-decoded."""
        self.query = query
        self.headers = headers
        self.fields = dict(headers[::-1])
        """The first line of each name."""
        self.peer = peer
        """The address at the other end of the connection."""
        self.encrypted = encrypted
        self.last = last
        """Whether the client wants the connection closed after the answer."""
        self.answered = False
        self.gone = False
        """Whether nobody waits for the answer any more."""
        self.ask: Callable[[], None] | None = None
        """Tells a client that waits for it to go on with the body (RFC 9110 §10.1.1)."""
        self._pieces: list[bytes] = []
        self._size = 0
        self._whole = False
        self._said_all = False
        self._news: asyncio.Event | None = None

    def take(self, piece: bytes) -> None:
        """A piece of the body is here."""
        if not self.answered:
            self._pieces.append(piece)
            self._size += len(piece)
            self._tell()

    def end(self) -> None:
        """The body is whole."""
        self._whole = True
        self._tell()

    def say_all(self) -> None:
        """Nothing more comes from the client, which may still wait for its answer."""
        self._said_all = True
        self._tell()

    def leave(self) -> None:
        """Nobody waits for the answer any more."""
        self.gone = True
        self._tell()

    def finish(self) -> None:
        """It has its answer, if anybody is there to have it."""
        self.answered = True
        self._tell()

    def _tell(self) -> None:
        """Whoever waits here looks again."""
        if self._news is not None:
            self._news.set()

    async def read_body(self, limit: int) -> bytes:
        """The whole body, of so many bytes at most. Refuses `body_too_large`; raises ClientGone."""
        while True:
            if self.gone:
                raise ClientGone
            if self._size > limit:
                raise OAuthError(Refusal.BODY_TOO_LARGE, f"more than {limit} bytes")
            if self._whole:
                return b"".join(self._pieces)
            if self.ask is not None:
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
