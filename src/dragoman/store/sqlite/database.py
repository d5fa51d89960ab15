"""An open SQLite database: point reads on the event loop's own connection, writes through the writer."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from dragoman.core.errors import OAuthError, Refusal
from dragoman.store.faults import StoreFault
from dragoman.store.sqlite.connection import Connection, Trouble, connect_reader, connect_writer, trouble_of
from dragoman.store.sqlite.file import check_integrity, create_database, exclusive, located, read_version, refuse_unfit
from dragoman.store.sqlite.statements import SECOND_STATEMENTS, STATEMENTS
from dragoman.store.sqlite.time import refuse_lost, refuse_older
from dragoman.store.sqlite.writer import Writer
from dragoman.store.version import is_due

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
    from pathlib import Path

    from dragoman.store.database import Transaction
    from dragoman.store.rows import Row, Values

ResultT = TypeVar("ResultT")


class SqliteTransaction:
    """A job of the writer's. Nothing here ever waits for an event loop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def row(self, statement: str, values: Values) -> Row | None:
        """The only row that the statement finds or changes, if there is one."""
        return _changed_row(self._connection, statement, values)

    async def rows(self, statement: str, values: Values) -> Sequence[Row]:
        """All rows that the statement finds, as this transaction sees them."""
        return self._connection.rows(STATEMENTS[statement], values)

    async def count(self, statement: str, values: Values) -> int:
        """How many rows it changed."""
        return self._connection.count(STATEMENTS[statement], values)

    async def each(self, statement: str, many: Sequence[Values]) -> None:
        """Run a change for each of these values."""
        self._connection.each(STATEMENTS[statement], many)


class SqliteDatabase:
    """Reads and writes for one event loop.

    A point read runs right on the loop: by primary key, from a snapshot that waits for no writer, it takes some ten
    microseconds, less than handing it to a thread and back would. Whatever may take longer goes through the writer.
    """

    def __init__(self, reader: Connection, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    @property
    def broken(self) -> str | None:
        """Why the file or the disk cannot be trusted any more, if so; then nothing is written, until a restart."""
        return self._writer.look_after_files()

    async def rows(self, statement: str, values: Values) -> Sequence[Row]:
        """What is committed. Refuses `temporarily_unavailable`."""
        return self._read(statement, values)

    async def row(self, statement: str, values: Values) -> Row | None:
        """The only row, if there is one. Refuses `temporarily_unavailable`."""
        rows = self._read(statement, values)
        return rows[0] if rows else None

    def change(self, statement: str, values: Values) -> Future[int]:
        """One statement that touches a row by its key; how many rows it changed."""
        text = STATEMENTS[statement]
        return self._writer.submit(lambda connection: connection.count(text, values), brief=True)

    def change_row(self, statement: str, values: Values) -> Future[Row | None]:
        """One such statement, or both of a chain; the row it changed."""
        return self._writer.submit(lambda connection: _changed_row(connection, statement, values), brief=True)

    def ensure(self, statement: str, values: Values) -> Future[int]:
        """As `change`: all who wait share a commit."""
        return self.change(statement, values)

    def contest(self, statement: str, values: Values) -> Future[bool]:
        """Whether the row was as the statement expects it, and is changed: all who wait share a commit."""
        if statement in SECOND_STATEMENTS:
            return self._writer.submit(
                lambda connection: _changed_row(connection, statement, values) is not None, brief=True
            )
        text = STATEMENTS[statement]
        return self._writer.submit(lambda connection: connection.count(text, values) == 1, brief=True)

    async def transact(self, work: Callable[[Transaction], Coroutine[object, None, ResultT]]) -> ResultT:
        """Run the work in the writer's thread, all of it or nothing; durable when this returns."""
        return await self._writer.submit(lambda connection: _finished(work(SqliteTransaction(connection))), brief=False)

    async def close(self) -> None:
        """Finish what is queued, then close the file."""
        await self._writer.close()
        self._reader.close()

    def _read(self, statement: str, values: Values) -> list[Row]:
        try:
            return self._reader.rows(STATEMENTS[statement], values)
        except UnicodeEncodeError:  # a lone surrogate has no bytes, so it is the name of nothing stored
            return []
        except sqlite3.DatabaseError as error:
            trouble = trouble_of(error)
            if trouble is Trouble.STATEMENT:
                raise
            if trouble is Trouble.BROKEN:
                self._writer.break_down(f"reading failed: {error}")
            raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, f"{trouble.name.lower()}: {error}") from error


def _changed_row(connection: Connection, statement: str, values: Values) -> Row | None:
    row = connection.row(STATEMENTS[statement], values)
    if row is not None and statement in SECOND_STATEMENTS:
        connection.count(SECOND_STATEMENTS[statement], values)
    return row


def _finished(work: Coroutine[object, None, ResultT]) -> ResultT:
    """What the work comes to. It runs to its end at once, for nothing that it awaits ever waits."""
    try:
        work.send(None)
    except StopIteration as end:
        result: ResultT = end.value
        return result
    work.close()
    raise RuntimeError("a transaction waited for something else than its own statements")


def prepare_for_server(path: Path) -> None:
    """Create, examine or upgrade the database. The lock must be held. Raises StoreFault."""
    _prepare(path)
    check_integrity(path)
    refuse_older(path)


def prepare_for_tool(path: Path) -> None:
    """Look whether it fits, beside a server if need be; create or upgrade it only without one. Raises StoreFault."""
    if path.exists():
        refuse_unfit(path)
        if not is_due(read_version(path)):
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
        refuse_lost(path)
        create_database(path)
    refuse_unfit(path)
    if is_due(read_version(path)):
        from dragoman.store.sqlite.migration import upgrade_database  # noqa: PLC0415 - Alembic costs a second to load

        upgrade_database(path)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteDatabase]:
    """The prepared database, until the block ends: then queued writes are finished and the file is closed."""
    try:
        writing = connect_writer(path)
        reading = connect_reader(path)
    except sqlite3.Error as error:
        raise StoreFault(f"{path} cannot be opened: {error}.") from error
    writer = Connection(writing)
    database = SqliteDatabase(Connection(reading), Writer(writer, path))
    try:
        yield database
    finally:
        await database.close()
        writer.close()
