"""Copies an SQLite database while others write to it, and examines the copy."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from dragoman.store.faults import StoreFault
from dragoman.store.sqlite.connection import Trouble, connect_reader, trouble_of
from dragoman.store.sqlite.file import beside, read_version
from dragoman.store.version import APPLICATION_ID

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PAGES_AT_ONCE = 1024
"""After so many they are sent to the disk, so that no writer waits behind all of them at the end."""


def copy_database(source: Path, draft: Path, descriptor: int) -> None:
    """Copy what is committed now into an empty file, whatever is written meanwhile. Raises StoreFault, OSError.

    One snapshot of the write-ahead log is read from beginning to end: it holds up no writer, and no writer makes it
    begin anew. The copy is a file by itself, without a log.
    """
    try:
        with closing(_connect(source)) as reading, closing(sqlite3.connect(draft, isolation_level=None)) as writing:
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
            writing.execute("PRAGMA synchronous = OFF")
            reading.backup(writing, pages=_PAGES_AT_ONCE, progress=lambda *_: os.fdatasync(descriptor))
            writing.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise _uncopied(source, error) from error


def examine_copy(copy: Path, shown: Path) -> str:
    """The schema version of a copy that is whole and ours. Raises StoreFault, which calls it by the other name."""
    try:
        version = read_version(copy)
        with closing(connect_reader(copy)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    except StoreFault as fault:
        raise StoreFault(str(fault).replace(str(copy), str(shown))) from None
    except sqlite3.Error as error:
        raise _uncopied(shown, error) from error
    if version is None:
        raise StoreFault(f"{shown} holds nothing of Dragoman.")
    if found != "ok" or orphan is not None:
        told = " ".join(found.split()) if found != "ok" else f"a row of {orphan[0]} refers to nothing"
        raise StoreFault(f"{shown} is damaged ({told}): use another backup. Nothing was changed.")
    return version


def count_rows(path: Path) -> Mapping[str, int]:
    """How many rows each table of this file has. Raises sqlite3.Error."""
    with closing(connect_reader(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        counted = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in tables}  # noqa: S608 (names of a schema)
    return {name: count for name, count in counted.items() if name != "alembic_version"}


def read_facts(path: Path) -> Mapping[str, str]:
    """What the table `installation` of this file holds, by name. Raises sqlite3.Error."""
    with closing(connect_reader(path)) as connection:
        return dict(connection.execute("SELECT name, value FROM installation").fetchall())


def _connect(source: Path) -> sqlite3.Connection:
    connection = _opened(source)
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        connection.close()
        raise StoreFault(f"{source} is the database of another program.")
    return connection


def _opened(source: Path) -> sqlite3.Connection:
    """A database with a write-ahead log that is empty can be read where nothing may be written, but only if told so."""
    connection = connect_reader(source)
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if not isinstance(error, sqlite3.OperationalError) or beside(source, "-wal").exists():
            raise
    else:
        return connection
    return sqlite3.connect(f"{source.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)


def _uncopied(source: Path, error: sqlite3.Error) -> StoreFault:
    match trouble_of(error):
        case Trouble.FULL:
            return StoreFault(f"There is no room for a copy of {source}.")
        case Trouble.BROKEN:
            return StoreFault(f"{source} is damaged or no SQLite database ({error}). Nothing was changed.")
        case _:
            return StoreFault(f"{source} cannot be copied: {error}.")
