"""A PostgreSQL database as a source: one read-only transaction on one snapshot, read through a cursor of the server."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

from dragoman.importers.record import SourceFault
from dragoman.importers.sources.address import POSTGRESQL, scheme_of, shown, unreachable, unreadable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from dragoman.core.secret import Secret

_AT_ONCE = 500
_CONNECT_SECONDS = 10.0
_COLUMNS = """SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped"""
_TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, EOFError)
"""Whatever the driver raises; a timeout is an OSError."""


class Server:
    """An open connection, in one read-only transaction."""

    def __init__(self, connection: asyncpg.Connection[Any], shown_as: str) -> None:
        self._connection = connection
        self._shown = shown_as

    async def columns(self, table: str) -> frozenset[str]:
        """The names of its columns; none if there is no such table in the search path."""
        try:
            found = await self._connection.fetch(_COLUMNS, f'"{table}"')
        except _TROUBLE as error:
            raise unreadable(self._shown, _said(error)) from None
        return frozenset(row["attname"] for row in found)

    async def rows(self, query: str) -> AsyncIterator[Mapping[str, object]]:
        """What a query finds. Raises SourceFault."""
        try:
            async for row in self._connection.cursor(query, prefetch=_AT_ONCE):
                yield dict(row)
        except _TROUBLE as error:
            raise unreadable(self._shown, _said(error)) from None


@asynccontextmanager
async def opened(url: Secret) -> AsyncIterator[Server]:
    """The database, until the block ends. Raises SourceFault."""
    shown_as = _shown(url)
    try:
        connection = await asyncpg.connect(
            url.reveal(), timeout=_CONNECT_SECONDS, server_settings={"application_name": "dragoman import"}
        )
    except (*_TROUBLE, ValueError) as error:
        raise unreachable(shown_as, _said(error)) from None
    try:
        try:
            await connection.transaction(isolation="repeatable_read", readonly=True).start()
        except _TROUBLE as error:
            raise unreadable(shown_as, _said(error)) from None
        yield Server(connection, shown_as)
    finally:
        connection.terminate()  # and with it the transaction, which has nothing to commit


def _shown(url: Secret) -> str:
    if scheme_of(url) not in POSTGRESQL:
        raise SourceFault(
            "the source is no file and no URL of a PostgreSQL, MySQL or MariaDB database; name one of these"
        )
    return shown(url)


def _said(error: Exception) -> str:
    """What kind of trouble, without any value of a row or an address."""
    code = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} ({code})" if code else type(error).__name__
