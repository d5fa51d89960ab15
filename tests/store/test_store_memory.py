"""SQLite without memory for a moment: refused like any other moment's trouble, and well again by itself (fault F29)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from store_cast import CLIENT, new_grants, serve_cast, unbroken
from store_files import database

from dragoman.core.errors import OAuthError
from dragoman.store.faults import StoreConflict
from dragoman.store.sqlite.opening import open_server
from dragoman.threads import beginning as beginning_module

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.core.model import Grant
    from dragoman.store.store import Store

__all__ = ["database"]  # a fixture

SHORT_OF_MEMORY = """
import asyncio, json, sqlite3, sys
from contextlib import closing
from pathlib import Path
from dragoman.core.errors import OAuthError
from dragoman.core.model import GrantId
from dragoman.store.sqlite.opening import open_server

def filled():
    'A database in memory that takes all that SQLite may have in this process, which is a bound that stays.'
    hog = sqlite3.connect(":memory:", isolation_level=None)
    hog.execute("PRAGMA hard_heap_limit = 30000000")
    hog.execute("CREATE TABLE large (value BLOB)")
    for size in (1_000_000, 100_000, 10_000, 1_000, 100):
        try:
            while True:
                hog.execute(f"INSERT INTO large VALUES (zeroblob({size}))")
        except MemoryError:
            continue
    return hog

async def outcome(asked):
    try:
        return type(await asked).__name__
    except OAuthError as refused:
        return str(refused)

async def main():
    async with open_server(Path(sys.argv[1])) as store:
        grants = [await store.find_grant(GrantId(bytes.fromhex(each))) for each in sys.argv[2:]]
        with closing(filled()):
            told = [await asyncio.gather(*(outcome(store.rotate(one, 1_700_000_000, None, None)) for one in grants))]
            told.append([await outcome(store.rotate(one, 1_700_000_000, None, None)) for one in grants])
            told.append([await outcome(store.find_session(one.id)) for one in grants])
        told.append([await outcome(store.find_session(one.id)) for one in grants])
        told.append([await outcome(store.rotate(one, 1_700_000_000, None, None)) for one in grants])
        print(json.dumps([told, store.broken]), flush=True)

asyncio.run(main())
"""


def test_f29_who_finds_no_memory_in_sqlite_is_refused_and_all_is_well_once_there_is_some(database: Path) -> None:
    async def begin(store: Store) -> list[Grant]:
        return await new_grants(store, 10, idle_expires_at=None)

    grants = serve_cast(database, begin)
    command = [sys.executable, "-c", SHORT_OF_MEMORY, str(database), *(one.id.hex() for one in grants)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=90)
    (together, alone, read, read_again, afterwards), broken = json.loads(done.stdout)
    assert broken is None
    assert set(together) == set(alone) == set(read) == {"temporarily_unavailable"}
    assert (set(read_again), set(afterwards)) == ({"Session"}, {"Rotated"})


def test_f29_a_writers_thread_that_ends_before_it_begins_is_begun_anew(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with open_server(database) as store:
            waiting = asyncio.ensure_future(store.administration.create_client(CLIENT))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            while not waiting.done():  # as a server does that writes now and then
                with suppress(StoreConflict, TimeoutError):
                    async with asyncio.timeout(0.1):
                        await store.administration.create_client(CLIENT)
            assert store.broken is None

    monkeypatch.setattr(beginning_module, "start_new_thread", lambda *_arguments: monkeypatch.undo())
    asyncio.run(scenario())


def test_f29_where_no_thread_can_be_had_a_write_is_refused(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(beginning_module, "start_new_thread", refuse)
    with pytest.raises(OAuthError) as refused:
        serve_cast(database, unbroken)
    assert refused.value.detail == "no thread to write"
