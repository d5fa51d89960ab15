"""Whether refreshing stays as fast when the database grows: `make bench-growth`.

Two databases, a thousand grants of a thousand people and a million of a million, are rotated in turns by 32 tasks at
once, each a random grant of all: one look and one durable rotation, as a refresh does them. So are a grant at its first
generation and one at its hundred-thousandth. What counts are the ratios.
"""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bench.growth.rounds import POSTGRESQL, ROUNDS, tell
from bench.growth.rows import NOW, grants, insert, insert_people
from tests.postgresql import cluster

from dragoman.core.model import Client, Grant, GrantId
from dragoman.core.ports import Rotated
from dragoman.store.opening import open_server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.secret import Secret
    from dragoman.store.store import Store

TASKS = 32
SECONDS = 3.0
OLD = 100_000


async def fill(store: Store, location: Path | Secret, count: int) -> Sequence[GrantId]:
    """A client, so many people, and a grant for each: the ids of the grants."""
    await store.administration.create_client(Client(id="app", name="app"))
    await insert_people(location, count, None)
    return await insert(location, grants(count))


async def rotate(store: Store, ids: Sequence[GrantId], deadline: float) -> int:
    """How many refreshes one task gets done; each grant belongs to one task."""
    done = 0
    while time.perf_counter() < deadline:
        session = await store.find_session(random.choice(ids))  # noqa: S311 (load, no secret)
        if session is None:
            raise RuntimeError("a grant is gone")
        outcome = await store.rotate(session.grant, NOW, NOW + 10**7, None)
        if not isinstance(outcome, Rotated):
            raise TypeError("a rotation was lost, although nobody else asked for it")
        done += 1
    return done


def shared(ids: Sequence[GrantId]) -> Sequence[Sequence[GrantId]]:
    """Each task's own. Made before the clock runs: of a million it takes as long as a thousand rotations."""
    return [ids[task::TASKS] for task in range(TASKS)]


async def rate(store: Store, slices: Sequence[Sequence[GrantId]]) -> float:
    """Refreshes per second."""
    began = time.perf_counter()
    counts = await asyncio.gather(*(rotate(store, ids, began + SECONDS) for ids in slices if ids))
    return sum(counts) / (time.perf_counter() - began)


async def compare(few: Path | Secret, many: Path | Secret, count: int) -> None:
    """Rounds in turns, and what they come to."""
    async with AsyncExitStack() as open_stores:
        small, large = [await open_stores.enter_async_context(open_server(one)) for one in (few, many)]
        few_grants, many_grants = shared(await fill(small, few, 1000)), shared(await fill(large, many, count))
        gc.collect()
        pairs = [(await rate(small, few_grants), await rate(large, many_grants)) for _ in range(ROUNDS)]
        tell(f"{count} grants and people against 1000", pairs)
        young, old = list(grants(TASKS)), list(grants(TASKS, generation=OLD, issued=OLD))
        for grant in (*young, *old):
            await small.create_grant(grant, None)
        pairs = [(await rate(small, _ids(young)), await rate(small, _ids(old))) for _ in range(ROUNDS)]
        tell(f"generation {OLD} against the first", pairs)


def _ids(made: Sequence[Grant]) -> Sequence[Sequence[GrantId]]:
    return shared([grant.id for grant in made])


def measure(on: Sequence[str], count: int) -> None:
    """Measure and print, on each of these databases."""
    if "sqlite" in on:
        with tempfile.TemporaryDirectory() as folder:
            print("SQLite, one look and one durable rotation, 32 at once")
            asyncio.run(compare(Path(folder) / "few.db", Path(folder) / "many.db", count))
    if "postgresql" in on:
        with cluster(**POSTGRESQL) as server, server.new_database() as few, server.new_database() as many:
            print("PostgreSQL on the same machine, the same")
            asyncio.run(compare(server.url(few), server.url(many), count))
