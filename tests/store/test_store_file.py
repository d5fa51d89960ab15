"""A file of the store is its owner's alone, and one that does not fit is refused by name and left alone."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from store_cast import CLIENT, serve, serve_cast, unbroken
from store_files import database

from dragoman.store.faults import StoreFault
from dragoman.store.sqlite.file import create_database
from dragoman.store.store import Store
from dragoman.store.version import FITS_FROM_NAME

__all__ = ["database"]  # a fixture


def test_all_files_are_the_owners_alone(database: Path) -> None:
    async def scenario(store: Store) -> None:
        files = {file.name: file.stat().st_mode & 0o777 for file in database.parent.iterdir()}
        names = {"dragoman.db", "dragoman.db-wal", "dragoman.db-shm", "dragoman.db.lock", "dragoman.db.turn"}
        assert files == dict.fromkeys(names, 0o600)
        assert database.parent.stat().st_mode & 0o777 == 0o700

    before = os.umask(0)
    try:
        serve_cast(database, scenario)
        database.chmod(0o644)
        serve(database, scenario)
    finally:
        os.umask(before)


def test_reopening_keeps_all(database: Path) -> None:
    async def again(store: Store) -> None:
        assert await store.find_client("app") == CLIENT

    serve_cast(database, unbroken)
    serve(database, again)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("clients:\n  - app\n" * 1000)


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE clients (id TEXT)")


def _future(path: Path) -> None:
    create_database(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("UPDATE installation SET value = '9998' WHERE name = ?", (FITS_FROM_NAME,))


def _folder(path: Path) -> None:
    path.mkdir()


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def _corrupt(path: Path) -> None:
    serve_cast(path, unbroken)
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page + 8 : page + 4000] = b"\xee" * 3992
    path.write_bytes(content)


def _overwritten(path: Path) -> None:
    serve_cast(path, unbroken)
    content = bytearray(path.read_bytes())
    content[4096:16384] = b"\xee" * 12288
    path.write_bytes(content)


def _truncated(path: Path) -> None:
    serve_cast(path, unbroken)
    path.write_bytes(path.read_bytes()[:9000])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_empty, "is empty"),
        (_text, "is damaged or no SQLite database"),
        (_foreign, "is the database of another program"),
        (_future, "was written by a newer Dragoman"),
        (_folder, "is not a file"),
        (_link_to_itself, "cannot be reached"),
        (_corrupt, "is damaged"),
        (_overwritten, "is damaged"),
        (_truncated, "is damaged"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name_and_left_alone(
    database: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    database.parent.mkdir()
    spoil(database)
    before = database.read_bytes() if database.is_file() else b""
    with pytest.raises(StoreFault, match=sentence) as fault:
        serve(database, unbroken)
    assert str(database) in str(fault.value)
    assert str(fault.value).endswith(".")
    assert "\n" not in str(fault.value)
    assert before == (database.read_bytes() if database.is_file() else b"")


def test_a_log_without_its_database_is_not_folded_into_a_new_one(database: Path) -> None:
    database.parent.mkdir()
    database.with_name("dragoman.db-wal").write_bytes(b"what a crash left")
    with pytest.raises(StoreFault, match="is missing, but its write-ahead log"):
        serve(database, unbroken)
    assert not database.exists()


def test_a_database_that_cannot_be_created_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreFault, match="file"):
        serve(tmp_path / "file" / "dragoman.db", unbroken)


def test_a_creation_that_was_cut_short_leaves_nothing_in_the_way(database: Path) -> None:
    database.parent.mkdir()
    (database.parent / "dragoman.db.new").write_bytes(b"half a database")
    serve_cast(database, unbroken)
    assert not (database.parent / "dragoman.db.new").exists()
