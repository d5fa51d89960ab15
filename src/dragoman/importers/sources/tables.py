"""A database that is read and never changed, whichever it is."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dragoman.importers.record import SourceFault
from dragoman.importers.sources.address import MYSQL, scheme_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping

    from dragoman.core.secret import Secret

# ruff: noqa: PLC0415


class Tables(Protocol):
    """All of it is read from one snapshot, a few rows at a time."""

    async def columns(self, table: str) -> frozenset[str]:
        """The names of its columns; none if there is no such table."""
        ...

    def rows(self, query: str) -> AsyncIterator[Mapping[str, object]]:
        """What a query finds, each row by the names of its columns. Raises SourceFault."""
        ...


async def refuse_others(tables: Tables, needed: Mapping[str, set[str]], what: str) -> None:
    """Raises SourceFault where a table is missing, or one of these columns of it; `what` says whose they are."""
    for table, columns in needed.items():
        if not await tables.columns(table) >= columns:
            raise SourceFault(f"the source has no table {table} {what}; name the right database")


@asynccontextmanager
async def open_tables(location: Path | Secret, needed: Collection[str] | None = None) -> AsyncIterator[Tables]:
    """The database, until the block ends; of a dump the tables that are needed, or all.

    Only the driver in use is loaded. Raises SourceFault.
    """
    if isinstance(location, Path):
        from dragoman.importers.sources import dump, sqlite

        with sqlite.opened(location) if sqlite.is_database(location) else dump.opened(location, needed) as file:
            yield file
    elif scheme_of(location) in MYSQL:
        from dragoman.importers.sources import mysql

        with mysql.opened(location) as server:
            yield server
    else:
        from dragoman.importers.sources import postgresql

        async with postgresql.opened(location) as cluster:
            yield cluster
