"""The database file: created whole, private to its owner, examined before it is trusted, locked by one server."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from contextlib import closing, contextmanager, suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING

from dragoman.store.faults import StoreFault
from dragoman.store.sqlite.connection import Trouble, connect_reader, trouble_of
from dragoman.store.version import APPLICATION_ID, FITS_FROM_ALONE, FITS_FROM_NAME, VERSIONS, refuse_later

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CHECK_SECONDS = 1.0
_STEPS_BETWEEN_LOOKS = 20_000
_LOOKS_SECONDS = 0.2
_LOOK_AGAIN_SECONDS = 0.02
_CREATED = re.compile(r"^CREATE (?:UNIQUE )?(?:TABLE|INDEX) (\w+)")
_OLDEST_SQLITE = (3, 35, 0)  # the first with RETURNING


def beside(path: Path, ending: str) -> Path:
    """The neighbour of the database file with this ending."""
    return path.with_name(path.name + ending)


def located(path: Path) -> Path:
    """The file that the path leads to, links followed: all names of one database mean one lock. Raises StoreFault."""
    try:
        path.stat()
    except FileNotFoundError:
        pass
    except OSError as error:  # a link to itself, above all
        raise StoreFault(f"{path} cannot be reached: {error.strerror}. Name the database file itself.") from error
    return path.resolve()


@contextmanager
def exclusive(path: Path) -> Iterator[Callable[[], None]]:
    """Hold the lock that one server, or one migration, has on a database. Raises StoreFault if another has it.

    The lock is on a file beside the database, and the kernel drops it with the process: none is ever left behind. The
    block gets what is to be called now and then: it takes the lock anew where somebody has deleted its file, and raises
    StoreFault where another server was faster.
    """
    make_folder(path.parent)
    descriptor = _open_lock(path)

    def look() -> None:
        if _is_there(descriptor, beside(path, ".lock")):
            return
        try:
            another = _open_lock(path)
        except StoreFault:  # no room for it, or a folder that is closed: that may pass
            return
        try:
            _take(another, path)
            os.dup2(another, descriptor, inheritable=False)
        finally:
            os.close(another)
        with suppress(OSError):
            _sign(descriptor)

    try:
        _take(descriptor, path)
        try:
            _sign(descriptor)
        except OSError as error:
            raise StoreFault(f"The lock file {beside(path, '.lock')} cannot be written: {error.strerror}.") from error
        yield look
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    lock = beside(path, ".lock")
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StoreFault(f"The lock file {lock} cannot be opened: {error.strerror}.") from error


def _sign(descriptor: int) -> None:
    """Write down who has it. Raises OSError."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _is_there(descriptor: int, file: Path) -> bool:
    """Whether the open file still has this name, as far as anybody can tell now."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except OSError as error:
        return not isinstance(error, FileNotFoundError)


def _take(descriptor: int, path: Path) -> None:
    """For a moment others may hold it who only ask whether somebody has it."""
    deadline = monotonic() + _LOOKS_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if monotonic() >= deadline:
                raise StoreFault(
                    f"{path} is in use by another Dragoman server{_holder(descriptor)}. One server at a time can have "
                    "it: stop the other one, or give this one a database of its own."
                ) from error
            sleep(_LOOK_AGAIN_SECONDS)
        except OSError as error:
            raise StoreFault(f"{beside(path, '.lock')} cannot be locked on this file system: {error}.") from error
        else:
            return


def _holder(descriptor: int) -> str:
    text = os.pread(descriptor, 20, 0).strip()
    return f" (process {text.decode()})" if text.isdigit() else ""


def make_folder(folder: Path) -> None:
    """Create the folder for its owner alone; a folder that is there is left as it is. Raises StoreFault."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreFault(f"The folder {folder} cannot be created: {error.strerror}.") from error


def create_database(path: Path) -> None:
    """Create an empty database of the newest version: it is there whole or not at all. Raises StoreFault.

    The lock must be held. It is made under another name without waiting for the disk, then synced once and renamed.
    """
    log = beside(path, "-wal")
    if log.exists():
        raise StoreFault(
            f"{path} is missing, but its write-ahead log {log} is there: put the database back beside it, or, to begin "
            "anew, remove the log."
        )
    draft = beside(path, ".new")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN")
            write_schema(connection)
            connection.execute("COMMIT")
        _sync(draft)
        draft.rename(path)
        _sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreFault(f"The database {path} cannot be created: {error}.") from error


