"""Makes a PostgreSQL database ours, once: looks whether it fits, creates the schema, migrates it, one at a time."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import asyncpg

from dragoman.store.faults import StoreFault
from dragoman.store.postgresql.errors import ANY, told
from dragoman.store.postgresql.pool import connect
from dragoman.store.version import APPLICATION_ID, FITS_FROM_ALONE, FITS_FROM_NAME, VERSIONS, is_due, refuse_later

if TYPE_CHECKING:
    from dragoman.store.postgresql.address import Address
    from dragoman.store.postgresql.pool import Connection

_CONNECT_SECONDS = 5.0
ALONE = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL lock_timeout = '60s'",
    f"SELECT pg_advisory_xact_lock({APPLICATION_ID})",
    "SET LOCAL lock_timeout = '2s'",
)
"""What begins a transaction that changes the schema: one process at a time does. Others' statements may hold it up for
two seconds; then it gives up. It holds them up for as long as it takes, which is long where an index is built."""
TABLES = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"
_NAMES = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"


async def prepare(address: Address) -> None:
    """Create, examine or upgrade the database. Raises StoreFault."""
    connection = await connected(address)
    try:
        await refuse_unfit(connection, address)
        version = await read_version(connection, address)
        if version is None:
            version = await _created(connection, address)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise StoreFault(f"{address.shown} could not be prepared: {told(error)}. Nothing was changed.") from error
    finally:
        connection.terminate()
    if is_due(version):
        from dragoman.store.postgresql.migration import (  # noqa: PLC0415 - Alembic costs a second to load
            upgrade_database,
        )

        await upgrade_database(address)


async def connected(address: Address) -> Connection:
    """A connection, or the reason why there is none, for whoever starts the server. Raises StoreFault."""
    try:
        return await connect(address, _CONNECT_SECONDS)
    except TimeoutError:
        reason = f"no answer within {_CONNECT_SECONDS:.0f} seconds"
    except ssl.SSLError as error:  # some of them are ValueErrors too
        reason = told(error)
    except ValueError:  # the driver may repeat what it could not read, and that may be half of a password
        reason = "its address cannot be read; docs/postgresql.md shows how it is written"
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        reason = f"it refuses user or password ({error.sqlstate})"
    except asyncpg.ProtocolViolationError as error:
        reason = f"{told(error)}; if it is a pooler such as PgBouncer, add pooler=transaction to the address"
    except ANY as error:
        reason = told(error)
    raise StoreFault(
        f"{address.shown} cannot be reached: {reason}. See that it runs, and that the setting `database` is right."
    )


async def refuse_unfit(connection: Connection, address: Address) -> None:
    """What could not keep the promises of the store. Raises StoreFault."""
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding.upper().replace("-", "") != "UTF8":
        raise StoreFault(
            f"{address.shown} has the encoding {encoding}, and names of people need UTF8: create the database with "
            "ENCODING 'UTF8' TEMPLATE template0."
        )
    if await connection.fetchval("SHOW synchronous_commit") == "off":
        raise StoreFault(
            f"{address.shown} has synchronous_commit = off, so that a crash would lose tokens that clients hold: set "
            "it to on for this database or role."
        )
    if await connection.fetchval("SHOW transaction_read_only") == "on":
        raise StoreFault(
            f"{address.shown} cannot be written: it is a standby, or set to read only. Name the primary; with several "
            "hosts in the address, add target_session_attrs=read-write."
        )


async def read_version(connection: Connection, address: Address) -> str | None:
    """The schema version, if it fits; None where nothing has been created. Raises StoreFault."""
    names = {found["table_name"] for found in await connection.fetch(_NAMES)}  # one look: others may be creating them
    if not names:
        return None
    if not {"alembic_version", "installation"} <= names:
        raise _foreign(address)
    version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    if version is None:
        raise StoreFault(
            f"{address.shown} is what a restore left that did not come to its end: drop it, create an empty one, and "
            "run `dragoman restore` again."
        )
    fits_from = await connection.fetchval("SELECT value FROM installation WHERE name = $1", FITS_FROM_NAME)
    refuse_later(version, fits_from, address.shown)
    return version


async def _created(connection: Connection, address: Address) -> str | None:
    """The version that is there now, made by this process or by the one that came first."""
    async with connection.transaction():
        for statement in ALONE:
            await connection.execute(statement)
        version = await read_version(connection, address)
        if version is not None:
            return version
        await write_schema(connection)
        await connection.execute("INSERT INTO alembic_version VALUES ($1)", VERSIONS[-1])
    return VERSIONS[-1]


async def write_schema(connection: Connection) -> None:
    """All but the version, without which no server starts, in the transaction that is open."""
    from dragoman.store.postgresql.schema import SCHEMA  # noqa: PLC0415 - a server that finds a database needs it never

    for statement in SCHEMA:
        await connection.execute(statement)
    await connection.execute(
        "CREATE TABLE alembic_version ("
        "version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    await connection.execute("INSERT INTO installation VALUES ($1, $2)", FITS_FROM_NAME, FITS_FROM_ALONE)


def _foreign(address: Address) -> StoreFault:
    return StoreFault(
        f"{address.shown} holds tables of another program; nothing in it was changed. Give Dragoman a database of its "
        "own, or a schema of its own that comes first in the search_path of its role."
    )
