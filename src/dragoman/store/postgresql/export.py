"""A PostgreSQL database as the source of an export, and as what an export is restored into."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import asyncpg

from dragoman.store.export.reading import open_export
from dragoman.store.faults import StoreFault
from dragoman.store.postgresql.backup import direct_address
from dragoman.store.postgresql.company import remaining_sessions
from dragoman.store.postgresql.errors import ANY, told
from dragoman.store.postgresql.installation import connected, prepare, read_version, write_schema
from dragoman.store.postgresql.parameters import PARAMETERS
from dragoman.store.postgresql.statements import STATEMENTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from dragoman.core.secret import Secret
    from dragoman.store.postgresql.address import Address
    from dragoman.store.postgresql.pool import Connection
    from dragoman.store.rows import Row, Values

_AT_ONCE = 500
_PATIENT = ("SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0")


class ServerSnapshot:
    """One read-only transaction on one snapshot, read through cursors of the server."""

    def __init__(self, connection: Connection, address: Address, *, in_use: bool) -> None:
        self._connection = connection
        self._address = address
        self.in_use = in_use

    async def rows(self, statement: str) -> AsyncIterator[Row]:
        """What the statement of this name finds, a few at a time. Raises StoreFault."""
        with _reading(self._address):
            async for row in self._connection.cursor(STATEMENTS[statement], prefetch=_AT_ONCE):
                yield row


@asynccontextmanager
async def snapshot(url: Secret) -> AsyncIterator[ServerSnapshot]:
    """What is committed now, until the block ends. Raises StoreFault, but for nothing that the block itself raises."""
    address = direct_address(url)
    connection = await connected(address)
    try:
        with _reading(address):
            if await read_version(connection, address) is None:
                raise StoreFault(f"{address.shown} holds nothing of Dragoman yet.")
            await prepare(address)
            in_use = await remaining_sessions(connection, address) > 0
            await connection.transaction(isolation="repeatable_read", readonly=True).start()
            for statement in _PATIENT:
                await connection.execute(statement)
        yield ServerSnapshot(connection, address, in_use=in_use)
    finally:
        connection.terminate()  # and with it the transaction, which has nothing to commit


@contextmanager
def _reading(address: Address) -> Iterator[None]:
    try:
        yield
    except ANY as error:
        raise StoreFault(f"{address.shown} cannot be read: {told(error)}.") from error


async def load_export(connection: Connection, source: Path) -> None:
    """Make an empty database one that holds what the export does, but without a version. Raises StoreFault.

    In the transaction that is open: whatever goes wrong, nothing of it stays.
    """
    try:
        with open_export(source) as export:
            await write_schema(connection)
            facts = [{"name": name, "value": value} for name, value in export.facts.items()]
            await _each(connection, "BIND_INSTALLATION", facts)
            for statement, many in export.batches():
                await _each(connection, statement, many)
    except asyncpg.IntegrityConstraintViolationError as error:
        raise StoreFault(f"{source} contradicts itself ({error.sqlstate}): use another export.") from error
    except asyncpg.DataError as error:
        raise StoreFault(f"{source} holds what cannot be stored ({error.sqlstate}).") from error


async def _each(connection: Connection, statement: str, many: Sequence[Values]) -> None:
    names = PARAMETERS[statement].split()
    await connection.executemany(STATEMENTS[statement], [[values[name] for name in names] for values in many])
