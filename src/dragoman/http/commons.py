"""What all HTTP connections of one front have in common."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dragoman.http.bounds import DEFAULT, Bounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.http.connection import Connection
    from dragoman.http.paths import Application


class Outbox:
    """Answers are sent together, once the event loop has run all that is ready (docs/adr/http-connection.md).

    A client on the same machine, as a reverse proxy is, sleeps again until the next answer: one by one, each wakes it.
    """

    __slots__ = ("_ready",)

    def __init__(self) -> None:
        self._ready: list[tuple[asyncio.Transport, bytes]] = []

    def put(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Send it in the next turn of the loop, or when all is flushed before."""
        if not self._ready:
            asyncio.get_running_loop().call_soon(self.flush)
        self._ready.append((transport, answer))

    def flush(self) -> None:
        """Send now what is here; to be called before anything else is written to a connection, or it is closed."""
        ready, self._ready = self._ready, []
        for transport, answer in ready:
            if not transport.is_closing():
                transport.write(answer)


@dataclass(slots=True, kw_only=True)
class Commons:
    """What the connections of one front share: who answers, their bounds, and which connections there are."""

    application: Application
    tell_fault: Callable[[Exception], None]
    bounds: Bounds = DEFAULT
    date: bytes = b""
    """The line of this header in each answer."""
    leaving: bool = False
    """Whether each connection ends with the last answer that it owes."""
    connections: set[Connection] = field(default_factory=set)
    answering: set[asyncio.Task[None]] = field(default_factory=set)
    outbox: Outbox = field(default_factory=Outbox)
    ended: Counter[str] = field(default_factory=Counter)
    """How many connections this side has ended, and why, since that was last told."""
