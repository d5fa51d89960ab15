"""An open SQLite database: point reads on the event loop's own connection, writes through the writer's thread."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from dragoman.core.errors import OAuthError, Refusal
from dragoman.store.faults import StoreFault
from dragoman.store.sqlite_connection import Connection, Trouble, connect_reader, connect_writer, trouble_of
from dragoman.store.sqlite_file import check_integrity, create_database, exclusive, located, read_version, refuse_unfit
from dragoman.store.sqlite_writer import Writer
from dragoman.store.version import VERSIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from dragoman.store.rows import Row, Values

ResultT = TypeVar("ResultT")


class Database:
    """Reads and writes for one event loop.

    A point read runs right on the loop: by primary key, from a snapshot that waits for no writer, it takes some ten
    microseconds, less than handing it to a thread and back would. Whatever may take longer goes through `write`.
    """

    def __init__(self, reader: Connection, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    @property
    def broken(self) -> str | None:
        """Why the file or the disk cannot be trusted any more, if so; then nothing is written, until a restart."""
        return self._writer.fault

    def rows(self, statement: str, values: Values) -> list[Row]:
        """What is committed. Refuses `temporarily_unavailable`."""
        try:
            return self._reader.rows(statement, values)
        except UnicodeEncodeError:  # a lone surrogate has no bytes, so it is the name of nothing stored
            return []
        except sqlite3.DatabaseError as error:
            trouble = trouble_of(error)
            if trouble is Trouble.STATEMENT:
                raise
            if trouble is Trouble.BROKEN:
                self._writer.break_down(f"reading failed: {error}")
            raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, f"{trouble.name.lower()}: {error}") from error

    def row(self, statement: str, values: Values) -> Row | None:
        """The only row, if there is one. Refuses `temporarily_unavailable`."""
        rows = self.rows(statement, values)
        return rows[0] if rows else None

    async def write(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """Run the work in the writer's thread, all of it or nothing; durable when this returns.

        Refuses `temporarily_unavailable`: then nothing was written, or, if the disk failed at that very moment,
        nobody knows. It is never tried again.
        """
        return await self._writer.submit(work)

    async def close(self) -> None:
        """Finish what is queued, then close the file."""
        await self._writer.close()
        self._reader.close()


def prepare_for_server(path: Path) -> None:
    """Create, examine or upgrade the database. The lock must be held. Raises StoreFault."""
    _prepare(path)
    check_integrity(path)


def prepare_for_tool(path: Path) -> None:
    """Look whether it fits, beside a server if need be; create or upgrade it only without one. Raises StoreFault."""
    if path.exists():
        refuse_unfit(path)
        if read_version(path) == VERSIONS[-1]:
            return
    with exclusive(path):
        _prepare(path)


def migrate(path: Path) -> None:
    """Bring the database to this program's schema, creating it if there is none. Raises StoreFault."""
    path = located(path)
    with exclusive(path):
        _prepare(path)


def _prepare(path: Path) -> None:
    if not path.exists():
        create_database(path)
    refuse_unfit(path)
    if read_version(path) != VERSIONS[-1]:
        from dragoman.store.migration import upgrade_database  # noqa: PLC0415 - Alembic costs a second to load

        upgrade_database(path)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Database]:
    """The prepared database, until the block ends: then queued writes are finished and the file is closed."""
    try:
        writing = connect_writer(path)
        reading = connect_reader(path)
    except sqlite3.Error as error:
        raise StoreFault(f"{path} cannot be opened: {error}.") from error
    writer = Connection(writing)
    database = Database(Connection(reading), Writer(writer, path))
    try:
        yield database
    finally:
        await database.close()
        writer.close()
