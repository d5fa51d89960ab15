"""Backups of an SQLite file: consistent under load; restores: whole, or as if they had never begun."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from dragoman.core.errors import Fault
from dragoman.store.backup import back_up, renew, restore
from dragoman.store.saving import Terms
from dragoman.store.sqlite.time import noted_time
from dragoman.store.store import Store
from tests.cli.commanding import Folder
from tests.cli.keeping import make_site, query
from tests.processes import wait_until
from tests.store.store_cast import NOW, new_access_token, new_grant, serve, serve_cast

TERMS = Terms(fingerprint="those of these keys", now=NOW + 1000, replace=True)
STEPS = ("fsync", "fdatasync", "rename", "link", "unlink", "replace")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "dragoman.db"


def fill(database: Path) -> None:
    async def scenario(store: Store) -> None:
        await store.administration.bind_keys(TERMS.fingerprint)
        for _ in range(30):
            await store.create_grant(new_grant(), None)

    serve_cast(database, scenario)


def live(database: Path) -> int:
    return query(database, "SELECT count(*) FROM grants WHERE revoked_at IS NULL")[0][0]


def leave_unfolded(database: Path) -> None:
    """As a server leaves it that was killed: the log-in that was last is in the log alone."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("SELECT count(*) FROM grants").fetchone()
        log_in_once(database)
        connection.execute("PRAGMA user_version = 1")  # the log holds the file's header, too
        as_it_was = {ending: database.with_name(f"dragoman.db{ending}").read_bytes() for ending in ("", "-wal")}
    for ending, content in as_it_was.items():
        database.with_name(f"dragoman.db{ending}").write_bytes(content)


def log_in_once(database: Path) -> None:
    async def scenario(store: Store) -> None:
        await store.create_grant(new_grant(), None)

    serve(database, scenario)


def test_a_backup_under_write_load_is_one_moment(database: Path, tmp_path: Path):
    fill(database)
    stop, written = threading.Event(), threading.Semaphore(0)

    def load() -> None:
        async def scenario(store: Store) -> None:
            while not stop.is_set():
                grant = new_grant(facts={"filler": "x" * 2000})
                await store.create_grant(grant, new_access_token(grant))  # refused, if it had to wait for long
                written.release()

        serve(database, scenario)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for number in range(5):
            for _ in range(200):
                written.acquire(timeout=20)
            saved = back_up(database, tmp_path / f"backup {number}")
            assert saved.rows["grants"] == saved.rows["access_tokens"] + 30
            assert saved.rows["grants"] > 200
    finally:
        stop.set()
        thread.join()
    for number in range(5):
        assert query(tmp_path / f"backup {number}", "PRAGMA integrity_check") == [("ok",)]
        assert query(tmp_path / f"backup {number}", "PRAGMA journal_mode") == [("delete",)]
    assert {file.name for file in tmp_path.iterdir()} == {"folder", *(f"backup {number}" for number in range(5))}


@pytest.mark.parametrize("step", STEPS[:4])
def test_a_restore_that_fails_leaves_what_was_there(database: Path, tmp_path: Path, step: str):
    fill(database)
    back_up(database, tmp_path / "backup")
    log_in_once(database)
    with mock.patch.object(os, step, side_effect=OSError(5, "Input/output error")), pytest.raises(Fault):
        restore(database, tmp_path / "backup", TERMS)
    assert live(database) == 31
    assert not database.with_name("dragoman.db.restoring").exists()


def test_the_old_database_is_kept_with_all_it_held(database: Path, tmp_path: Path):
    fill(database)
    back_up(database, tmp_path / "backup")
    leave_unfolded(database)
    kept = restore(database, tmp_path / "backup", TERMS).kept
    assert kept is not None
    assert live(Path(kept)) == 31
    assert live(database) == 0
    second = restore(database, tmp_path / "backup", TERMS).kept
    assert second not in {None, kept}
    assert live(Path(kept)) == 31


def test_a_database_that_another_program_has_open_is_not_replaced(database: Path, tmp_path: Path):
    """When it ends it would remove the log by its name: by then the new database's, with all that was written to it."""
    fill(database)
    back_up(database, tmp_path / "backup")
    with closing(sqlite3.connect(database)) as another:
        another.execute("SELECT count(*) FROM grants").fetchone()
        log_in_once(database)
        with pytest.raises(Fault, match="open in another program"):
            restore(database, tmp_path / "backup", TERMS)
        log_in_once(database)
        assert live(database) == 32
    assert {one.name for one in database.parent.glob("*.replaced*")} == set()
    restore(database, tmp_path / "backup", TERMS)
    assert live(database) == 0


def test_a_damaged_database_can_be_replaced_and_is_kept(database: Path, tmp_path: Path):
    fill(database)
    back_up(database, tmp_path / "backup")
    damaged = os.urandom(5000)
    database.write_bytes(damaged)
    restored = restore(database, tmp_path / "backup", TERMS)
    assert Path(str(restored.kept)).read_bytes() == damaged
    log_in_once(database)


