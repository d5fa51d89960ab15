"""Saves an SQLite database into one private file, beside a running server or without one."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from dragoman.store.draft import drafted
from dragoman.store.faults import StoreFault
from dragoman.store.installation import SAVED_IN_USE
from dragoman.store.saving import Saved
from dragoman.store.sqlite.copy import copy_database, count_rows, examine_copy
from dragoman.store.sqlite.file import beside, located, read_version
from dragoman.store.sqlite.statements import STATEMENTS

if TYPE_CHECKING:
    from pathlib import Path


def back_up(path: Path, destination: Path) -> Saved:
    """Save what is committed now. The destination is there whole and examined, or not at all. Raises StoreFault.

    The database is left as it is, also if it is of an older version.
    """
    path = located(path)
    if not path.exists():
        raise StoreFault(f"There is no database at {path}.")
    if read_version(path) is None:
        raise StoreFault(f"{path} holds nothing of Dragoman yet.")
    try:
        with drafted(destination) as (draft, descriptor):
            in_use = is_in_use(path)
            copy_database(path, draft, descriptor)
            if in_use:
                _note_use(draft)
            version = examine_copy(draft, path)
            return Saved(version=version, rows=count_rows(draft), size=draft.stat().st_size)
    except sqlite3.Error as error:
        raise StoreFault(f"{destination} cannot be made: {error}.") from error


def is_in_use(path: Path) -> bool:
    """Whether a server has the database."""
    try:
        descriptor = os.open(beside(path, ".lock"), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _note_use(copy: Path) -> None:
    """Whatever was live in this copy may have been spent a moment later: no restore can say that nothing was lost."""
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute(STATEMENTS["BIND_INSTALLATION"], {"name": SAVED_IN_USE, "value": "yes"})
