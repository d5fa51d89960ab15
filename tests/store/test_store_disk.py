"""What is acknowledged is on the disk, whatever becomes of the disk, the file and the process."""

import asyncio
import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from store_cast import HOUR, NOW, new_grant, new_grants, serve, serve_cast, unbroken
from store_files import database

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Grant, GrantId
from dragoman.core.ports import Rotated
from dragoman.store.store import Store

__all__ = ["database"]  # a fixture

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""
ROTATOR = """
import asyncio, sys
from pathlib import Path
from dragoman.core.model import GrantId
from dragoman.store.sqlite.opening import open_server

async def rotate_for_ever(store, grant):
    while True:
        grant = (await store.rotate(grant, 1_700_000_000, None, None)).grant
        print(grant.id.hex(), grant.generation, flush=True)

async def main():
    async with open_server(Path(sys.argv[1])) as store:
        grants = [await store.find_grant(GrantId(bytes.fromhex(each))) for each in sys.argv[2:]]
        await asyncio.gather(*(rotate_for_ever(store, grant) for grant in grants))

asyncio.run(main())
"""
FAILING_DISK = """
import asyncio, json, sys
from pathlib import Path
from dragoman.core.errors import OAuthError
from dragoman.core.model import GrantId
from dragoman.store.sqlite.opening import open_server

async def attempt(store, grant):
    try:
        await store.rotate(grant, 1_700_000_000, None, None)
    except OAuthError as refused:
        return refused.refusal.value
    return "acknowledged"

async def main():
    async with open_server(Path(sys.argv[1])) as store:
        grants = [await store.find_grant(GrantId(bytes.fromhex(each))) for each in sys.argv[2:]]
        outcomes = [await attempt(store, grant) for grant in grants]
        readable = [await store.find_grant(grant.id) is not None for grant in grants]
        print(json.dumps({"outcomes": outcomes, "broken": store.broken, "readable": readable}), flush=True)

asyncio.run(main())
"""


def test_a_locked_database_is_waited_for_refused_and_recovers(database: Path) -> None:
    async def scenario(store: Store) -> None:
        first, second, third = await new_grants(store, 3, idle_expires_at=None)
        holder = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HOLDER, str(database), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"locked\n"
        early = [asyncio.ensure_future(store.rotate(grant, NOW, None, None)) for grant in (first, second)]
        await asyncio.wait(early, timeout=1)
        late = asyncio.ensure_future(store.rotate(third, NOW, None, None))
        assert await store.find_grant(first.id) == first
        outcomes = await asyncio.gather(*early, late, return_exceptions=True)
        await holder.communicate(b"")
        refusals = [outcome.refusal for outcome in outcomes if isinstance(outcome, OAuthError)]
        assert refusals == 3 * [Refusal.TEMPORARILY_UNAVAILABLE]
        assert [await store.find_grant(grant.id) for grant in (first, second, third)] == [first, second, third]
        assert isinstance(await store.rotate(first, NOW, None, None), Rotated)
        assert store.broken is None

    serve_cast(database, scenario)


def test_a_full_disk_consumes_nothing_and_passes(database: Path) -> None:
    async def scenario(store: Store) -> None:
        (grant,) = await new_grants(store, 1, idle_expires_at=None)
        connection = store._database._writer._connection._connection  # type: ignore[attr-defined]
        most = connection.execute("PRAGMA max_page_count = 1").fetchone()[0]
        refused: list[BaseException] = []
        while not refused:
            attempts = [store.create_grant(new_grant(), None) for _ in range(50)]
            outcomes = await asyncio.gather(*attempts, return_exceptions=True)
            refused = [outcome for outcome in outcomes if outcome is not None]
        assert all(isinstance(each, OAuthError) and "full" in each.detail for each in refused)
        assert await store.find_grant(grant.id) == grant
        connection.execute(f"PRAGMA max_page_count = {most + 1000}")
        await new_grants(store, 100, idle_expires_at=None)
        assert store.broken is None

    serve_cast(database, scenario)


def test_a_file_that_was_replaced_is_written_no_more(database: Path) -> None:
    async def scenario(store: Store) -> None:
        (grant,) = await new_grants(store, 1, idle_expires_at=None)
        _replace_by_a_copy(database)
        for _ in range(2):
            with pytest.raises(OAuthError) as refused:
                await store.rotate(grant, NOW, None, None)
            assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        assert store.broken is not None
        assert str(database) in store.broken

    serve_cast(database, scenario)


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_what_is_written_beside_a_log_that_was_taken_away_is_found_and_ended_without_a_loss(
    database: Path, ending: str
) -> None:
    """Else a crash would lose all that was acknowledged, and whoever opens it next would write past this one."""

    async def scenario(store: Store) -> Grant:
        (grant,) = await new_grants(store, 1, idle_expires_at=None)
        assert store.broken is None
        database.with_name(database.name + ending).unlink()
        rotated = await store.rotate(grant, NOW, None, None)
        assert isinstance(rotated, Rotated)
        assert ending in store.broken
        with pytest.raises(OAuthError) as refused:
            await store.rotate(rotated.grant, NOW, None, None)
        assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        return rotated.grant

    async def verify(store: Store) -> Grant | None:
        return await store.find_grant(last.id)

    last = serve_cast(database, scenario)
    assert serve(database, verify) == last


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_a_database_that_came_without_a_log_has_one_from_the_start(database: Path, ending: str) -> None:
    """As a copy made by another program comes."""

    async def scenario(store: Store) -> None:
        await new_grants(store, 1, idle_expires_at=None)
        assert store.broken is None
        database.with_name(database.name + ending).unlink()
        assert ending in store.broken

    serve_cast(database, unbroken)
    with closing(sqlite3.connect(database)) as other:
        assert other.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    serve(database, scenario)


