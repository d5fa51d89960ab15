"""A process's connections to PostgreSQL: few, opened when needed, never trusted again once one was lost."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from dragoman.store.postgresql.errors import ANY, is_lost, refusal, told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.store.postgresql.address import Address

    Connection = asyncpg.Connection[asyncpg.Record]

ResultT = TypeVar("ResultT")

_LOOK_OUT_SECONDS = 0.5
_LONGEST_REST = 240.0
"""After this many idle seconds a connection may have been forgotten by something on the way: a new one is opened."""
_LONGEST_QUEUE = 4096
_STATEMENTS_KEPT = 200


class Forgetful(Exception):
    """The server would acknowledge what it may yet lose."""


async def connect(address: Address, seconds: float) -> Connection:
    """A new connection, within this time. Raises what `errors.ANY` lists, or ValueError."""
    name = {"application_name": address.application_name}
    return await asyncpg.connect(
        address.url.reveal(),
        timeout=seconds,
        server_settings=name if address.through_pooler else name | _session(address),
        statement_cache_size=0 if address.through_pooler else _STATEMENTS_KEPT,
        max_cached_statement_lifetime=0,
    )


def _session(address: Address) -> dict[str, str]:
    """In milliseconds. Below what callers wait, so that the server says what happened before they give up."""
    return {
        "statement_timeout": str(1000 * address.patience),
        "idle_in_transaction_session_timeout": str(10_000 * address.patience),
    }


class Pool:
    """Lends connections for one event loop. Who finds none free waits for half of the patience there is.

    While no connection can be made, everybody is refused at once, and the pool looks out by itself until one can.
    """

    def __init__(self, address: Address) -> None:
        self.patience = address.patience
        self._address = address
        self._places = asyncio.Semaphore(address.connections)
        self._idle: list[tuple[Connection, float]] = []
        self._waiting = 0
        self._away: str | None = None
        self._looking_out: asyncio.Task[None] | None = None
        self._closed = False

    async def lend(self, use: Callable[[Connection], Awaitable[ResultT]], seconds: float) -> ResultT:
        """What the use of a connection comes to. Refuses `temporarily_unavailable`; raises what the use raises.

        Raises TimeoutError if it takes longer than this; then nobody knows what was done.
        """
        await self._place()
        try:
            async with asyncio.timeout(seconds):
                connection = self._rested() or await self._connected()
                try:
                    result = await use(connection)
                except BaseException as error:
                    self._judge(connection, error)
                    raise
        except TimeoutError:
            self._distrust()
            raise
        else:
            self._put_back(connection)
            return result
        finally:
            self._places.release()

    async def close(self) -> None:
        """Close what is idle, and the rest when it comes back."""
        self._closed = True
        if self._looking_out is not None:
            self._looking_out.cancel()
        resting = [connection for connection, _ in self._idle]
        self._idle.clear()
        await asyncio.gather(*(connection.close(timeout=1) for connection in resting), return_exceptions=True)

    async def _place(self) -> None:
        """The right to one connection, before anything is sent: who gets none has done nothing."""
        if not self._places.locked():
            await self._places.acquire()
            return
        if self._waiting >= _LONGEST_QUEUE:
            raise refusal("too many wait for a connection to the database")
        self._waiting += 1
        try:
            async with asyncio.timeout(self.patience / 2):
                await self._places.acquire()
        except TimeoutError:
            raise refusal("all connections to the database are in use") from None
        finally:
            self._waiting -= 1

    def _rested(self) -> Connection | None:
        """The one used last, so that those not needed rest."""
        while self._idle:
            connection, since = self._idle.pop()
            if not connection.is_closed() and monotonic() - since < _LONGEST_REST:
                return connection
            connection.terminate()
        return None

    def _put_back(self, connection: Connection) -> None:
        if self._closed or connection.is_closed():
            connection.terminate()
        else:
            self._idle.append((connection, monotonic()))

    def _judge(self, connection: Connection, error: BaseException) -> None:
        """What is halfway through, because its caller gave up or the work left it so, is of no use to the next."""
        if is_lost(error) or connection.is_closed():
            connection.terminate()
            self._distrust()
        elif not isinstance(error, Exception) or connection.is_in_transaction():
            connection.terminate()
        else:
            self._put_back(connection)

    def _distrust(self) -> None:
        """One lost connection is a reason to open all others anew."""
        while self._idle:
            self._idle.pop()[0].terminate()

    async def _connected(self) -> Connection:
        if self._away is not None:
            raise refusal(self._away)
        try:
            return await self._durable()
        except asyncpg.TooManyConnectionsError as error:
            raise refusal(told(error)) from error
        except (*ANY, ValueError, Forgetful) as error:
            self._go_away(f"the database cannot be reached: {told(error)}")
            raise refusal(told(error)) from error

    async def _durable(self) -> Connection:
        """A new connection. After a failover it is to another server, which has settings of its own."""
        connection = await connect(self._address, self.patience)
        try:
            setting = await connection.fetchval("SHOW synchronous_commit", timeout=self.patience)
        except BaseException:
            connection.terminate()
            raise
        if setting == "off":
            connection.terminate()
            raise Forgetful("synchronous_commit is off: set it to on for this database or role")
        return connection

    def _go_away(self, why: str) -> None:
        if self._away is None and not self._closed:
            self._away = why
            self._looking_out = asyncio.get_running_loop().create_task(self._look_out())

    async def _look_out(self) -> None:
        """Try again and again, so that nobody has to be turned away to find out that the database is back."""
        while self._away is not None:
            await asyncio.sleep(_LOOK_OUT_SECONDS)
            try:
                connection = await self._durable()
            except Exception as error:  # noqa: BLE001 (whatever it is: nobody else would look out again)
                self._away = f"the database cannot be reached: {told(error)}"
            else:
                self._away = None
                self._put_back(connection)
