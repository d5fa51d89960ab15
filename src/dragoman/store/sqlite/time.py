"""The latest time a server has used, noted beside the database: it tells when an older copy was put in its place.

The database has it first, and durably; so it never is behind the note, unless it is not the one that was used last.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from dragoman.store.faults import StoreFault
from dragoman.store.installation import LATEST_TIME, written_time
from dragoman.store.saving import shown_time
from dragoman.store.sqlite.connection import connect_reader
from dragoman.store.sqlite.file import beside
from dragoman.store.sqlite.statements import STATEMENTS

if TYPE_CHECKING:
    from pathlib import Path


def noted_time(path: Path) -> int:
    """What is noted beside this database; 0 where nothing is."""
    try:
        text = beside(path, ".time").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return 0
    return int(text) if text.isdigit() else 0


def note_time(path: Path, now: int) -> None:
    """Note it, whole or not at all. Raises OSError."""
    draft = beside(path, f".time.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
        file.write(f"{written_time(now)}\n")
    draft.replace(beside(path, ".time"))


def read_time(path: Path, name: str = LATEST_TIME) -> int:
    """What the database itself says under this name; 0 where it says nothing, or cannot be read."""
    try:
        with closing(connect_reader(path)) as connection:
            row = connection.execute(STATEMENTS["FIND_INSTALLATION"], {"name": name}).fetchone()
    except sqlite3.Error:
        return 0
    return int(row[0]) if row else 0


def refuse_lost(path: Path) -> None:
    """Where there is no database: make none in the place of one that was in use. Raises StoreFault."""
    noted = noted_time(path)
    if noted:
        raise StoreFault(
            f"{path} is missing, and was in use until {shown_time(noted)}: put it back, or restore a backup with "
            f"`dragoman restore`. To begin anew, remove {beside(path, '.time')}."
        )


def refuse_older(path: Path) -> None:
    """Raises StoreFault where the database is not the one that was used last: what was spent since would be live."""
    noted, known = noted_time(path), read_time(path)
    if noted > known:
        raise StoreFault(
            f"{path} was in use until {shown_time(noted)}, but knows of nothing after {shown_time(known)}: an older "
            "copy was put in its place, or its write-ahead log was lost. Run `dragoman restore --in-place`: it ends "
            "all sessions, so that no spent token comes to life again."
        )