def test_a_folder_that_is_closed_for_a_while_refuses_and_opens_again(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not look cannot tell whether the file was replaced; that is no reason to end."""
    look = Path.stat

    def closed(file: Path, **options: bool) -> os.stat_result:
        if file.name.startswith(database.name):
            raise PermissionError(errno.EACCES, "Permission denied")
        return look(file, **options)

    async def scenario(store: Store) -> None:
        (grant,) = await new_grants(store, 1, idle_expires_at=None)
        with monkeypatch.context() as system:
            system.setattr(Path, "stat", closed)
            with pytest.raises(OAuthError) as refused:
                await store.rotate(grant, NOW, None, None)
            assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
            assert await store.find_grant(grant.id) == grant
            assert store.broken is None
        assert isinstance(await store.rotate(grant, NOW, None, None), Rotated)

    serve_cast(database, scenario)


def _replace_by_a_copy(file: Path) -> None:
    file.rename(file.with_suffix(".old"))
    shutil.copy(file.with_suffix(".old"), file)


def test_kill_9_loses_no_acknowledged_rotation(database: Path) -> None:
    async def prepare(store: Store) -> list[str]:
        return [grant.id.hex() for grant in await new_grants(store, 8, idle_expires_at=None)]

    async def verify(store: Store) -> None:
        for grant_id, generation in acknowledged.items():
            grant = await store.find_grant(GrantId(bytes.fromhex(grant_id)))
            assert grant is not None
            assert generation <= grant.generation <= generation + 1
            assert isinstance(await store.rotate(grant, NOW, NOW + HOUR, None), Rotated)

    ids = serve_cast(database, prepare)
    for _ in range(3):
        acknowledged: dict[str, int] = {}
        with subprocess.Popen(
            [sys.executable, "-c", ROTATOR, str(database), *ids], stdout=subprocess.PIPE, text=True
        ) as rotator:
            assert rotator.stdout is not None
            for _ in range(2000):
                grant_id, generation = rotator.stdout.readline().split()
                acknowledged[grant_id] = int(generation)
            rotator.send_signal(signal.SIGKILL)
            for line in rotator.stdout:
                if line.endswith("\n"):  # what the kill cut short acknowledges nothing
                    grant_id, generation = line.split()
                    acknowledged[grant_id] = int(generation)
        assert len(acknowledged) == 8
        serve(database, verify)


def on_a_failing_disk(database: Path, ids: list[str], fault: str) -> dict:
    """What becomes of three rotations where these calls of the system's fail, for the log and the files beside it."""
    if shutil.which("strace") is None:
        pytest.skip("strace makes the disk fail")
    calls = fault.partition(":")[0]
    failing = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", f"{database}-wal", "-P", f"{database}.room"]
    failing += ["-e", f"trace={calls}", "-e", f"inject={fault}"]
    done = subprocess.run(
        [*failing, sys.executable, "-c", FAILING_DISK, str(database), *ids], capture_output=True, text=True, check=False
    )
    if "ptrace" in done.stderr.lower():
        pytest.skip("this machine does not let strace work")
    return json.loads(done.stdout)


@pytest.mark.parametrize("error", ["EDQUOT", "EFBIG", "EIO"])
def test_a_quota_that_is_used_up_is_a_full_disk_and_no_other_failure_to_write_is(database: Path, error: str) -> None:
    """To SQLite both are failures of the device; but this one passes once there is room."""

    async def prepare(store: Store) -> list[str]:
        return [grant.id.hex() for grant in await new_grants(store, 3, idle_expires_at=None)]

    async def verify(store: Store) -> list[bool]:
        grants = [await store.find_grant(GrantId(bytes.fromhex(each))) for each in ids]
        return [isinstance(await store.rotate(each, NOW, None, None), Rotated) for each in grants if each]

    ids = serve_cast(database, prepare)
    report = on_a_failing_disk(database, ids, f"pwrite64,write:error={error}")
    assert report["outcomes"] == 3 * ["temporarily_unavailable"]
    assert (report["broken"] is None) is (error != "EIO")
    assert report["readable"] == 3 * [True]
    assert serve(database, verify) == 3 * [True]


def test_a_disk_that_fails_to_sync_is_never_acknowledged_nor_tried_again(database: Path) -> None:
    async def prepare(store: Store) -> list[str]:
        return [grant.id.hex() for grant in await new_grants(store, 3, idle_expires_at=None)]

    async def verify(store: Store) -> list[int]:
        grants = [await store.find_grant(GrantId(bytes.fromhex(each))) for each in ids]
        assert [isinstance(await store.rotate(each, NOW, None, None), Rotated) for each in grants if each] == 3 * [True]
        return [grant.generation for grant in grants if grant]

    ids = serve_cast(database, prepare)
    report = on_a_failing_disk(database, ids, "fsync,fdatasync:error=EIO")
    assert report["outcomes"] == 3 * ["temporarily_unavailable"]
    assert "disk I/O error" in report["broken"]
    assert report["readable"] == 3 * [True]
    assert serve(database, verify)[1:] == [0, 0]
