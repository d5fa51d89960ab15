"""Writes of many callers go to the disk together, and none of them keeps another or the event loop waiting."""

import asyncio
import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from store_cast import HOUR, NOW, new_grant, new_grants, serve, serve_cast, unbroken
from store_files import database

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Client, Grant, TokenId
from dragoman.core.ports import NotRotated, Rotated
from dragoman.store import statement_names as sql
from dragoman.store.cache.changes import Changes
from dragoman.store.database import Transaction
from dragoman.store.faults import StoreConflict
from dragoman.store.sqlite.opening import open_server
from dragoman.store.sqlite.turn import Turn
from dragoman.store.store import Store

__all__ = ["database"]  # a fixture

SLOW_DISK = """
import asyncio, json, sys
from pathlib import Path
from dragoman.core.model import GrantId
from dragoman.core.ports import Rotated
from dragoman.store.sqlite.opening import open_server

async def main():
    async with open_server(Path(sys.argv[1])) as store:
        grants = [await store.find_grant(GrantId(bytes.fromhex(each))) for each in sys.argv[2:]]
        rotations = [asyncio.ensure_future(store.rotate(grant, 1_700_000_000, None, None)) for grant in grants]
        read = 0
        while not any(rotation.done() for rotation in rotations):
            await asyncio.sleep(0.01)
            read += await store.find_grant(grants[0].id) == grants[0]
        rotated = sum(isinstance(outcome, Rotated) for outcome in await asyncio.gather(*rotations))
        print(json.dumps({"rotated": rotated, "read_meanwhile": read}), flush=True)

asyncio.run(main())
"""


def test_what_changes_nothing_commits_nothing_and_leaves_lock_and_turn_to_others(database: Path) -> None:
    async def scenario(store: Store) -> None:
        (grant,) = await new_grants(store, 1, idle_expires_at=None)
        ended = [TokenId(bytes([number]) * 16) for number in range(3)]
        await store.revoke_access_token(ended[0], None, NOW + HOUR, NOW)
        assert isinstance(await store.rotate(grant, NOW, None, None), Rotated)
        commits: list[str] = []
        connection = store._database._writer._connection._connection  # type: ignore[attr-defined]
        connection.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
        for _ in range(3):  # asked again, one after the other and at once; and one that lost its race
            await store.revoke_access_token(ended[0], None, NOW + HOUR, NOW)
            await asyncio.gather(*(store.revoke_access_token(ended[0], None, NOW + HOUR, NOW) for _ in range(20)))
            assert isinstance(await store.rotate(grant, NOW, None, None), NotRotated)
        assert commits == []
        with closing(sqlite3.connect(database, isolation_level=None, timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        turn = Turn(database)
        assert turn.take_if_free()
        turn.close()
        await asyncio.gather(*(store.revoke_access_token(one, None, NOW + HOUR, NOW) for one in ended))
        assert len(commits) == 1
        assert [await store.is_access_token_revoked(one) for one in ended] == [True, True, True]

    serve_cast(database, scenario)


def test_who_revokes_again_what_was_revoked_a_moment_ago_asks_nothing_of_the_file(database: Path) -> None:
    async def scenario(store: Store) -> None:
        store.remember_access_tokens(Changes(), HOUR)
        one, other = TokenId(b"1" * 16), TokenId(b"2" * 16)
        await store.revoke_access_token(one, None, NOW + HOUR, NOW)
        asked: list[str] = []
        connection = store._database._writer._connection._connection  # type: ignore[attr-defined]
        connection.set_trace_callback(asked.append)
        for _ in range(3):
            await store.revoke_access_token(one, None, NOW + HOUR, NOW)
        assert asked == []
        await store.revoke_access_token(other, None, NOW + HOUR, NOW)
        assert asked
        assert [await store.is_access_token_revoked(each) for each in (one, other)] == [True, True]

    serve_cast(database, scenario)


def test_a_job_that_fails_takes_no_neighbour_with_it(database: Path) -> None:
    async def scenario(store: Store) -> None:
        grants = await new_grants(store, 40, idle_expires_at=None)
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


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes the disk slow")
def test_the_event_loop_goes_on_while_the_disk_syncs(database: Path) -> None:
    async def prepare(store: Store) -> list[str]:
        return [grant.id.hex() for grant in await new_grants(store, 40, idle_expires_at=None)]

    ids = serve_cast(database, prepare)
    slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", f"{database}-wal"]
    slow += ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_exit=300000"]
    done = subprocess.run(
        [*slow, sys.executable, "-c", SLOW_DISK, str(database), *ids], capture_output=True, text=True, check=False
    )
    if "ptrace" in done.stderr.lower():
        pytest.skip("this machine does not let strace work")
    report = json.loads(done.stdout)
    assert report["rotated"] == 40
    assert report["read_meanwhile"] > 0


def test_what_may_take_long_is_not_done_on_the_event_loop(database: Path) -> None:
    async def scenario(store: Store) -> None:
        async def where(_: Transaction) -> int:
            return threading.get_ident()

        assert await store._database.transact(where) != threading.get_ident()

    serve_cast(database, scenario)


def test_close_finishes_what_is_queued(database: Path) -> None:
    async def scenario() -> list[Grant]:
        async with open_server(database) as store:
            grants = await new_grants(store, 300, idle_expires_at=None)
            rotations = [asyncio.ensure_future(store.rotate(grant, NOW, None, None)) for grant in grants]
            await asyncio.sleep(0)
        assert all(isinstance(outcome, Rotated) for outcome in await asyncio.gather(*rotations))
        with pytest.raises(OAuthError) as refused:
            await store.rotate(grants[0], NOW, None, None)
        assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        return grants

    async def again(store: Store) -> None:
        assert {grant.generation for grant in [await store.find_grant(g.id) for g in grants] if grant} == {1}

    serve_cast(database, unbroken)
    grants = asyncio.run(scenario())
    serve(database, again)
    assert not database.with_name("dragoman.db-wal").exists()


def test_a_write_is_done_although_its_caller_gave_up(database: Path) -> None:
    async def scenario(store: Store) -> None:
        first, second = await new_grants(store, 2, idle_expires_at=None)
        given_up = asyncio.ensure_future(store.rotate(first, NOW, None, None))
        await asyncio.sleep(0)
        given_up.cancel()
        await store.rotate(second, NOW, None, None)
        assert isinstance(await store.rotate(first, NOW, None, None), NotRotated)

    serve_cast(database, scenario)


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
