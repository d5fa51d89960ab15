"""Restores a dump into an empty PostgreSQL database: no server starts on it before what it brought back is ended."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from dragoman.store.export.reading import is_export, open_export
from dragoman.store.faults import StoreFault
from dragoman.store.installation import LATEST_TIME, NOT_BEFORE, RESTORED_FROM, SAVED_IN_USE, written_time
from dragoman.store.postgresql.backup import count_rows, direct_address, server_version
from dragoman.store.postgresql.company import refuse_sessions
from dragoman.store.postgresql.dump import read_dump
from dragoman.store.postgresql.errors import ANY, told
from dragoman.store.postgresql.export import load_export
from dragoman.store.postgresql.installation import TABLES, connected, read_version, refuse_unfit
from dragoman.store.postgresql.parameters import PARAMETERS
from dragoman.store.postgresql.statements import STATEMENTS
from dragoman.store.postgresql.tools import SERVICE, connection_environment, find_tool, run
from dragoman.store.saving import (
    CLOCK_RESET,
    RESTORED,
    Restored,
    Terms,
    refuse_lost,
    refuse_other_keys,
    time_of,
    unchanged,
)
from dragoman.store.version import APPLICATION_ID, VERSIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from dragoman.core.secret import Secret
    from dragoman.store.postgresql.address import Address
    from dragoman.store.postgresql.dump import Dump
    from dragoman.store.postgresql.pool import Connection
    from dragoman.store.rows import Values

_PATIENT = ("SET statement_timeout = 0", "SET idle_in_transaction_session_timeout = 0")
_EXCLUSIVELY = (
    "SET LOCAL lock_timeout = '5s'",
    "LOCK TABLE installation IN ACCESS EXCLUSIVE MODE",
)
"""Every server reads this table before it answers. One that has read it is in the list of sessions by then; one that
has not waits, and reads what is written here."""


async def restore(url: Secret, source: Path, terms: Terms) -> Restored:
    """Restore this backup into an empty database, which no server uses yet. Raises StoreFault."""
    if terms.replace:
        raise StoreFault(
            "A PostgreSQL database is never put aside by this: create an empty one beside it, and name that in the "
            "setting `database`."
        )
    address = direct_address(url)
    try:
        exported = is_export(source)
    except OSError as error:
        raise StoreFault(f"{source} cannot be read: {error.strerror}.") from error
    return await (_restore_export if exported else _restore_dump)(address, source, terms)


async def _restore_export(address: Address, source: Path, terms: Terms) -> Restored:
    """In one transaction: cut short, the database is as empty as before."""
    async with _alone(address, "Nothing was changed.") as connection:
        await refuse_unfit(connection, address)
        version = await read_version(connection, address)
        if version is not None and await _holds(connection, source):
            return unchanged(version, await count_rows(connection), await _facts(connection))
        await _refuse_filled(connection, address)
        async with connection.transaction():
            await load_export(connection, source)
            facts = await _facts(connection)
            refuse_other_keys(facts, terms.fingerprint, str(source))
            if terms.nothing_lost:
                refuse_lost(facts, 0, str(source))
            restored = await _renewed(connection, VERSIONS[-1], terms)
            await _changed(connection, "DELETE_INSTALLATION", {"name": SAVED_IN_USE})
            await connection.execute("INSERT INTO alembic_version VALUES ($1)", VERSIONS[-1])
        return restored


async def _holds(connection: Connection, source: Path) -> bool:
    """Whether the database was restored from this very export."""
    with open_export(source) as export:
        return (await _facts(connection)).get(RESTORED_FROM) == export.checksum


async def _restore_dump(address: Address, source: Path, terms: Terms) -> Restored:
    async with _alone(address, "Nothing of it is served: create an empty database, and run this again.") as connection:
        tool = await find_tool("pg_restore", await server_version(connection))
        dump = await read_dump(tool, source)
        refuse_other_keys(dump.facts, terms.fingerprint, str(source))
        await refuse_unfit(connection, address)
        await _refuse_unfit_target(connection, address, dump)
        await _copy(address, tool, source, dump)
        async with _exclusively(connection, address):
            restored = await _renewed(connection, dump.version, terms)
            await connection.execute("INSERT INTO alembic_version VALUES ($1)", dump.version)
        return restored


async def renew(url: Secret, terms: Terms) -> Restored:
    """End what a database brought back that was restored by other means. Raises StoreFault."""
    address = direct_address(url)
    async with _alone(address, "Nothing was changed.") as connection:
        version = await read_version(connection, address)
        if version is None:
            raise StoreFault(f"{address.shown} holds nothing of Dragoman.")
        async with _exclusively(connection, address):
            refuse_other_keys(await _facts(connection), terms.fingerprint, address.shown)
            return await _renewed(connection, version, terms)


async def reset_time(url: Secret, now: int) -> int:
    """Have the next server begin with this time, and end what began after it; how many grants. Raises StoreFault."""
    address = direct_address(url)
    async with (
        _alone(address, "Nothing was changed.") as connection,
        _exclusively(connection, address),
    ):
        await _set(connection, LATEST_TIME, now)
        await _set(connection, NOT_BEFORE, now)  # what was revoked may have been purged before its time
        return await _changed(connection, "END_LATER_GRANTS", {"now": now, "revoked_because": CLOCK_RESET})


@asynccontextmanager
async def _alone(address: Address, afterwards: str) -> AsyncIterator[Connection]:
    """A connection beside which no server has one, and while it lasts nobody makes a schema. Raises StoreFault.

    `afterwards` tells how things are when something goes wrong.
    """
    connection = await connected(address)
    try:
        await _refuse_company(connection, address)
        yield connection
    except ANY as error:
        raise StoreFault(f"{address.shown} cannot be changed: {told(error)}. {afterwards}") from error
    finally:
        connection.terminate()


@asynccontextmanager
async def _exclusively(connection: Connection, address: Address) -> AsyncIterator[None]:
    """A transaction that no server begins beside without seeing what it did. Raises StoreFault if one has begun."""
    async with connection.transaction():
        for statement in _EXCLUSIVELY:
            await connection.execute(statement)
        await refuse_sessions(connection, address)
        yield


async def _refuse_company(connection: Connection, address: Address) -> None:
    for statement in _PATIENT:
        await connection.execute(statement)
    await refuse_sessions(connection, address)
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", APPLICATION_ID):
        raise StoreFault(f"{address.shown} is being prepared by another Dragoman at this moment: try again.")


async def _refuse_filled(connection: Connection, address: Address) -> None:
    if await connection.fetchval(TABLES):
        raise StoreFault(
            f"{address.shown} is not empty, and nothing in it is ever overwritten: create an empty database "
            "(createdb --encoding=UTF8 --template=template0 NAME), and name it in the setting `database`."
        )


async def _refuse_unfit_target(connection: Connection, address: Address, dump: Dump) -> None:
    await _refuse_filled(connection, address)
    schema = await connection.fetchval("SELECT current_schema()")
    if schema != dump.schema:
        raise StoreFault(
            f"The backup is of a database whose tables are in the schema {dump.schema!r}, and the role of the address "
            f"has {schema!r} first in its search_path: make them the same."
        )


async def _copy(address: Address, tool: str, source: Path, dump: Dump) -> None:
    """All but the version, in one transaction of its own."""
    with TemporaryDirectory(prefix="dragoman-") as folder, connection_environment(address.url) as environment:
        contents = Path(folder) / "contents"
        contents.write_text(dump.contents, encoding="utf-8")
        options = (
            f"--dbname=service={SERVICE}", "--single-transaction", "--exit-on-error", "--no-owner",
            "--no-privileges", "--no-password", f"--use-list={contents}",
        )  # fmt: skip
        await run([tool, *options, str(source)], environment)


async def _renewed(connection: Connection, version: str, terms: Terms) -> Restored:
    """End all that was live: nobody knows what of it was spent or revoked since."""
    known = time_of(await _facts(connection), LATEST_TIME)
    rows = await count_rows(connection)
    if terms.nothing_lost:
        return Restored(version=version, rows=rows, latest_time=known, ended=0, not_before=0)
    not_before = max(terms.now, known) + 1
    ended = await _changed(connection, "END_ALL_GRANTS", {"now": not_before, "revoked_because": RESTORED})
    await _set(connection, NOT_BEFORE, not_before)
    await _set(connection, LATEST_TIME, not_before)
    return Restored(version=version, rows=rows, latest_time=known, ended=ended, not_before=not_before)


async def _facts(connection: Connection) -> Mapping[str, str]:
    """The table `installation`."""
    return {row[0]: row[1] for row in await connection.fetch("SELECT name, value FROM installation")}


async def _set(connection: Connection, name: str, time: int) -> None:
    await _changed(connection, "DELETE_INSTALLATION", {"name": name})
    await _changed(connection, "BIND_INSTALLATION", {"name": name, "value": written_time(time)})


async def _changed(connection: Connection, statement: str, values: Values) -> int:
    done = await connection.execute(STATEMENTS[statement], *[values[name] for name in PARAMETERS[statement].split()])
    return int(done.rpartition(" ")[2])