def write_schema(connection: sqlite3.Connection) -> None:
    """Make an empty database ours, in the transaction that is open."""
    from dragoman.store.sqlite.schema import SCHEMA  # noqa: PLC0415 - a server that finds a database needs it never

    for statement in SCHEMA:
        connection.execute(statement)
    stamp(connection)


def stamp(connection: sqlite3.Connection) -> None:
    """Mark a database as ours and of the newest version."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(
        "CREATE TABLE alembic_version ("
        "version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute("INSERT INTO alembic_version VALUES (?)", (VERSIONS[-1],))
    connection.execute("INSERT INTO installation VALUES (?, ?)", (FITS_FROM_NAME, FITS_FROM_ALONE))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_unfit(path: Path) -> None:
    """Look at the files without opening them, and make them private. Raises StoreFault.

    A file that SQLite has open must not be opened in any other way: closing it would drop SQLite's locks.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StoreFault(f"SQLite {sqlite3.sqlite_version} is too old: Dragoman needs 3.35 or later.")
    if not path.is_file():
        raise StoreFault(f"{path} is not a file: name a database file, or a place where one can be created.")
    if path.stat().st_size == 0:
        raise StoreFault(
            f"{path} is empty, and a Dragoman database never is. Restore it from a backup; only if there never was "
            "anything in it, remove it, and a new one will be created."
        )
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK):
        raise StoreFault(
            f"{path} or its folder cannot be written: check their owner, and that the file system is not read-only."
        )
    for file in (path, beside(path, "-wal"), beside(path, "-shm")):
        _make_private(file)


def _make_private(file: Path) -> None:
    try:
        if file.stat().st_mode & 0o077:
            file.chmod(0o600)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreFault(f"{file} can be read by others, and that cannot be changed: {error.strerror}.") from error


def read_version(path: Path) -> str | None:
    """The schema version of a Dragoman database that fits; None before its first migration. Raises StoreFault."""
    try:
        with closing(connect_reader(path)) as connection:
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                raise StoreFault(f"{path} is the database of another program; nothing in it was changed.")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
                return None
            version = _only(connection, "SELECT version_num FROM alembic_version")
            fits_from = _only(connection, "SELECT value FROM installation WHERE name = ?", FITS_FROM_NAME)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    refuse_later(version, fits_from, str(path))
    return version


def _only(connection: sqlite3.Connection, statement: str, *values: str) -> str | None:
    row: tuple[str] | None = connection.execute(statement, values).fetchone()
    return row[0] if row else None


def check_integrity(path: Path) -> None:
    """Look for damage, for one second at most: what was not reached by then counts as whole. Raises StoreFault."""
    deadline = monotonic() + _CHECK_SECONDS
    try:
        with closing(connect_reader(path)) as connection:
            connection.set_progress_handler(lambda: monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return
        raise _unreadable(path, error) from error
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    if found != "ok":
        told = " ".join(found.split())  # SQLite takes two lines for it
        raise StoreFault(f"{path} is damaged ({told}): restore it from a backup. Nothing was changed.")


def check_complete(path: Path) -> None:
    """Look whether all tables and indexes of this version are there, as after a rescue they may not be.

    Raises StoreFault.
    """
    from dragoman.store.sqlite.schema import SCHEMA  # noqa: PLC0415 - a server that finds a database needs it never

    try:
        with closing(connect_reader(path)) as connection:
            there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    lacking = [name for statement in SCHEMA for name in _CREATED.findall(statement) if name not in there]
    if lacking:
        raise StoreFault(f"{path} is not whole, it lacks {', '.join(lacking)}: restore it from a backup.")


def _unreadable(path: Path, error: sqlite3.Error) -> StoreFault:
    if trouble_of(error) is Trouble.LOCKED:
        return StoreFault(f"{path} is locked by another program: end it, then try again.")
    if trouble_of(error) is Trouble.BROKEN:
        return StoreFault(
            f"{path} is damaged or no SQLite database ({error}): restore it from a backup. Nothing was changed."
        )
    return StoreFault(f"{path} cannot be read: {error}.")
