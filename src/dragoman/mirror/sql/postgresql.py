"""A mirror in a PostgreSQL database: the store's own pool, values as the statement's parameters take them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from dragoman.core.errors import OAuthError
from dragoman.elsewhere.faults import Away, ElsewhereFault, Useless
from dragoman.store.faults import StoreFault
from dragoman.store.postgresql.address import read_address
from dragoman.store.postgresql.errors import ANY, refusal_of
from dragoman.store.postgresql.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from dragoman.core.secret import Secret
    from dragoman.elsewhere.statement import Statement, Values

    Connection = asyncpg.Connection[asyncpg.Record]

Result = TypeVar("Result")

_NUMBERS: Mapping[str, Callable[[str | int], object]] = {
    "int2": int, "int4": int, "int8": int, "numeric": Decimal, "float4": float, "float8": float,
}  # fmt: skip
_UNFIT = (asyncpg.DataError, ValueError, ArithmeticError)
"""What a value comes to that its parameter cannot take, here or at the server."""


class Server:
    """The database, behind a few connections of this process."""

    def __init__(self, setting: str, url: Secret, connections: int, seconds: float) -> None:
        """Up to so many connections at once; each statement has `seconds`.

        Raises ElsewhereFault, which names the setting.
        """
        self._seconds = seconds
        try:
            self._pool = Pool(replace(read_address(url), connections=connections))
        except StoreFault as fault:
            raise ElsewhereFault(f"{setting}: {fault}") from None

    async def insert(self, statement: Statement, values: Values) -> None:
        """Add a row; one that had its key before is as good. Raises Away, and Useless for a value that does not fit."""
        try:
            await self._run(statement, values)
        except asyncpg.UniqueViolationError:
            return
        except _UNFIT:
            raise Useless("a value does not fit into its column") from None

    async def change(self, statement: Statement, values: Values) -> int:
        """How many rows it changed; none by a value that no column could hold."""
        try:
            return await self._run(statement, values)
        except _UNFIT:
            return 0

    async def examine(self, statement: Statement) -> None:
        """Have the server prepare the statement, and run nothing. Raises Away, Useless."""
        await self._use(lambda connection: connection.prepare(_spelled(statement)))

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    async def _run(self, statement: Statement, values: Values) -> int:
        async def use(connection: Connection) -> int:
            prepared = await connection.prepare(_spelled(statement))
            types = [one.name for one in prepared.get_parameters()]
            await prepared.fetch(*_fitting(map(values.__getitem__, dict.fromkeys(statement.names)), types))
            return int((prepared.get_statusmsg() or "").rpartition(" ")[2])

        return await self._use(use)

    async def _use(self, use: Callable[[Connection], Awaitable[Result]]) -> Result:
        try:
            return await self._pool.lend(use, self._seconds)
        except (TimeoutError, asyncpg.UniqueViolationError, asyncpg.DataError):
            raise
        except OAuthError as away:  # the pool's own: no connection, or none in time
            raise Away(away.detail) from None
        except ANY as error:
            refused = refusal_of(error)
            if refused is not None:
                raise Away(refused.detail) from None
            raise Useless(f"the statement fails: {getattr(error, 'sqlstate', type(error).__name__)}") from None


def _spelled(statement: Statement) -> str:
    """With each parameter numbered once, however often it stands there."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(statement.names), 1)}
    return statement.spelled(lambda name: f"${numbers[name]}")


def _fitting(values: Iterable[str | int | None], types: Iterable[str]) -> Iterable[object]:
    """Numbers where numbers are wanted, and texts elsewhere. Raises what `_UNFIT` lists."""
    for value, kind in zip(values, types, strict=True):
        yield None if value is None else _NUMBERS.get(kind, str)(value)
