"""Who else has a PostgreSQL database at this moment."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from dragoman.store.faults import StoreFault

if TYPE_CHECKING:
    from dragoman.store.postgresql.address import Address
    from dragoman.store.postgresql.pool import Connection

_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend' AND (usename = current_user OR application_name = $1)"
)
_ENDING_SECONDS = 1.0
"""How long a session that is about to end may stay in the list: that of a server that was just stopped."""
_LOOK_AGAIN_SECONDS = 0.05


async def refuse_sessions(connection: Connection, address: Address) -> None:
    """Raises StoreFault while a server or a command has the database."""
    others = await remaining_sessions(connection, address)
    if others:
        raise StoreFault(
            f"{address.shown} is in use by {others} other session{'s' if others > 1 else ''}: stop every server "
            "and command that uses it, then try again."
        )


async def remaining_sessions(connection: Connection, address: Address) -> int:
    """How many others have it, and do not leave it within a second."""
    deadline = monotonic() + _ENDING_SECONDS
    while others := await _count_others(connection, address):
        if monotonic() >= deadline:
            return others
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    return 0


async def _count_others(connection: Connection, address: Address) -> int:
    await connection.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees the same list all along
    others: int = await connection.fetchval(_OTHERS, address.application_name)
    return others
