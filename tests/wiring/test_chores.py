"""What a server does beside answering goes on, whatever becomes of one attempt; and the event loop waits for none of it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from contextlib import closing
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from dragoman.http.log import Log
from dragoman.store.opening import open_server
from dragoman.tokens.current import CurrentTokens
from dragoman.tokens.format import Issuers
from dragoman.tokens.issuer import open_issuer
from dragoman.tokens.keyring import add_key, create_missing
from dragoman.tokens.keys import Purpose
from dragoman.wiring.chores import doing, keep_time, keep_up, watch_keys
from tests.machine import START, Machine

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.tokens.issuer import TokenIssuer
    from dragoman.tokens.keyring import Keyring


class Stopped(BaseException):
    """The test has seen enough."""


def test_a_chore_that_failed_is_begun_anew(tmp_path: Path):
    database, told = tmp_path / "dragoman.db", BytesIO()
    log = Log("error", told)

    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")

    async def scenario() -> None:
        noted = asyncio.Event()

        async def pause(_seconds: float) -> None:
            rename("away", "installation")

        loop = asyncio.get_running_loop()
        async with open_server(database) as store:
            rename("installation", "away")
            chore = partial(keep_time, store, Machine().clock(), lambda _: loop.call_soon_threadsafe(noted.set), log)
            task = asyncio.create_task(keep_up(chore, log, pause))
            await asyncio.wait_for(noted.wait(), 60)
            task.cancel()
            assert await store.installation.latest_time() == START

    asyncio.run(scenario())
    (line,) = [json.loads(line) for line in told.getvalue().splitlines()]
    assert "no such table: installation" in str(line)


def test_what_fails_each_time_is_told_ever_more_seldom():
    pauses: list[float] = []

    async def failing() -> None:
        raise RuntimeError("always")

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 9:
            raise Stopped

    with pytest.raises(Stopped):
        asyncio.run(keep_up(failing, _quiet(), pause))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_what_went_well_for_a_while_is_begun_anew_soon():
    now, pauses = [0.0], []

    async def lasting() -> None:
        now[0] += 61
        raise RuntimeError("once an hour")

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise Stopped

    with pytest.raises(Stopped):
        asyncio.run(keep_up(lasting, _quiet(), pause, lambda: now[0]))
    assert pauses == [1, 1, 1]


def test_a_chore_that_has_come_to_its_end_is_not_begun_anew():
    begun = []

    async def single() -> None:
        begun.append(1)

    asyncio.run(keep_up(single, _quiet()))
    assert begun == [1]


def test_keys_are_read_beside_the_event_loop(tmp_path: Path):
    folder, opened = tmp_path / "keys", []
    create_missing(folder, ("ES256",), START - 100)

    async def no_row(_digest: bytes) -> None:
        return None

    async def scenario() -> None:
        loop, again, look = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

        def open_over(keyring: Keyring) -> TokenIssuer:
            opened.append(threading.current_thread())
            loop.call_soon_threadsafe(again.set if len(opened) > 1 else int)
            return open_issuer(
                keyring=keyring,
                access_recipes=(),
                refresh_recipes=(),
                find_access_token=no_row,
                clock=lambda: START,
                issuers=Issuers(own="https://issuer.example"),
            )

        current = CurrentTokens(folder, open_over, lambda: START)
        kid = add_key(folder, Purpose.ACCESS, "ES256", START, START)
        look.set()
        watching = asyncio.create_task(watch_keys(current, _quiet(), look))
        await asyncio.wait_for(again.wait(), 60)
        while kid not in current.keyring.access_keys:  # noqa: ASYNC110 (it is taken over in the other thread)
            await asyncio.sleep(0)
        watching.cancel()

    asyncio.run(scenario())
    assert opened[0] is threading.main_thread()
    assert opened[1] is not threading.main_thread()


def _quiet() -> Log:
    return Log("error", BytesIO())


def test_chores_have_let_go_of_the_store_when_it_is_closed(tmp_path: Path):
    """Whatever a chore still does at its end, it does on an open store."""
    noted: list[int] = []

    async def scenario() -> None:
        begun = asyncio.Event()
        async with open_server(tmp_path / "dragoman.db") as store:

            async def chore() -> None:
                begun.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    await store.installation.note_time(START)
                    noted.append(await store.installation.latest_time())

            async with doing([chore], Log("error", BytesIO())):
                await asyncio.wait_for(begun.wait(), 60)

    asyncio.run(scenario())
    assert noted == [START]
