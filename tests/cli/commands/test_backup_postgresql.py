"""PostgreSQL's own programs: missing, old, killed on the way; and never told a password where others can read it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from dragoman.config.reading import read_configuration
from dragoman.core.errors import Fault
from dragoman.store.store import Store
from tests.cli.commanding import PROGRAM
from tests.cli.keeping import Site, make_site
from tests.postgresql import PASSWORD, Cluster, for_the_driver
from tests.store.store_cast import new_access_token, new_grant, serve


@pytest.fixture
def site(postgresql: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", f"{postgresql._programs}{os.pathsep}{os.environ['PATH']}")
    with postgresql.new_database() as name:
        one = make_site(tmp_path / "server", postgresql, name)
        with one.databases:
            yield one


def program(folder: Path, name: str, script: str) -> Path:
    """A program of this name, before all others."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_programs_that_are_missing_or_old_are_told(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "bare").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bare"))
    assert "pg_dump is not there: install" in site.folder.run("backup", tmp_path / "backup").fault
    program(tmp_path / "bare", "pg_dump", "echo 'pg_dump (PostgreSQL) 12.3'")
    assert "is of PostgreSQL 12, and the database server of 18" in site.folder.run("backup", tmp_path / "backup").fault
    program(tmp_path / "bare", "pg_dump", "echo nothing known")
    assert "an unknown version" in site.folder.run("backup", tmp_path / "backup").fault
    assert not (tmp_path / "backup").exists()


def test_a_dump_that_fails_leaves_nothing_and_says_why(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = shutil.which("pg_dump")
    program(
        tmp_path / "broken", "pg_dump", f'[ "$1" = --version ] && exec {real} "$@"\necho half; echo why >&2; exit 1'
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'broken'}{os.pathsep}{os.environ['PATH']}")
    assert "pg_dump failed: why" in site.folder.run("backup", tmp_path / "backup").fault
    program(tmp_path / "broken", "pg_dump", f'[ "$1" = --version ] && exec {real} "$@"\n{real} "$@" | head -c 5000')
    assert "damaged" in site.folder.run("backup", tmp_path / "backup").fault
    assert {one.name for one in tmp_path.iterdir()} == {"server", "broken"}


def test_a_backup_under_write_load_is_one_moment(site: Site, tmp_path: Path):
    assert site.cluster is not None
    location = read_configuration(site.folder.file).location()
    stop, written = threading.Event(), threading.Semaphore(0)

    def load() -> None:
        async def scenario(store: Store) -> None:
            while not stop.is_set():
                grant = new_grant(subject=None)
                await store.create_grant(grant, new_access_token(grant))
                written.release()

        serve(location, scenario)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for _ in range(100):
            written.acquire(timeout=20)
        saved = site.folder.done("backup", tmp_path / "backup", "--json").json["rows"]
    finally:
        stop.set()
        thread.join()
    assert saved["grants"] == saved["access_tokens"] >= 100
    site.empty()
    restored = site.folder.done("restore", tmp_path / "backup", "--json").json
    assert restored["rows"]["grants"] == restored["rows"]["access_tokens"] == saved["grants"]
    assert restored["sessions_ended"] == saved["grants"]


def test_no_password_is_an_argument(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen = tmp_path / "seen"
    for name in ("pg_dump", "pg_restore"):
        program(tmp_path / "spies", name, f'echo "$0 $@" >> {seen}\nexec {shutil.which(name)} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'spies'}{os.pathsep}{os.environ['PATH']}")
    outcome = site.folder.done("backup", tmp_path / "backup")
    site.empty()
    restored = site.folder.done("restore", tmp_path / "backup")
    told = seen.read_text() + outcome.out + outcome.err + restored.out + restored.err
    assert "--snapshot" in told
    assert "--single-transaction" in told
    for secret in (PASSWORD, "p%40ss", "w/rd", "w%2Frd"):
        assert secret not in told


def test_a_restore_killed_before_its_end_leaves_what_no_server_starts_on(site: Site, tmp_path: Path):
    with site.serving() as server:
        first = server.log_in()
    site.folder.done("backup", tmp_path / "backup")
    site.empty()
    real = shutil.which("pg_restore")
    script = f'{real} "$@" || exit\ncase "$*" in *--single-transaction*) kill -9 $PPID;; esac'
    program(tmp_path / "killing", "pg_restore", script)
    command = [*PROGRAM, "restore", str(tmp_path / "backup"), "--config", str(site.folder.file)]
    path = f"{tmp_path / 'killing'}{os.pathsep}{os.environ['PATH']}"
    killed = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, check=False)
    assert killed.returncode == -9
    with pytest.raises(Fault, match="did not come to its end"), site.serving():
        pass
    assert "did not come to its end" in site.folder.run("client", "list").fault
    assert "did not come to its end" in site.folder.run("restore", "--in-place", "--yes").fault
    assert "create an empty database" in site.folder.run("restore", tmp_path / "backup").fault
    site.empty()
    site.folder.done("restore", tmp_path / "backup")
    with site.serving() as server:
        assert server.refresh(first)[0] == 400
        server.log_in()


def test_what_goes_with_another_database_is_refused(site: Site, tmp_path: Path):
    site.folder.done("backup", tmp_path / "backup")
    file = make_site(tmp_path / "other")
    file.folder.done("backup", tmp_path / "file")
    assert "never put aside" in site.folder.run("restore", tmp_path / "backup", "--replace").fault
    site.empty()
    assert "a backup of an SQLite database" in site.folder.run("restore", tmp_path / "file").fault
    assert "a backup of a PostgreSQL database" in file.folder.run("restore", tmp_path / "backup", "--replace").fault
    foreign = tmp_path / "foreign"
    assert site.cluster is not None
    with site.cluster.new_database() as name:
        site.cluster.run("CREATE TABLE installation (name text, value text)", database=name)
        url = for_the_driver(site.cluster.url(name))
        subprocess.run([shutil.which("pg_dump"), "--format=custom", f"--file={foreign}", f"--dbname={url}"], check=True)
    assert "no backup of a Dragoman database" in site.folder.run("restore", foreign).fault


def test_a_pooler_is_refused_with_what_to_do(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert site.cluster is not None
    monkeypatch.setenv("DRAGOMAN_DATABASE", site.cluster.url("any", pooler="transaction").reveal())
    told = site.folder.run("backup", tmp_path / "backup").fault
    assert "through a pooler" in told
    assert PASSWORD not in told
    assert "through a pooler" in site.folder.run("restore", tmp_path / "backup").fault


def test_another_schema_than_that_of_the_backup_is_refused(site: Site, tmp_path: Path):
    site.folder.done("backup", tmp_path / "backup")
    site.empty()
    assert site.cluster is not None
    name = site.folder.file.read_text().rpartition("/dragoman_")[2].partition("?")[0]
    site.cluster.run("CREATE SCHEMA of_its_own", database=f"dragoman_{name}")
    site.cluster.run(f"ALTER DATABASE dragoman_{name} SET search_path = of_its_own, public")
    assert "make them the same" in site.folder.run("restore", tmp_path / "backup").fault
