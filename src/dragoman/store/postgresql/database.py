"""An open PostgreSQL database: a statement alone is one round trip, and what may have happened is never repeated."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from operator import itemgetter
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from dragoman.store import statement_names as sql
from dragoman.store.faults import ConstraintViolated, StoreConflict
from dragoman.store.postgresql.contested import Contested
from dragoman.store.postgresql.errors import ANY, CERTAINLY_UNDONE, is_lost, refusal, refusal_of_ours, told
from dragoman.store.postgresql.gathering import Gathering
from dragoman.store.postgresql.parameters import PARAMETERS
from dragoman.store.postgresql.statements import STATEMENTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from dragoman.store.database import Transaction
    from dragoman.store.postgresql.gathering import Key, Wanted
    from dragoman.store.postgresql.pool import Connection, Pool
    from dragoman.store.rows import Row, Values

    Rows = Sequence[Row]

ResultT = TypeVar("ResultT")

_ON_THE_WAY_SECONDS = 0.4
"""What a statement may take beyond the patience that the server has with it."""
_TRANSACTION_SECONDS = 65.0
_RETRY_SECONDS = 0.4
"""After this long nobody is made to wait for another attempt."""
_BEGIN = "BEGIN; SET LOCAL statement_timeout = 60000; SET LOCAL lock_timeout = 5000"
"""What is done in a transaction is administration: it may touch many rows, and nobody's log-in waits for it."""
_PAUSES = (0.005, 0.02, 0.08)
_TEXTS = {name: (text, tuple(PARAMETERS[name].split())) for name, text in STATEMENTS.items()}
_LOOKS = (
    sql.FIND_GRANT,
    sql.FIND_SESSION,
    sql.FIND_SESSION_OF_TOKEN,
    sql.FIND_ACCESS_TOKEN,
    sql.FIND_REVOKED_ACCESS_TOKEN,
)
"""By keys of bytes, which can always be sent; each row begins with the values of its parameters."""
_ENSURED = (sql.REVOKE_ACCESS_TOKEN,)
_CONTESTED = {
    sql.ROTATE_GRANT: sql.ROTATE_FREE_GRANT,
    sql.ROTATE_GRANT_WITH_TOKEN: sql.ROTATE_FREE_GRANT_WITH_TOKEN,
}
"""Each with the statement that leaves out a row which somebody holds."""


class PostgresqlTransaction:
    """The statements of one transaction, on the connection that holds it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def row(self, statement: str, values: Values) -> Row | None:
        """The only row that the statement finds or changes, if there is one."""
        return _first(await _rows(self._connection, statement, values))

    async def rows(self, statement: str, values: Values) -> Sequence[Row]:
        """All rows that the statement finds, as this transaction sees them."""
        return await _rows(self._connection, statement, values)

    async def count(self, statement: str, values: Values) -> int:
        """How many rows it changed."""
        return await _count(self._connection, statement, values)

    async def each(self, statement: str, many: Sequence[Values]) -> None:
        """Run a change for each of these values, without waiting for the answer to one before sending the next."""
        await _each(self._connection, statement, many)


class PostgresqlDatabase:
    """Reads and writes for one event loop, on the connections of a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._seconds = pool.patience + _ON_THE_WAY_SECONDS
        self._looks = {statement: self._gathering(statement, _look) for statement in _LOOKS}
        self._ensured = {statement: self._gathering(statement, _done) for statement in _ENSURED}
        self._contested = {alone: self._contest(alone, together) for alone, together in _CONTESTED.items()}

    @property
    def broken(self) -> str | None:
        """Never: while the database is away everybody is refused, and when it is back the pool finds out by itself."""
        return None

    async def row(self, statement: str, values: Values) -> Row | None:
        """The only row, if there is one. Refuses `temporarily_unavailable`."""
        gathering = self._looks.get(statement)
        if gathering is None:
            return _first(await self.rows(statement, values))
        return await gathering.find(_key(statement, values))

    async def rows(self, statement: str, values: Values) -> Sequence[Row]:
        """What is committed. Refuses `temporarily_unavailable`."""
        try:
            return await self._tried(lambda connection: _rows(connection, statement, values), self._seconds)
        except StoreConflict:  # what cannot be stored is the name of nothing stored
            return ()

    async def change(self, statement: str, values: Values) -> int:
        """One statement, one round trip; how many rows it changed."""
        return await self._tried(lambda connection: _count(connection, statement, values), self._seconds)

    async def change_row(self, statement: str, values: Values) -> Row | None:
        """One statement, one round trip; the row it changed."""
        return _first(await self._tried(lambda connection: _rows(connection, statement, values), self._seconds))

    async def ensure(self, statement: str, values: Values) -> None:
        """One statement; those that wait at the same time share a round trip and a commit."""
        await self._ensured[statement].find(_key(statement, values))

    async def contest(self, statement: str, values: Values) -> bool:
        """One statement; those that wait at the same time share a round trip and a commit."""
        return await self._contested[statement].change(values)

    async def transact(self, work: Callable[[Transaction], Coroutine[object, None, ResultT]]) -> ResultT:
        """Run the work in a transaction; durable when this returns."""
        return await self._tried(lambda connection: _transacted(connection, work), _TRANSACTION_SECONDS)

    def _gathering(
        self, statement: str, use: Callable[[Connection, str, Sequence[Key]], Awaitable[Rows]]
    ) -> Gathering[Key]:
        text, names = _TEXTS[statement]

        def go(wanted: Wanted[Key]) -> Coroutine[object, None, Rows]:
            return self._tried(lambda connection: use(connection, text, wanted()), self._seconds)

        return Gathering(go, itemgetter(slice(len(names))))

    def _contest(self, alone: str, together: str) -> Contested:
        return Contested(
            lambda use: self._tried(use, self._seconds),
            lambda connection, values: _won(connection, alone, values),
            lambda connection, many: _winners(connection, together, many, self._pool.patience / 2),
            self._pool.patience / 2,
        )

    async def _tried(self, use: Callable[[Connection], Awaitable[ResultT]], seconds: float) -> ResultT:
        """Again only after the server took all of it back, three times at most."""
        began = monotonic()
        try:
            for pause in _PAUSES:
                try:
                    return await self._pool.lend(use, seconds)
                except CERTAINLY_UNDONE:
                    if monotonic() - began > _RETRY_SECONDS:
                        raise
                await asyncio.sleep(pause)
            return await self._pool.lend(use, seconds)
        except TimeoutError as error:
            raise refusal("the database did not answer in time; what was sent may have been done") from error
        except ANY as error:
            refused = refusal_of_ours(error)
            if refused is None:
                raise
            raise refused from error


