"""Looks at a PostgreSQL database and changes nothing: for `dragoman doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.store.faults import StoreFault
from dragoman.store.postgresql.address import read_address
from dragoman.store.postgresql.errors import ANY, told
from dragoman.store.postgresql.installation import connected, read_version, refuse_unfit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dragoman.core.secret import Secret
    from dragoman.store.postgresql.address import Address
    from dragoman.store.postgresql.pool import Connection

_OPEN_TO_LISTENERS = (
    "SELECT NOT ssl AND client_addr IS NOT NULL AND NOT (client_addr <<= '127.0.0.0/8' OR client_addr = '::1') "
    "FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE pid = pg_backend_pid()"
)
_NOW = "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found."""

    shown: str
    """What messages call the database."""
    version: str | None
    """Of the schema; None where nothing has been created."""
    now: int
    """What time it is there, in epoch seconds."""
    warnings: tuple[tuple[str, str], ...]
    """A sentence and a remedy each."""


async def examine(url: Secret) -> Examined:
    """Whether it can be reached and fits, and what could be better. Raises StoreFault."""
    address = read_address(url)
    connection = await connected(address)
    try:
        await refuse_unfit(connection, address)
        version = await read_version(connection, address)
        now = await connection.fetchval(_NOW)
        warnings = [warning async for warning in _warnings(connection, address)]
    except ANY as error:
        raise StoreFault(f"{address.shown} cannot be examined: {told(error)}.") from error
    finally:
        connection.terminate()
    return Examined(shown=address.shown, version=version, now=now, warnings=tuple(warnings))


async def _warnings(connection: Connection, address: Address) -> AsyncIterator[tuple[str, str]]:
    if await connection.fetchval(_OPEN_TO_LISTENERS):
        yield (
            "passwords and password hashes travel to the database without TLS",
            "add sslmode=verify-full and sslrootcert to its address",
        )
    if address.through_pooler and await connection.fetchval("SHOW statement_timeout") == "0":
        yield (
            "a statement may take for ever: through a pooler Dragoman cannot set a limit",
            "run ALTER ROLE … SET statement_timeout = '1s' for the role of its address",
        )
