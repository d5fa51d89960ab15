"""Migrates a PostgreSQL database, all in one transaction, over the same driver as the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from dragoman.store.faults import StoreFault
from dragoman.store.migrations.upgrade import FAULTS, upgrade
from dragoman.store.postgresql.errors import ANY, told
from dragoman.store.postgresql.installation import ALONE, connected, read_version
from dragoman.store.version import is_due

if TYPE_CHECKING:
    from dragoman.store.postgresql.address import Address
    from dragoman.store.postgresql.pool import Connection


async def upgrade_database(address: Address) -> None:
    """Run the migrations that are due; a process that comes second finds none. Raises StoreFault."""
    raw = await connected(address)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: _given(raw), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            for statement in ALONE:
                await connection.exec_driver_sql(statement)
            if is_due(await read_version(raw, address)):
                await connection.run_sync(upgrade)
    except (*FAULTS, *ANY) as error:
        raise StoreFault(
            f"{address.shown} could not be brought to this version: {told(error)}. Nothing was changed; if other "
            "servers are busy with it, try again."
        ) from error
    finally:
        await engine.dispose()


async def _given(connection: Connection) -> Connection:
    return connection
