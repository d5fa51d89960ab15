"""Puts a backup in the place of an SQLite database: whole, with what it brought back ended, or not at all."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.store.draft import sync_folder
from dragoman.store.export.reading import is_export, open_export
from dragoman.store.faults import StoreFault
from dragoman.store.installation import LATEST_TIME, NOT_BEFORE, RESTORED_FROM, SAVED_IN_USE, written_time
from dragoman.store.saving import (
    CLOCK_RESET,
    POSTGRESQL_BEGINS,
    RESTORED,
    Restored,
    Terms,
    refuse_lost,
    refuse_other_keys,
    time_of,
    unchanged,
)
from dragoman.store.sqlite.aside import put_aside
from dragoman.store.sqlite.connection import connect_writer
from dragoman.store.sqlite.copy import copy_database, count_rows, examine_copy, read_facts
from dragoman.store.sqlite.export import load_export
from dragoman.store.sqlite.file import beside, exclusive, located, read_version
from dragoman.store.sqlite.statements import STATEMENTS
from dragoman.store.sqlite.time import note_time, noted_time, read_time
from dragoman.store.sqlite.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def restore(path: Path, source: Path, terms: Terms) -> Restored:
    """Restore this backup. Until the last moment what is there stays as it is. Raises StoreFault."""
    path, source = located(path), located(source)
    exported = _is_export(source, path)
    with _alone(path):
        if path.exists() and not terms.replace:
            if exported and _holds(path, source):
                return unchanged(read_version(path) or "", count_rows(path), read_facts(path))
            raise StoreFault(
                f"{path} is there already. To put it aside and restore this backup in its place, add --replace."
            )
        with _made(path, source, load_export if exported else copy_database) as draft:
            version = examine_copy(draft, source)
            used_until = max(noted_time(path), read_time(path) if path.exists() else 0)
            restored = _renewed(draft, source, version, terms, used_until)
            kept = _put_in_place(draft, path, terms.now)
    return replace(restored, kept=None if kept is None else str(kept))


def renew(path: Path, terms: Terms) -> Restored:
    """The same for a database that was put in its place by other means. Raises StoreFault."""
    path = located(path)
    if not path.exists():
        raise StoreFault(f"There is no database at {path}.")
    with _alone(path):
        version = examine_copy(path, path)
        try:
            restored = _renewed(path, path, version, terms, noted_time(path))
        except sqlite3.Error as error:
            raise StoreFault(f"{path} cannot be changed: {error}. It is as it was.") from error
        _note(path)
    return restored


def reset_time(path: Path, now: int) -> int:
    """Have the next server begin with this time, and end what began after it; how many grants. Raises StoreFault."""
    path = located(path)
    with _alone(path):
        if not path.is_file() or read_version(path) is None:
            raise StoreFault(f"{path} is no Dragoman database: there is no time in it that could be reset.")
        try:
            with closing(connect_writer(path)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                _set(connection, LATEST_TIME, now)
                _set(connection, NOT_BEFORE, now)  # what was revoked may have been purged before its time
                values = {"now": now, "revoked_because": CLOCK_RESET}
                ended = connection.execute(STATEMENTS["END_LATER_GRANTS"], values).rowcount
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreFault(f"{path} cannot be changed: {error}.") from error
        beside(path, ".time").unlink(missing_ok=True)
    return ended


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the file: no server has it, and no command writes to it at this moment."""
    with exclusive(path), closing(Turn(path)) as turn:
        turn.wait()
        yield


def _is_export(source: Path, path: Path) -> bool:
    """Or else a backup of an SQLite database that is not the one at `path`. Raises StoreFault where it is neither."""
    try:
        if is_export(source):
            return True
        with source.open("rb") as file:
            begins = file.read(16)
    except OSError as error:
        raise StoreFault(f"{source} cannot be read: {error.strerror}.") from error
    if begins.startswith(POSTGRESQL_BEGINS):
        raise StoreFault(f"{source} is a backup of a PostgreSQL database: name one in the setting `database`.")
    if not begins:
        raise StoreFault(f"{source} is empty: use another backup.")
    if path == source:
        raise StoreFault(f"{source} is the database itself; `dragoman restore --in-place` is what you may want.")
    return False


def _holds(path: Path, source: Path) -> bool:
    """Whether the database was restored from this very export."""
    with open_export(source) as export:
        return read_facts(path).get(RESTORED_FROM) == export.checksum


@contextmanager
def _made(path: Path, source: Path, fill: Callable[[Path, Path, int], None]) -> Iterator[Path]:
    """What the source holds, beside the database; gone when the block ends, unless it was put in place."""
    draft = beside(path, ".restoring")
    try:
        _remove(draft)
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fill(source, draft, descriptor)
        finally:
            os.close(descriptor)
        yield draft
    except (OSError, sqlite3.Error) as error:
        raise StoreFault(f"{path} cannot be restored: {error}. What was there is as it was.") from error
    finally:
        _remove(draft)


def _remove(draft: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        beside(draft, ending).unlink(missing_ok=True)


def _renewed(draft: Path, shown: Path, version: str, terms: Terms, used_until: int) -> Restored:
    """End in one transaction all that was live: nobody knows what of it was spent or revoked since."""
    facts = read_facts(draft)
    refuse_other_keys(facts, terms.fingerprint, str(shown))
    if terms.nothing_lost:
        refuse_lost(facts, used_until, str(shown))
    known = time_of(facts, LATEST_TIME)
    not_before = 0 if terms.nothing_lost else max(terms.now, known, used_until) + 1
    ended = 0
    with closing(connect_writer(draft)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(STATEMENTS["DELETE_INSTALLATION"], {"name": SAVED_IN_USE})
        if not terms.nothing_lost:
            values = {"now": not_before, "revoked_because": RESTORED}
            ended = connection.execute(STATEMENTS["END_ALL_GRANTS"], values).rowcount
            _set(connection, NOT_BEFORE, not_before)
            _set(connection, LATEST_TIME, not_before)
        connection.execute("COMMIT")
    return Restored(version=version, rows=count_rows(draft), latest_time=known, ended=ended, not_before=not_before)


def _set(connection: sqlite3.Connection, name: str, time: int) -> None:
    values = {"name": name, "value": written_time(time)}
    connection.execute(STATEMENTS["DELETE_INSTALLATION"], values)
    connection.execute(STATEMENTS["BIND_INSTALLATION"], values)


def _put_in_place(draft: Path, path: Path, now: int) -> Path | None:
    """One renaming, before which the old database is there and after which the new one is; where the old one is."""
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # one file, without a log that a crash could part it from
    descriptor = os.open(draft, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    kept = put_aside(path, now) if path.exists() else None
    draft.rename(path)
    sync_folder(path.parent)
    _note(path)
    return kept


def _note(path: Path) -> None:
    """The note beside the database is of the one that was there before."""
    with suppress(OSError):
        beside(path, ".time").unlink(missing_ok=True)
        note_time(path, read_time(path))