def test_a_plain_copy_put_back_by_hand_stops_the_server_until_it_is_ended(tmp_path: Path):
    site = make_site(tmp_path / "server")
    database = site.folder.path / "dragoman.db"
    with site.serving() as server:
        first = server.log_in()
    shutil.copy(database, tmp_path / "copy")
    with site.serving() as server:
        later = server.refreshed(first)
    noted = noted_time(database)
    assert noted
    with closing(sqlite3.connect(tmp_path / "copy")) as older, older:
        older.execute("UPDATE installation SET value = ? WHERE name = 'latest time'", (f"{noted - 1:012d}",))
    shutil.copy(tmp_path / "copy", database)
    with pytest.raises(Fault, match="an older copy was put in its place"), site.serving():
        pass
    doctor = site.folder.run("doctor")
    assert doctor.status == 1
    assert "restore --in-place" in doctor.out
    site.folder.done("restore", "--in-place", "--yes")
    with site.serving() as server:
        assert server.refresh(first)[0] == server.refresh(later)[0] == 400
        server.log_in()


def test_a_database_that_is_gone_is_not_made_anew(tmp_path: Path):
    site = make_site(tmp_path / "server")
    with site.serving():
        wait_until(lambda: noted_time(site.folder.path / "dragoman.db"))
    (site.folder.path / "dragoman.db").unlink()
    for left in site.folder.path.glob("dragoman.db-*"):
        left.unlink()
    with pytest.raises(Fault, match="is missing, and was in use until"), site.serving():
        pass
    assert not (site.folder.path / "dragoman.db").exists()


def test_nothing_lost_is_refused_where_something_may_be(tmp_path: Path):
    site = make_site(tmp_path / "server")
    with site.serving():
        site.folder.done("backup", tmp_path / "in use")
    site.folder.done("backup", tmp_path / "at rest")
    assert "may have gone on" in _moved(site.folder, tmp_path / "in use")
    with closing(sqlite3.connect(site.folder.path / "dragoman.db")) as later, later:
        later.execute("UPDATE installation SET value = '999999999999' WHERE name = 'latest time'")
    assert "was in use until" in _moved(site.folder, tmp_path / "at rest")
    assert query(site.folder.path / "dragoman.db", "SELECT count(*) FROM installation WHERE name = 'not before'") == [
        (0,)
    ]


def _moved(folder: Folder, backup: Path) -> str:
    return folder.run("restore", backup, "--replace", "--nothing-lost").fault


def test_a_database_of_another_version_is_saved_as_it_is(database: Path, tmp_path: Path):
    fill(database)
    with closing(sqlite3.connect(database)) as older, older:
        older.execute("UPDATE alembic_version SET version_num = '0001'")
    assert back_up(database, tmp_path / "backup").version == "0001"
    with closing(sqlite3.connect(database)) as newer, newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.execute("UPDATE installation SET value = '9999' WHERE name = 'schema fits programs from version'")
    with pytest.raises(Fault, match="newer Dragoman"):
        back_up(database, tmp_path / "another")
    with closing(sqlite3.connect(tmp_path / "backup")) as newer, newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.execute("UPDATE installation SET value = '9999' WHERE name = 'schema fits programs from version'")
    with pytest.raises(Fault, match="newer Dragoman"):
        restore(database, tmp_path / "backup", TERMS)


def test_strange_sources_and_places_are_told(database: Path, tmp_path: Path):
    with pytest.raises(Fault, match="There is no database"):
        back_up(database, tmp_path / "backup")
    with pytest.raises(Fault, match="There is no database"):
        renew(database, TERMS)
    fill(database)
    with pytest.raises(Fault, match="the database itself"):
        restore(database, database, TERMS)
    (tmp_path / "dump").write_bytes(b"PGDMP and so on")
    with pytest.raises(Fault, match="a backup of a PostgreSQL database"):
        restore(database, tmp_path / "dump", TERMS)
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE other (id)")
    with pytest.raises(Fault, match="another program"):
        restore(database, tmp_path / "other", TERMS)
    with pytest.raises(Fault, match="another installation"):
        renew(database, replace(TERMS, fingerprint="other keys"))
    assert live(database) == 30


def test_a_raw_copy_with_its_log_and_one_on_a_read_only_medium_can_be_restored(database: Path, tmp_path: Path):
    fill(database)
    (tmp_path / "raw").mkdir()
    with closing(sqlite3.connect(database)) as open_:
        open_.execute("SELECT count(*) FROM grants").fetchone()
        log_in_once(database)
        for ending in ("", "-wal"):
            shutil.copy(database.with_name(f"dragoman.db{ending}"), tmp_path / "raw" / f"copy{ending}")
    assert restore(database, tmp_path / "raw" / "copy", TERMS).ended == 31
