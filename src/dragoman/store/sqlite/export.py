"""An SQLite database as the source of an export, and as what an export is restored into."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from dragoman.store.export.reading import open_export
from dragoman.store.faults import StoreFault
from dragoman.store.sqlite.backup import is_in_use
from dragoman.store.sqlite.connection import Trouble, connect_reader, trouble_of
from dragoman.store.sqlite.database import prepare_for_tool
from dragoman.store.sqlite.file import located, write_schema
from dragoman.store.sqlite.statements import STATEMENTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from dragoman.store.rows import Row

_AT_ONCE = 500


class FileSnapshot:
    """One read transaction: it holds up no writer, and the write-ahead log grows until it ends."""

    def __init__(self, connection: sqlite3.Connection, *, in_use: bool) -> None:
        self._connection = connection
        self.in_use = in_use

    async def rows(self, statement: str) -> AsyncIterator[Row]:
        """What the statement of this name finds, a few at a time."""
        cursor = self._connection.execute(STATEMENTS[statement])
        while some := cursor.fetchmany(_AT_ONCE):
            for row in some:
                yield row


@contextmanager
def snapshot(path: Path) -> Iterator[FileSnapshot]:
    """What is committed now, until the block ends. Raises StoreFault."""
    path = located(path)
    if not path.exists():
        raise StoreFault(f"There is no database at {path}.")
    prepare_for_tool(path)
    try:
        in_use = is_in_use(path)
        with closing(connect_reader(path)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield FileSnapshot(connection, in_use=in_use or is_in_use(path))
    except sqlite3.Error as error:
        raise StoreFault(f"{path} cannot be read: {error}.") from error


def load_export(source: Path, draft: Path, descriptor: int) -> None:
    """Make an empty file a database that holds what the export does. Raises StoreFault, OSError.

    Whatever goes wrong, the draft is of no use, so that nothing in it has to be undone.
    """
    try:
        with open_export(source) as export, closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            for setting in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {setting}")
            connection.execute("BEGIN")
            write_schema(connection)
            facts = [{"name": name, "value": value} for name, value in export.facts.items()]
            connection.executemany(STATEMENTS["BIND_INSTALLATION"], facts)
            for statement, many in export.batches():
                connection.executemany(STATEMENTS[statement], many)
            connection.execute("COMMIT")
        os.fsync(descriptor)
    except sqlite3.IntegrityError as error:
        raise StoreFault(f"{source} contradicts itself ({error}): use another export.") from error
    except (sqlite3.Error, OverflowError) as error:
        if isinstance(error, sqlite3.Error) and trouble_of(error) is Trouble.FULL:
            raise StoreFault(f"There is no room for what is in {source}.") from error
        raise StoreFault(f"{source} cannot be restored: {error}.") from error
