"""Puts a database that is to be replaced aside: whole, under a name of its own, with nothing of it left beside the new.

Its log has to be gone before another file gets its name: whoever opens that would play the log into it. Two files
cannot be renamed at once, so at each moment no more than one of them may matter.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from dragoman.store.draft import sync_folder
from dragoman.store.faults import StoreFault
from dragoman.store.sqlite.connection import WRITER_WAITS, Trouble, connect_reader, trouble_of
from dragoman.store.sqlite.file import beside

if TYPE_CHECKING:
    from pathlib import Path

_COMPANIONS = ("-journal", "-wal", "-shm")
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def put_aside(path: Path, now: int) -> Path:
    """Give it a second name; what may be renamed over the first one then is all that is there. Raises StoreFault.

    The lock must be held. Killed at any moment it leaves the database as it was, or, where it was damaged before, an
    empty file, on which no server starts.
    """
    if _fold(path):
        kept = _second_name(path, now)
        sync_folder(path.parent)
        return kept
    kept = _second_name(path, now)
    for ending in _COMPANIONS[:2]:
        if beside(path, ending).exists():
            beside(kept, ending).hardlink_to(beside(path, ending))
    sync_folder(path.parent)
    _empty(path)
    for ending in _COMPANIONS:
        beside(path, ending).unlink(missing_ok=True)
    sync_folder(path.parent)
    return kept


def _fold(path: Path) -> bool:
    """Make it one file without a log; False if it is damaged, so that nobody could read it. Raises StoreFault.

    Only whoever has it alone can do that. And alone it must be: a program that had it open would remove the log by its
    name when it ends, and by then that is the new database's.
    """
    try:
        with closing(connect_reader(path)) as reading:  # whoever could write would fold the damage in when it ends
            reading.execute("PRAGMA schema_version").fetchone()
        with closing(sqlite3.connect(path, timeout=WRITER_WAITS, isolation_level=None)) as writing:
            mode = writing.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    except sqlite3.Error as error:
        if trouble_of(error) is not Trouble.LOCKED:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
                return False
            raise
        mode = "locked"
    if mode != "delete":
        raise StoreFault(f"{path} is open in another program: end it, then try again. What was there is as it was.")
    return True


def _second_name(path: Path, now: int) -> Path:
    stem = f".replaced-{datetime.fromtimestamp(now, tz=UTC):%Y%m%dT%H%M%SZ}"
    names = (beside(path, stem if number == 0 else f"{stem}-{number}") for number in count())
    kept = next(name for name in names if not os.path.lexists(name))
    kept.hardlink_to(path)
    return kept


def _empty(path: Path) -> None:
    """Put an empty file in its place: without its log it might seem to be in order, and be of yesterday."""
    draft = beside(path, ".emptied")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    draft.replace(path)
    sync_folder(path.parent)