def _key(statement: str, values: Values) -> Key:
    return tuple([values[name] for name in _TEXTS[statement][1]])


async def _look(connection: Connection, text: str, keys: Sequence[Key]) -> Rows:
    if len(keys) == 1:
        return await connection.fetch(text, *keys[0])
    return await connection.fetchmany(text, keys) if keys else ()


async def _done(connection: Connection, text: str, keys: Sequence[Key]) -> Rows:
    """In the order of keys, so that two servers never wait for each other."""
    if len(keys) == 1:
        await connection.execute(text, *keys[0])
    elif keys:
        await connection.executemany(text, sorted(keys, key=itemgetter(0)))
    return ()


async def _won(connection: Connection, statement: str, values: Values) -> bool:
    return await _count(connection, statement, values) == 1


async def _winners(connection: Connection, statement: str, many: Sequence[Values], seconds: float) -> Rows:
    """Nobody, if the server said no to one of them in good time: then it has taken back all of it."""
    text, names = _TEXTS[statement]
    began = monotonic()
    try:
        return await connection.fetchmany(text, [[values[name] for name in names] for values in many]) if many else ()
    except asyncpg.PostgresError as error:
        if is_lost(error) or monotonic() - began > seconds:
            raise
        return ()


async def _rows(connection: Connection, statement: str, values: Values) -> Sequence[Row]:
    text, names = _TEXTS[statement]
    try:
        return await connection.fetch(text, *[values[name] for name in names])
    except asyncpg.IntegrityConstraintViolationError as error:
        raise ConstraintViolated(told(error)) from None
    except asyncpg.DataError as error:
        raise _unstorable() from error


async def _count(connection: Connection, statement: str, values: Values) -> int:
    text, names = _TEXTS[statement]
    try:
        done = await connection.execute(text, *[values[name] for name in names])
    except asyncpg.IntegrityConstraintViolationError as error:
        raise ConstraintViolated(told(error)) from None
    except asyncpg.DataError as error:
        raise _unstorable() from error
    return int(done.rpartition(" ")[2])


async def _each(connection: Connection, statement: str, many: Sequence[Values]) -> None:
    text, names = _TEXTS[statement]
    try:
        await connection.executemany(text, [[values[name] for name in names] for values in many])
    except asyncpg.IntegrityConstraintViolationError as error:
        raise ConstraintViolated(told(error)) from None
    except asyncpg.DataError as error:
        raise _unstorable() from error


async def _transacted(
    connection: Connection, work: Callable[[Transaction], Coroutine[object, None, ResultT]]
) -> ResultT:
    await connection.execute(_BEGIN)
    try:
        result = await work(PostgresqlTransaction(connection))
    except Exception:
        with suppress(*ANY):  # a connection that cannot even do this is not lent again
            await connection.execute("ROLLBACK")
        raise
    if await connection.execute("COMMIT") != "COMMIT":
        raise RuntimeError("a transaction went on after one of its statements had failed")
    return result


def _first(rows: Sequence[Row]) -> Row | None:
    return rows[0] if rows else None


def _unstorable() -> StoreConflict:
    """The driver's words would repeat the value."""
    return StoreConflict("Text with a NUL character, or with half of a surrogate pair, cannot be stored.")
