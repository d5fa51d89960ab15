"""An SQLite file as a source: opened so that SQLite itself refuses to write."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.importers.record import SourceFault
from dragoman.importers.sources.files import opened_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_READ_VERSION = 19
_WRITE_AHEAD_LOG = 2
_LONGEST_VALUE = 1 << 20
"""Bytes. A file of a few kilobytes can hold columns that compute any length."""
_WAIT_SECONDS = 5.0


class File:
    """An open file, in one read transaction."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    async def columns(self, table: str) -> frozenset[str]:
        """The names of its columns; none if there is no such table."""
        with self._told():
            found = self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        return frozenset(row["name"] for row in found)

    async def rows(self, query: str) -> AsyncIterator[Mapping[str, object]]:
        """What a query finds. Raises SourceFault."""
        with self._told():
            cursor = self._connection.execute(query)
        while True:
            with self._told():
                row = cursor.fetchone()
            if row is None:
                return
            yield dict(row)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SourceFault(f"{self._path}: cannot be read: {said(error)}; {_remedy(error)}") from None


def is_database(path: Path) -> bool:
    """Whether a regular file begins as SQLite's do. Raises SourceFault."""
    return _header_of(path).startswith(_MAGIC)


@contextmanager
def opened(path: Path) -> Iterator[File]:
    """The file, until the block ends. Raises SourceFault."""
    mode = "immutable=1" if _is_at_rest(path) else "mode=ro"
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=_WAIT_SECONDS, isolation_level=None
        )
    except sqlite3.Error as error:
        raise SourceFault(f"{path}: cannot be opened: {said(error)}") from None
    with closing(connection):
        connection.row_factory = sqlite3.Row
        connection.text_factory = _text
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        connection.set_authorizer(_refuse_views)
        try:
            for setting in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON", "temp_store = MEMORY"):
                connection.execute(f"PRAGMA {setting}")
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise SourceFault(f"{path}: cannot be opened: {said(error)}; take a fresh copy of it") from None
        yield File(connection, path)


def _refuse_views(_action: int, _one: str | None, _two: str | None, _database: str | None, view: str | None) -> int:
    """What a view finds need never end."""
    return sqlite3.SQLITE_OK if view is None else sqlite3.SQLITE_DENY


def _is_at_rest(path: Path) -> bool:
    """Whether it keeps a write-ahead log and nobody has it open: then even a look would leave files beside it."""
    log = path.with_name(f"{path.name}-wal")
    return _header_of(path)[_READ_VERSION] == _WRITE_AHEAD_LOG and not log.exists()


def _header_of(path: Path) -> bytes:
    with opened_file(path) as file:
        return file.read(_HEADER_BYTES).ljust(_HEADER_BYTES, b"\0")


def _text(content: bytes) -> str | bytes:
    """Whatever is no UTF-8 stays bytes, so that one row of it stops nobody."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def _remedy(error: sqlite3.Error) -> str:
    match said(error):
        case "SQLITE_TOOBIG":
            return f"a value is longer than {_LONGEST_VALUE} bytes; take it out of a copy"
        case "SQLITE_AUTH":
            return "where a table should be is a view; make it a table in a copy"
        case _:
            return "take a fresh copy of it"


def said(error: sqlite3.Error) -> str:
    """SQLite's word for it, without any value."""
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
