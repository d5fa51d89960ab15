"""A PostgreSQL database with accounts: the store's own pool, in transactions that cannot write."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from dragoman.elsewhere.faults import ElsewhereFault, Useless
from dragoman.store.faults import StoreFault
from dragoman.store.postgresql.address import read_address
from dragoman.store.postgresql.errors import ANY, refusal_of
from dragoman.store.postgresql.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg

    from dragoman.core.secret import Secret
    from dragoman.elsewhere.statement import Statement

    Connection = asyncpg.Connection[asyncpg.Record]

_SECONDS = 2.0
_LONGEST_NUMBER = 18
_LARGEST = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1, "numeric": 10**_LONGEST_NUMBER}


class Server:
    """The database, behind a few connections of this process."""

    def __init__(self, url: Secret, connections: int) -> None:
        """Up to so many connections at once, made when they are needed. Raises ElsewhereFault."""
        try:
            self._pool = Pool(replace(read_address(url), connections=connections))
        except StoreFault as fault:
            raise ElsewhereFault(f"directory.sql.url: {fault}") from None

    async def find(self, query: Statement, value: str | None, most: int) -> Sequence[Mapping[str, object]]:
        """The first rows that a query finds. Raises Useless; refuses `temporarily_unavailable`."""
        text = query.spelled(lambda _parameter: "$1")

        async def use(connection: Connection) -> Sequence[Mapping[str, object]]:
            async with connection.transaction(readonly=True):
                statement = await connection.prepare(text)
                values = _values(value, [one.name for one in statement.get_parameters()])
                if values is None:
                    return ()
                cursor = await statement.cursor(*values)
                return [dict(row) for row in await cursor.fetch(most)]

        try:
            return await self._pool.lend(use, _SECONDS)
        except TimeoutError:
            raise
        except ANY as error:
            refused = refusal_of(error)
            if refused is not None:
                raise refused from None
            raise Useless(f"the query fails: {getattr(error, 'sqlstate', type(error).__name__)}") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()


def _values(value: str | None, types: Sequence[str]) -> tuple[object, ...] | None:
    """The parameter as the query takes it; None where it takes a number, and this is none that it could find."""
    if value is None:
        return ()
    largest = _LARGEST.get(types[0]) if types else None
    if largest is None:
        return (value,)
    if not (value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER and int(value) <= largest):
        return None
    return (Decimal(value) if types[0] == "numeric" else int(value),)
