"""Saves a PostgreSQL database with `pg_dump`, beside running servers or without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.store.draft import drafted
from dragoman.store.faults import StoreFault
from dragoman.store.postgresql.address import read_address
from dragoman.store.postgresql.dump import read_dump
from dragoman.store.postgresql.errors import ANY, told
from dragoman.store.postgresql.installation import connected, read_version
from dragoman.store.postgresql.tools import connection_environment, find_tool, run
from dragoman.store.saving import Saved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dragoman.core.secret import Secret
    from dragoman.store.postgresql.address import Address
    from dragoman.store.postgresql.pool import Connection

_VERSIONS_A_MAJOR = 10_000
TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() "
    "AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version' ORDER BY table_name"
)
_PATIENT = ("SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0")


async def back_up(url: Secret, destination: Path) -> Saved:
    """Save what is committed now. The destination is there whole and examined, or not at all. Raises StoreFault."""
    address = direct_address(url)
    connection = await connected(address)
    try:
        least = await server_version(connection)
        dump, restore = await find_tool("pg_dump", least), await find_tool("pg_restore", least)
        if await read_version(connection, address) is None:
            raise StoreFault(f"{address.shown} holds nothing of Dragoman yet.")
        with drafted(destination) as (draft, descriptor):
            rows = await _dump(connection, address, dump, descriptor)
            found = await read_dump(restore, draft)
            return Saved(version=found.version, rows=rows, size=draft.stat().st_size)
    except ANY as error:
        raise StoreFault(f"{address.shown} cannot be saved: {told(error)}.") from error
    finally:
        connection.terminate()


def direct_address(url: Secret) -> Address:
    """The address, if it leads to the database itself. Raises StoreFault."""
    address = read_address(url)
    if address.through_pooler:
        raise StoreFault(
            f"{address.shown} is reached through a pooler, and this needs a session of its own: name the database "
            "itself, without pooler=transaction, in DRAGOMAN_DATABASE for this command."
        )
    return address


async def server_version(connection: Connection) -> int:
    """The major version of the database server."""
    return int(await connection.fetchval("SHOW server_version_num")) // _VERSIONS_A_MAJOR


async def count_rows(connection: Connection) -> Mapping[str, int]:
    """By table."""
    names = [row[0] for row in await connection.fetch(TABLES)]
    return {name: await connection.fetchval(f"SELECT count(*) FROM {quoted(name)}") for name in names}  # noqa: S608 (quoted)


def quoted(name: str) -> str:
    """A name as SQL has it, and as the patterns of PostgreSQL's programs have it."""
    return '"' + name.replace('"', '""') + '"'


async def _dump(connection: Connection, address: Address, tool: str, descriptor: int) -> Mapping[str, int]:
    """Dump one snapshot, and count the rows of the very same one."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for statement in _PATIENT:
            await connection.execute(statement)
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        schema = await connection.fetchval("SELECT current_schema()")
        options = ("--format=custom", f"--schema={quoted(schema)}", f"--snapshot={snapshot}", "--no-password")
        with connection_environment(address.url) as environment:
            await run([tool, *options], environment, descriptor)
        return await count_rows(connection)
