"""What a write costs of the disk, and how its log comes into the database file."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from store_cast import NOW, new_grants, serve_cast

from dragoman.core.model import Grant
from dragoman.core.ports import Rotated
from dragoman.store.store import Store

PAGE = 4096
LONGEST_LOG = 6000 * PAGE
FAILING_DISK = """
import asyncio, json, sys
from pathlib import Path
from dragoman.core.errors import OAuthError
from dragoman.core.model import GrantId
from dragoman.store.sqlite.opening import open_server

async def main():
    async with open_server(Path(sys.argv[1])) as store:
        grant = await store.find_grant(GrantId(bytes.fromhex(sys.argv[2])))
        acknowledged = 0
        while store.broken is None and acknowledged < 20_000:
            try:
                grant = (await store.rotate(grant, 1_700_000_000, None, None)).grant
            except OAuthError:
                break
            acknowledged = grant.generation
        stored = (await store.find_grant(grant.id)).generation
        print(json.dumps({"acknowledged": acknowledged, "broken": store.broken, "stored": stored}), flush=True)

asyncio.run(main())
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "dragoman.db"


def test_a_rotation_writes_one_page_however_many_grants_there_are(database: Path) -> None:
    """Its row's, and no index's: that is what a large database costs more than a small one."""

    async def scenario(store: Store) -> None:
        grants = await new_grants(store, 1500)  # after a thousand the writer folds, and then not for another thousand
        with closing(sqlite3.connect(database)) as looking:
            written = []
            for grant in grants[:20]:
                assert looking.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
                assert isinstance(await store.rotate(grant, NOW, NOW + 60, None), Rotated)
                written.append(looking.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])
        assert written == 20 * [1]

    serve_cast(database, scenario)


def test_the_log_comes_into_the_database_when_all_have_been_told(database: Path) -> None:
    """Long before the log is so long that a commit has to see to it."""

    async def scenario(store: Store) -> None:
        (grant,) = await new_grants(store, 1)
        for _ in range(1000):
            outcome = await store.rotate(grant, NOW, None, None)
            assert isinstance(outcome, Rotated)
            grant = outcome.grant
        for _ in range(1000):
            if _generation_without_log(database, grant) >= 900:  # it is done after the last answer
                return
            await asyncio.sleep(0.01)
        pytest.fail("the log was left where it was")

    serve_cast(database, scenario)


def _generation_without_log(database: Path, grant: Grant) -> int:
    """What the database file says by itself. A copy, for SQLite's locks hang on who opens it."""
    alone = database.with_name("alone.db")
    subprocess.run(["cp", database, alone], check=True)
    with closing(sqlite3.connect(f"{alone.as_uri()}?immutable=1", uri=True)) as looking:
        try:
            found = looking.execute("SELECT generation FROM grants WHERE id = ?", (grant.id,)).fetchone()
        except sqlite3.DatabaseError:  # copied while it was written
            return 0
    return 0 if found is None else found[0]


def test_the_log_stays_short_under_load(database: Path) -> None:
    async def scenario(store: Store) -> None:
        log = database.with_name("dragoman.db-wal")
        longest = 0
        for _ in range(40):
            await new_grants(store, 250)
            longest = max(longest, log.stat().st_size)
        assert longest < LONGEST_LOG

    serve_cast(database, scenario)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes the disk fail")
def test_a_disk_that_fails_to_take_the_log_is_written_no_more(database: Path) -> None:
    """Whether a later attempt would store it, nobody could know; what was acknowledged is safe in the log."""

    async def prepare(store: Store) -> str:
        (grant,) = await new_grants(store, 1)
        return grant.id.hex()

    grant_id = serve_cast(database, prepare)
    failing = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(database)]
    failing += ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"]
    done = subprocess.run(
        [*failing, sys.executable, "-c", FAILING_DISK, str(database), grant_id],
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace" in done.stderr.lower():
        pytest.skip("this machine does not let strace work")
    report = json.loads(done.stdout)
    assert "disk I/O error" in report["broken"]
    assert 1000 <= report["acknowledged"] < 20_000
    assert report["stored"] - report["acknowledged"] in {0, 1}
