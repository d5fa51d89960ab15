"""SQLite without memory for a moment: refused like any other moment's trouble, and well again by itself (fault F29)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from store_cast import new_grants, serve_cast
from store_files import database

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
