"""The front of a server process: it takes connections from a socket that several processes may share, and drains.

It takes one connection at a time, so that several workers get their share. It never takes so many that the database is
left without a file descriptor: where there are that many, connections at rest make room. When it leaves, it drops no
connection on which a request may just be arriving.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from heapq import nsmallest
from typing import TYPE_CHECKING

from dragoman.http.bounds import Ending
from dragoman.http.commons import Commons
from dragoman.http.connection import Connection
from dragoman.http.phase import Phase
from dragoman.metrics.series import CONNECTIONS_ENDED
from dragoman.serving.listening import tls_context
from dragoman.serving.neighbours import Neighbours
from dragoman.serving.speaking import bounds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.config.settings import Configuration
    from dragoman.http.log import Log
    from dragoman.http.paths import Application
    from dragoman.metrics.tally import Tally

_BREATH_SECONDS = 0.05
"""How long to wait where there is no room for a connection, or none of the system's."""
_QUIET_SECONDS = 0.5
"""How long a connection without a request stays open once the server leaves."""
_LOOK_SECONDS = 0.01
_LONGEST_TURN_SECONDS = 1.0
"""Between two looks at all connections."""
_AT_A_TIME = 1000
"""Connections that are looked at before requests get their turn."""
_SPARED_SECONDS = 1.0
"""Connections at rest for so long may have to make room; on others the next request may be on its way."""
_SHARE_THAT_GOES = 16
"""One in so many connections makes room at once, so that not every newcomer has everybody looked at."""
_UNREAD_BYTES = 65536
_GOODBYE_SECONDS = 3.0
"""How long a connection with TLS may take to be closed by both sides."""
_TOLD_SECONDS = 10.0
"""Between two lines about connections that were ended."""


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

    def __init__(  # noqa: PLR0913 (what answers where, and how it is told to stop)
        self,
        configuration: Configuration,
        application: Application,
        listening: socket.socket,
        departure: Departure,
        *,
        most: int,
        log: Log,
        tally: Tally | None = None,
    ) -> None:
        """`most` connections at once; `tally` counts those that were ended.

        Raises ListeningFault where TLS cannot be spoken as configured.
        """
        server = configuration.server
        self._loop = asyncio.get_running_loop()
        self._tls = tls_context(configuration)
        self._bounds = bounds_of(configuration)
        self._commons = Commons(application=application, tell_fault=log.fault, bounds=self._bounds)
        _bound_unread(listening, server.answer_seconds)
        self._listening = listening
        self._departure = departure
        self._drain_seconds = server.drain_seconds
        self._opening: dict[asyncio.Task[None], float] = {}
        self._most = most
        self._neighbours = Neighbours(
            server.connections_per_address, [ipaddress.ip_network(one) for one in server.trusted_proxies]
        )
        self._log = log
        self._tally = tally

    async def serve(self, started: Callable[[], None]) -> None:
        """Answer until the departure, then drain; `started` is called once connections are taken.

        The listening socket is closed here, before requests in flight are waited for.
        """
        self._tell_time()
        beside = [self._loop.create_task(self._keep_time()), self._loop.create_task(self._tend())]
        self._listening.setblocking(False)
        self._listen()
        started()
        await self._departure.leaving.wait()
        self._loop.remove_reader(self._listening)
        while self._take():  # else who stands in the kernel's queue would be turned away when the last process closes
            pass
        self._listening.close()
        await self._drain()
        for task in beside:
            task.cancel()
        self._tell_ended()

    def _listen(self) -> None:
        if not self._departure.leaving.is_set():
            self._loop.add_reader(self._listening, self._take)

    def _take(self) -> bool:
        """Take one connection, if one is there; the next is for whichever process comes first."""
        if len(self._commons.connections) + len(self._opening) >= self._most:
            self._rest()
            return False
        try:
            taken, peer = self._listening.accept()
        except ConnectionAbortedError:
            return True
        except BlockingIOError:
            return False
        except OSError:  # no descriptor, no memory: those who knock wait in the kernel's queue
            self._rest()
            return False
        host = peer[0]
        if not self._neighbours.admit(host):
            taken.close()
            self._commons.ended["address_has_too_many"] += 1
            return True
        task = self._loop.create_task(self._open(taken, partial(self._neighbours.release, host)))
        self._opening[task] = self._loop.time()
        task.add_done_callback(self._opening.pop)
        return True

    def _rest(self) -> None:
        """Take nobody for a moment, and have some make room."""
        self._loop.remove_reader(self._listening)
        self._loop.call_later(0 if self._make_room() else _BREATH_SECONDS, self._listen)

    def _make_room(self) -> bool:
        """Those who have wanted nothing for longest go; if there are none, those whose request does not get on."""
        now = self._loop.time()
        number = max(1, self._most // _SHARE_THAT_GOES)
        standings = ((_standing(one, now, self._bounds.body_seconds), one) for one in self._connections())
        candidates = ((standing, one) for standing, one in standings if standing is not None)
        going = nsmallest(number, candidates, key=lambda candidate: candidate[0])
        for _, connection in going:
            connection.make_room()
        late = [task for task, since in self._opening.items() if now - since > _SPARED_SECONDS]
        shaking_hands = late[: number - len(going)]
        for task in shaking_hands:
            task.cancel()
        self._commons.ended[Ending.MADE_ROOM.value] += len(going) + len(shaking_hands)
        return bool(going or shaking_hands)

    async def _open(self, taken: socket.socket, release: Callable[[], None]) -> None:
        taken.setblocking(False)
        connection = Connection(self._commons, lost=release)
        limits = {} if self._tls is None else {
            "ssl_handshake_timeout": self._bounds.head_seconds,
            "ssl_shutdown_timeout": min(self._bounds.head_seconds, _GOODBYE_SECONDS),
        }  # fmt: skip
        try:
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(lambda: connection, taken, ssl=self._tls, **limits)
        except OSError:  # it has gone already, or speaks no TLS
            taken.close()
        finally:
            if not connection.begun:
                release()

    async def _tend(self) -> None:
        """Look at all connections again and again: no request pays for a timer of its own."""
        shortest = min(self._bounds.head_seconds, self._bounds.body_seconds, self._bounds.answer_seconds)
        told = self._loop.time()
        while True:
            await asyncio.sleep(min(_LONGEST_TURN_SECONDS, shortest / 4))
            for number, connection in enumerate(self._connections(), 1):
                self._tend_one(connection)
                if number % _AT_A_TIME == 0:
                    await asyncio.sleep(0)
            if self._commons.ended and self._loop.time() - told >= _TOLD_SECONDS:
                told = self._loop.time()
                self._tell_ended()

    def _tend_one(self, connection: Connection) -> None:
        if connection not in self._commons.connections:  # gone since this turn began
            return
        try:
            ending = connection.tend(self._loop.time())
        except Exception as fault:  # noqa: BLE001 (one connection's fault must not spare all others their deadlines)
            self._log.fault(fault)
            connection.transport.abort()
            return
        if ending is not None and ending is not Ending.IDLE:
            self._commons.ended[ending.value] += 1

    def _tell_ended(self) -> None:
        ended, self._commons.ended = self._commons.ended, Counter()
        if self._tally is not None:
            for because, number in ended.items():
                self._tally.count(CONNECTIONS_ENDED, (because,), number)
        if ended.total():
            self._log.write("warning", "connections_ended", **ended)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._tell_time()

    def _tell_time(self) -> None:
        self._commons.date = f"Date: {formatdate(time.time(), usegmt=True)}\r\n".encode()

    async def _drain(self) -> None:
        """Each connection is closed with its next answer, or once it has been quiet for a moment.

        What was sent on it before its client could know is still answered.
        """
        deadline = time.monotonic() + self._drain_seconds
        self._commons.leaving = True
        await self._wait_until_alone(min(deadline, time.monotonic() + _QUIET_SECONDS))
        for connection in self._connections():
            if not connection.receiving:
                connection.close()
        await self._wait_until_alone(deadline)
        for task in (*self._opening, *self._commons.answering):
            task.cancel()
        for connection in self._connections():
            connection.close()

    async def _wait_until_alone(self, deadline: float) -> None:
        while self._commons.connections or self._commons.answering or self._opening:
            if self._departure.ending.is_set() or time.monotonic() >= deadline:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _connections(self) -> tuple[Connection, ...]:
        return tuple(self._commons.connections)


def _bound_unread(listening: socket.socket, seconds: float) -> None:
    """What the system keeps of what nobody takes or reads, and for how long; connections have it from their listener.

    Left alone it would keep megabytes for each, and none of it would be seen from here.
    """
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD_BYTES)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; elsewhere it is as long as the system says
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 2000))


def _standing(connection: Connection, now: float, body_seconds: float) -> tuple[int, float] | None:
    """How soon a connection has to make room, the smallest first; None for one that is being answered or just came."""
    if connection.transport.is_closing() or connection.is_busy:
        return None
    age = now - connection.since
    match connection.phase:
        case Phase.NOTHING | Phase.HEAD if age > _SPARED_SECONDS:
            at_rest = connection.answered and connection.phase is Phase.NOTHING
            return 0 if at_rest else 1, connection.since
        case Phase.BODY if age > body_seconds / 2:
            return 2, connection.since
    return None
