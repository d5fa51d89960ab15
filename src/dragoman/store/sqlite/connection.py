"""One connection to an SQLite file, and what its errors come to."""

from __future__ import annotations

import sqlite3
from enum import Enum, auto
from typing import TYPE_CHECKING

from dragoman.store.faults import ConstraintViolated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dragoman.store.rows import Row, Values

WRITER_WAITS = 2.0
"""Seconds."""
_READER_WAITS = 0.05
_LONGEST_LOG = 4000
"""Pages after which a commit folds the log, if the writer has not done so before: 16 MB."""
_CODES_OF_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_BREAKING = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
    }
)
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_CANTOPEN,
    }
)


class NoMemory(sqlite3.OperationalError):
    """SQLITE_NOMEM, for which the driver raises MemoryError: as any other error of SQLite's, with its code."""

    sqlite_errorcode = sqlite3.SQLITE_NOMEM

    def __init__(self) -> None:
        super().__init__("out of memory")


class Connection:
    """Executes statement texts. Transactions are begun and ended by whoever holds it.

    Each call raises sqlite3.Error, and no MemoryError.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Values) -> list[Row]:
        """All rows, also those that a change returns. Raises ConstraintViolated."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.IntegrityError as error:
            raise ConstraintViolated(str(error)) from error
        except MemoryError:
            raise NoMemory from None

    def row(self, statement: str, values: Values) -> Row | None:
        """The only row, if there is one."""
        rows = self.rows(statement, values)
        return rows[0] if rows else None

    def count(self, statement: str, values: Values) -> int:
        """How many rows a statement changed. Raises ConstraintViolated."""
        try:
            return self._connection.execute(statement, values).rowcount
        except sqlite3.IntegrityError as error:
            raise ConstraintViolated(str(error)) from error
        except MemoryError:
            raise NoMemory from None

    def each(self, statement: str, many: Sequence[Values]) -> None:
        """Run a change for each of these values. Raises ConstraintViolated."""
        try:
            self._connection.executemany(statement, many)
        except sqlite3.IntegrityError as error:
            raise ConstraintViolated(str(error)) from error
        except MemoryError:
            raise NoMemory from None

    def command(self, text: str) -> None:
        """A statement of transaction control."""
        try:
            self._connection.execute(text)
        except MemoryError:
            raise NoMemory from None

    def commit(self) -> None:
        """End the transaction, durably: one call, which gives the interpreter's lock away once.

        Raises sqlite3.OperationalError also where the transaction has ended by itself: the driver would say nothing.
        """
        if not self._connection.in_transaction:
            raise sqlite3.OperationalError("the transaction has ended by itself")
        try:
            self._connection.commit()
        except MemoryError:
            raise NoMemory from None

    @property
    def changes(self) -> int:
        """How many rows it has changed so far, whatever became of them."""
        return self._connection.total_changes

    def wait_for_locks(self, seconds: float) -> None:
        """From now on wait for locks of other programs for so long, and no longer."""
        self.command(f"PRAGMA busy_timeout = {max(0, int(seconds * 1000))}")

    @property
    def in_transaction(self) -> bool:
        """Whether SQLite still holds the transaction; some errors end it."""
        return self._connection.in_transaction

    def close(self) -> None:
        """Close it; the last connection of all folds the write-ahead log into the database."""
        self._connection.close()


class Trouble(Enum):
    """What an SQLite error means for those who wait."""

    STATEMENT = auto()
    """The statement alone is at fault; its neighbours in the transaction are well."""
    LOCKED = auto()
    FULL = auto()
    PASSING = auto()
    """Nothing was written; it may be better the next time."""
    BROKEN = auto()
    """The file or the device cannot be trusted any more."""


def trouble_of(error: sqlite3.Error) -> Trouble:
    """Sorts an error by its code."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return Trouble.STATEMENT
    if code in _CODES_OF_FULL:
        return Trouble.FULL
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_BUSY:
        return Trouble.LOCKED
    if primary in _BREAKING:
        return Trouble.BROKEN
    return Trouble.PASSING if primary in _PASSING else Trouble.STATEMENT


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection that writes durably: a commit has reached the disk when it returns.

    It may move to another thread once, before its first use there. Raises sqlite3.Error.
    """
    connection = _connect(path, "rw", WRITER_WAITS, one_thread=False)
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        connection.close()
        raise sqlite3.OperationalError(f"no write-ahead log on this file system, only {mode}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LONGEST_LOG}")
    connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # where there was no log, it is begun only now
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection for the thread that calls; it cannot write. Raises sqlite3.Error."""
    connection = _connect(path, "ro", _READER_WAITS, one_thread=True)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect(path: Path, mode: str, wait: float, *, one_thread: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=wait, isolation_level=None, check_same_thread=one_thread
    )
    for setting in ("foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {setting}")
    return connection
