import asyncio
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from store_cast import HOUR, NOW, new_grant, serve, serve_cast

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Client, Grant, GrantId
from dragoman.core.ports import NotRotated, Rotated
from dragoman.store import statement_names as sql
from dragoman.store.database import Transaction
from dragoman.store.faults import StoreConflict
from dragoman.store.sqlite.opening import open_server
from dragoman.store.store import Store

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


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Files alone have these promises."""
    return tmp_path / "folder" / "dragoman.db"


async def _new_grants(store: Store, count: int) -> list[Grant]:
    grants = [new_grant(idle_expires_at=None) for _ in range(count)]
    await asyncio.gather(*(store.create_grant(grant, None) for grant in grants))
    return grants


def test_a_job_that_fails_takes_no_neighbour_with_it(database: Path) -> None:
    async def scenario(store: Store) -> None:
        grants = await _new_grants(store, 40)
        commits: list[str] = []
        connection = store._database._writer._connection._connection  # type: ignore[attr-defined]
        connection.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)

        async def spoilt(transaction: Transaction) -> None:
            await transaction.count(sql.CREATE_SUBJECT, {"id": "spoilt", "kind": "client"})
            raise RuntimeError("on purpose")

        outcomes = await asyncio.gather(
            *(store.rotate(grant, NOW, None, None) for grant in grants[:20]),
            store._database.transact(spoilt),
            store.administration.create_client(Client(id="17", name="taken")),
            store.create_grant(grants[0], None),
            *(store.rotate(grant, NOW, None, None) for grant in grants[20:]),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes if not isinstance(outcome, Exception)] == 40 * [Rotated]
        failures = [type(outcome).__name__ for outcome in outcomes if isinstance(outcome, Exception)]
        assert failures == ["RuntimeError", "StoreConflict", "ConstraintViolated"]
        assert len(commits) < 5
        assert [grant.generation for grant in [await store.find_grant(g.id) for g in grants] if grant] == 40 * [1]
        await store.administration.create_client(Client(id="spoilt", name="left no trace"))
        assert store.broken is None

    serve_cast(database, scenario)


def test_a_locked_database_is_waited_for_refused_and_recovers(database: Path) -> None:
    async def scenario(store: Store) -> None:
        first, second, third = await _new_grants(store, 3)
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
        (grant,) = await _new_grants(store, 1)
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
        await _new_grants(store, 100)
        assert store.broken is None

    serve_cast(database, scenario)


def test_a_file_that_was_replaced_is_written_no_more(database: Path) -> None:
    async def scenario(store: Store) -> None:
        (grant,) = await _new_grants(store, 1)
        _replace_by_a_copy(database)
        for _ in range(2):
            with pytest.raises(OAuthError) as refused:
                await store.rotate(grant, NOW, None, None)
            assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        assert store.broken is not None
        assert str(database) in store.broken

    serve_cast(database, scenario)


def test_close_finishes_what_is_queued(database: Path) -> None:
    async def scenario() -> list[Grant]:
        async with open_server(database) as store:
            grants = await _new_grants(store, 300)
            rotations = [asyncio.ensure_future(store.rotate(grant, NOW, None, None)) for grant in grants]
            await asyncio.sleep(0)
        assert all(isinstance(outcome, Rotated) for outcome in await asyncio.gather(*rotations))
        with pytest.raises(OAuthError) as refused:
            await store.rotate(grants[0], NOW, None, None)
        assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        return grants

    async def again(store: Store) -> None:
        assert {grant.generation for grant in [await store.find_grant(g.id) for g in grants] if grant} == {1}

    serve_cast(database, _nothing)
    grants = asyncio.run(scenario())
    serve(database, again)
    assert not database.with_name("dragoman.db-wal").exists()


def _replace_by_a_copy(file: Path) -> None:
    file.rename(file.with_suffix(".old"))
    shutil.copy(file.with_suffix(".old"), file)


async def _nothing(store: Store) -> None:
    assert store.broken is None


def test_a_write_is_done_although_its_caller_gave_up(database: Path) -> None:
    async def scenario(store: Store) -> None:
        first, second = await _new_grants(store, 2)
        given_up = asyncio.ensure_future(store.rotate(first, NOW, None, None))
        await asyncio.sleep(0)
        given_up.cancel()
        await store.rotate(second, NOW, None, None)
        assert isinstance(await store.rotate(first, NOW, None, None), NotRotated)

    serve_cast(database, scenario)


def test_kill_9_loses_no_acknowledged_rotation(database: Path) -> None:
    async def prepare(store: Store) -> list[str]:
        return [grant.id.hex() for grant in await _new_grants(store, 8)]

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


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes the disk fail")
def test_a_disk_that_fails_to_sync_is_never_acknowledged_nor_tried_again(database: Path) -> None:
    async def prepare(store: Store) -> list[str]:
        return [grant.id.hex() for grant in await _new_grants(store, 3)]

    async def verify(store: Store) -> list[int]:
        grants = [await store.find_grant(GrantId(bytes.fromhex(each))) for each in ids]
        assert [isinstance(await store.rotate(each, NOW, None, None), Rotated) for each in grants if each] == 3 * [True]
        return [grant.generation for grant in grants if grant]

    ids = serve_cast(database, prepare)
    failing = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", f"{database}-wal"]
    failing += ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"]
    done = subprocess.run(
        [*failing, sys.executable, "-c", FAILING_DISK, str(database), *ids], capture_output=True, text=True, check=False
    )
    if "ptrace" in done.stderr.lower():
        pytest.skip("this machine does not let strace work")
    report = json.loads(done.stdout)
    assert report["outcomes"] == 3 * ["temporarily_unavailable"]
    assert "disk I/O error" in report["broken"]
    assert report["readable"] == 3 * [True]
    assert serve(database, verify)[1:] == [0, 0]


def test_a_conflict_is_a_sentence(database: Path) -> None:
    async def scenario(store: Store) -> None:
        with pytest.raises(StoreConflict) as conflict:
            await store.administration.create_client(Client(id="17", name=""))
        assert str(conflict.value) == "The id '17' is taken by a resource owner."

    serve_cast(database, scenario)


def test_a_grant_of_a_hundred_thousand_generations_costs_what_a_new_one_costs(database: Path) -> None:
    async def scenario(store: Store) -> None:
        statements: list[str] = []
        counts = []
        old = new_grant(generation=100_000, issued=100_001)
        for grant in (new_grant(), old):
            await store.create_grant(grant, None)
            connection = store._database._writer._connection._connection  # type: ignore[attr-defined]
            connection.set_trace_callback(statements.append)
            assert isinstance(await store.rotate(grant, NOW, None, None), Rotated)
            connection.set_trace_callback(None)
            counts.append(len(statements))
            statements.clear()
        assert counts[0] == counts[1]
        ended = await store.find_grant(old.id)
        assert ended is not None
        assert ended.generation == 100_001

    serve_cast(database, scenario)
