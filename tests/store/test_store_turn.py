"""Writers in several processes on one file: they take turns, nobody starves, and the dead hold nobody up."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from store_cast import NOW, new_grant, serve_cast
from store_files import database

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import GrantId
from dragoman.core.ports import Rotated
from dragoman.store.sqlite.connection import WRITER_WAITS
from dragoman.store.sqlite.opening import open_server, open_tool
from dragoman.store.sqlite.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.store.store import Store

__all__ = ["database"]  # a fixture

HOLDER = """
import sys
from pathlib import Path
from dragoman.store.sqlite.turn import Turn
turn = Turn(Path(sys.argv[1]))
turn.wait()
print("mine", flush=True)
sys.stdin.read()
"""
BUSY = """
import asyncio, json, sys, time
from pathlib import Path
from store_cast import NOW, new_grant
from dragoman.core.errors import OAuthError
from dragoman.core.ports import Rotated
from dragoman.store.sqlite.opening import open_worker

async def main():
    done, refused = 0, 0
    async with open_worker(Path(sys.argv[1])) as store:
        print("ready", flush=True)
        until = float(sys.stdin.readline())
        began = time.monotonic()
        async def rotate_for_a_while():
            nonlocal done, refused
            grant = new_grant(idle_expires_at=None)
            await store.create_grant(grant, None)
            while time.time() < until:
                try:
                    outcome = await store.rotate(grant, NOW, None, None)
                except OAuthError:
                    refused += 1
                else:
                    assert isinstance(outcome, Rotated)
                    grant, done = outcome.grant, done + 1
        await asyncio.gather(*(rotate_for_a_while() for _ in range(8)))
        rate = done / (time.monotonic() - began)
    print(json.dumps({"done": done, "refused": refused, "rate": rate}))

asyncio.run(main())
"""


@contextmanager
def held(database: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process has the turn, until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "mine\n"
            yield holder
        finally:
            holder.kill()


def test_who_waits_too_long_is_refused_and_nothing_of_it_is_done_later(database: Path) -> None:
    async def scenario(store: Store) -> None:
        first, second = new_grant(idle_expires_at=None), new_grant(idle_expires_at=None)
        await store.create_grant(first, None)
        await store.create_grant(second, None)
        with held(database):
            early = asyncio.ensure_future(store.rotate(first, NOW, None, None))
            await asyncio.wait([early], timeout=1)
            late = asyncio.ensure_future(store.rotate(second, NOW, None, None))
            outcomes = await asyncio.gather(early, late, return_exceptions=True)
            refusals = [outcome.refusal for outcome in outcomes if isinstance(outcome, OAuthError)]
            assert refusals == 2 * [Refusal.TEMPORARILY_UNAVAILABLE]
            assert await store.find_grant(first.id) == first
        assert isinstance(await store.rotate(first, NOW, None, None), Rotated)
        assert await store.find_grant(second.id) == second
        assert store.broken is None

    serve_cast(database, scenario)


def test_the_turn_of_a_killed_process_passes_on_at_once(database: Path) -> None:
    async def scenario(store: Store) -> None:
        grant = new_grant(idle_expires_at=None)
        await store.create_grant(grant, None)
        with held(database) as holder:
            waiting = asyncio.ensure_future(store.rotate(grant, NOW, None, None))
            await asyncio.wait([waiting], timeout=0.2)
            assert not waiting.done()
            holder.kill()
            assert isinstance(await waiting, Rotated)

    serve_cast(database, scenario)


def test_a_store_that_waits_for_its_turn_can_be_closed(database: Path) -> None:
    async def scenario(_: Store) -> None:
        with held(database) as holder:
            async with open_tool(database) as store:
                waiting = asyncio.ensure_future(store.create_grant(new_grant(), None))
                await asyncio.wait([waiting], timeout=0.1)
                asyncio.get_running_loop().call_later(0.2, holder.kill)
            assert waiting.done()
            refused = (
                waiting.exception()
            )  # on a crowded machine its two seconds may be over before the holder is killed
            assert refused is None or getattr(refused, "refusal", None) is Refusal.TEMPORARILY_UNAVAILABLE

    serve_cast(database, scenario)


def test_all_of_four_busy_processes_get_their_share(database: Path) -> None:
    async def scenario(_: Store) -> list[dict[str, float]]:
        busy = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", BUSY, str(database), cwd=__file__.rpartition("/")[0], stdin=-1, stdout=-1
            )
            for _ in range(4)
        ]
        assert {await one.stdout.readline() for one in busy} == {b"ready\n"}
        until = f"{time.time() + 3}\n".encode()
        ended = await asyncio.gather(*(one.communicate(until) for one in busy))
        return [json.loads(told) for told, _ in ended]

    shares = serve_cast(database, scenario)
    assert sum(one["refused"] for one in shares) * 20 < sum(one["done"] for one in shares)
    assert min(one["rate"] for one in shares) * 10 > max(one["rate"] for one in shares)


def test_as_long_as_the_turn_does_not_come_everybody_is_refused_in_time(tmp_path: Path):
    """Not only those who waited when the first two seconds were over."""

    async def refused_after(store: Store) -> float:
        began = time.monotonic()
        with pytest.raises(OAuthError) as refused:
            await store.revoke_grant(GrantId(bytes(12)), 0, "test")
        assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        return time.monotonic() - began

    async def scenario() -> None:
        path = tmp_path / "dragoman.db"
        async with open_server(path) as store:
            other = Turn(path)
            assert other.take_if_free()
            try:
                waits = [await refused_after(store) for _ in range(3)]
            finally:
                other.close()
            assert max(waits) < 10 * WRITER_WAITS  # on a slow machine too; not for ever
            assert await store.revoke_grant(GrantId(bytes(12)), 0, "test") is False

    asyncio.run(scenario())
