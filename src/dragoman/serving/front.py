"""The front of a server process: it takes connections from a socket that several processes may share, and drains.

HTTP is uvicorn's. Taking connections and letting go of them is ours: one connection at a time, so that several workers
get their share; never so many that the database is left without a file descriptor; and, when it leaves, no connection
is dropped on which a request may just be arriving.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.server import ServerState

from dragoman.http.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from dragoman.config.settings import Configuration
    from dragoman.http.exchange import Receive, Scope, Send
    from dragoman.http.paths import Application

_KEPT_BACK = 32
"""File descriptors that no connection gets: the database's, the keys', the log's."""
_MOST_OF_ALL = 65536
"""Connections of one process, where the system sets no limit."""
_BREATH_SECONDS = 0.05
"""How long to wait where there is no room for a connection, or none of the system's."""
_QUIET_SECONDS = 0.5
"""How long a connection without a request stays open once the server leaves."""
_LOOK_SECONDS = 0.01
_HANDSHAKE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Departure:
    """How a server learns that it is to go."""

    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """No connection is taken any more; requests in flight finish."""
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    """Nothing is waited for any more."""

    def ask(self) -> None:
        """Leave; asked again, end at once."""
        if self.leaving.is_set():
            self.end()
        self.leaving.set()

    def end(self) -> None:
        """End at once."""
        self.leaving.set()
        self.ending.set()


class Front:
    """Answers on one listening socket until its departure. Belongs to the event loop that made it."""

    def __init__(
        self,
        configuration: Configuration,
        application: Application,
        listening: socket.socket,
        departure: Departure,
        most: int | None = None,
    ) -> None:
        """`most` connections at once; unless told otherwise, as many as the system lets a process have."""
        self._loop = asyncio.get_running_loop()
        self._options = _options(configuration, application)
        self._options.load()
        self._state = ServerState()
        self._listening = listening
        self._departure = departure
        self._drain_seconds = configuration.server.drain_seconds
        self._opening: set[asyncio.Task[None]] = set()
        self._most = _most_connections() if most is None else most

    async def serve(self, started: Callable[[], None]) -> None:
        """Answer until the departure, then drain; `started` is called once connections are taken.

        The listening socket is closed here, before requests in flight are waited for.
        """
        self._tell_time()
        telling = self._loop.create_task(self._keep_time())
        self._listening.setblocking(False)
        self._listen()
        started()
        await self._departure.leaving.wait()
        self._loop.remove_reader(self._listening)
        while self._take():  # else who stands in the kernel's queue would be turned away when the last process closes
            pass
        self._listening.close()
        await self._drain()
        telling.cancel()

    def _listen(self) -> None:
        if not self._departure.leaving.is_set():
            self._loop.add_reader(self._listening, self._take)

    def _take(self) -> bool:
        """Take one connection, if one is there; the next is for whichever process comes first."""
        if len(self._state.connections) + len(self._opening) >= self._most:
            self._rest()
            return False
        try:
            taken, _ = self._listening.accept()
        except ConnectionAbortedError:
            return True
        except BlockingIOError:
            return False
        except OSError:  # no descriptor, no memory: those who knock wait in the kernel's queue
            self._rest()
            return False
        task = self._loop.create_task(self._open(taken))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        return True

    def _rest(self) -> None:
        self._loop.remove_reader(self._listening)
        self._loop.call_later(_BREATH_SECONDS, self._listen)

    async def _open(self, taken: socket.socket) -> None:
        taken.setblocking(False)
        try:
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                self._protocol,
                taken,
                ssl=self._options.ssl,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._options.ssl else None,
            )
        except OSError:  # it has gone already, or speaks no TLS
            taken.close()

    def _protocol(self) -> asyncio.Protocol:
        return Connection(config=self._options, server_state=self._state, app_state={}, _loop=self._loop)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._tell_time()

    def _tell_time(self) -> None:
        date = formatdate(time.time(), usegmt=True).encode()
        self._state.default_headers = [(b"date", date), *self._options.encoded_headers]

    async def _drain(self) -> None:
        """Each connection is closed with its next answer, or once it has been quiet for a moment.

        What was sent on it before its client could know is still answered.
        """
        deadline = time.monotonic() + self._drain_seconds
        self._options.loaded_app = closing = _closing(self._options.loaded_app)
        for connection in self._connections():
            connection.app = closing
            if not _is_idle(connection):
                connection.shutdown()
        await self._wait_until_alone(min(deadline, time.monotonic() + _QUIET_SECONDS))
        for connection in self._connections():
            if not connection.receiving:
                connection.shutdown()
        await self._wait_until_alone(deadline)
        for task in (*self._opening, *self._state.tasks):
            task.cancel()
        for connection in self._connections():
            connection.transport.close()

    async def _wait_until_alone(self, deadline: float) -> None:
        while self._state.connections or self._state.tasks or self._opening:
            if self._departure.ending.is_set() or time.monotonic() >= deadline:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _connections(self) -> Iterator[Connection]:
        return (one for one in tuple(self._state.connections) if isinstance(one, Connection))


def _is_idle(connection: Connection) -> bool:
    """Between two requests, or before the first, when there is no exchange yet."""
    return bool(getattr(connection.cycle, "response_complete", True))


def _closing(application: Application) -> Application:
    """The same, but each answer ends its connection."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_close(message: MutableMapping[str, Any]) -> None:
            ends = message["type"] == "http.response.start"
            await send({**message, "headers": [*message["headers"], (b"Connection", b"close")]} if ends else message)

        await application(scope, receive, send_and_close)

    return answer


def _silence_uvicorn() -> None:
    """What it says of malformed requests would be written by the event loop itself, waiting for whoever reads it."""
    logger = logging.getLogger("uvicorn.error")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False


def _most_connections() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_OF_ALL if soft == resource.RLIM_INFINITY else max(1, min(soft - _KEPT_BACK, _MOST_OF_ALL))


def _options(configuration: Configuration, application: Application) -> uvicorn.Config:
    server = configuration.server
    _silence_uvicorn()
    return uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        ssl_certfile=None if server.tls_certificate is None else str(configuration.path(server.tls_certificate)),
        ssl_keyfile=None if server.tls_key is None else str(configuration.path(server.tls_key)),
    )
