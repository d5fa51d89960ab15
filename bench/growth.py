"""Whether refreshing stays as fast when the database grows: `make bench-growth`.

Two databases, a thousand grants of a thousand people and a million of a million, are rotated in turns by 32 tasks at
once, each a random grant of all: one look and one durable rotation, as a refresh does them. So are a grant at its first
generation and one at its hundred-thousandth. What counts are the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import sqlite3
import statistics
import tempfile
import time
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import asyncpg
from tests.postgresql import cluster, for_the_driver

from dragoman.core.model import Client, Grant, GrantId, ResourceOwner
from dragoman.core.ports import Rotated
from dragoman.core.scope import Scope
from dragoman.store.opening import open_server
from dragoman.store.rows import grant_values, resource_owner_values
from dragoman.store.subjects import RESOURCE_OWNER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dragoman.core.secret import Secret
    from dragoman.store.rows import Values
    from dragoman.store.store import Store

TASKS = 32
ROUNDS = 5
SECONDS = 3.0
OLD = 100_000
POSTGRESQL = {"shared_buffers": "256MB", "max_wal_size": "4GB", "autovacuum": "on"}
"""As docs/postgresql.md advises, in small: the tests' own settings are for databases that hold nothing."""
_AT_ONCE = 100_000
One = TypeVar("One")
_NOW = 1_790_000_000


def person(number: int) -> str:
    """The id of somebody: in no order, as ids made by chance are, so that neighbours are on pages of their own."""
    return blake2b(b"%d" % number, digest_size=16).hexdigest()


def grants(count: int, **changes: object) -> Iterator[Grant]:
    """So many new grants, each of somebody else."""
    for number in range(count):
        grant = Grant(
            id=GrantId(os.urandom(12)),
            client_id="app",
            subject=person(number),
            scope=Scope(("read", "write")),
            created_at=_NOW,
            expires_at=_NOW + 10**8,
            idle_expires_at=_NOW + 10**7,
            facts={"dialect": "standard"},
        )
        yield replace(grant, **changes)  # type: ignore[arg-type]


async def fill(store: Store, location: Path | Secret, count: int) -> Sequence[GrantId]:
    """A client, so many people, and a grant for each: the ids of the grants."""
    await store.administration.create_client(Client(id="app", name="app"))
    await insert_people(location, count, None)
    return await insert(location, grants(count))


async def insert_people(location: Path | Secret, count: int, password_hash: str | None) -> None:
    """So many people, `person 0` and on by name, all with this hash."""
    for some in batched(range(count)):
        owners = [ResourceOwner(id=person(one), username=f"person {one}", password_hash=password_hash) for one in some]
        await write(location, "subjects", [{"id": one.id, "kind": RESOURCE_OWNER} for one in owners])
        await write(location, "resource_owners", [resource_owner_values(one) for one in owners])
        await write(location, "login_names", [{"login": one.username, "owner_id": one.id} for one in owners])


async def insert(location: Path | Secret, made: Iterator[Grant]) -> Sequence[GrantId]:
    """All of these, as rows. Only the ids are kept: a million objects would slow whoever measures with them."""
    ids: list[GrantId] = []
    for some in batched(made):
        await write(location, "grants", [grant_values(grant) for grant in some])
        ids += [grant.id for grant in some]
    return ids


def batched(made: Iterable[One]) -> Iterator[Sequence[One]]:
    """As many at once as memory bears."""
    left = iter(made)
    while some := list(islice(left, _AT_ONCE)):
        yield some


async def write(location: Path | Secret, table: str, values: Sequence[Values]) -> None:
    """Rows, past the store: it would take an hour for a million."""
    names, rows = tuple(values[0]), [tuple(one.values()) for one in values]
    if isinstance(location, Path):
        _insert(location, table, names, rows)
    else:
        await _copy(location, table, names, rows)


async def _copy(url: Secret, table: str, names: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    connection = await asyncpg.connect(for_the_driver(url))
    await connection.copy_records_to_table(table, records=rows, columns=names)
    await connection.execute(f"ANALYZE {table}")
    await connection.close()


def _insert(path: Path, table: str, names: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA cache_size = -400000")
        connection.execute("PRAGMA synchronous = OFF")
        text = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 (our own names)
        connection.executemany(text, rows)
        connection.commit()


async def rotate(store: Store, ids: Sequence[GrantId], deadline: float) -> int:
    """How many refreshes one task gets done; each grant belongs to one task."""
    done = 0
    while time.perf_counter() < deadline:
        session = await store.find_session(random.choice(ids))  # noqa: S311 (load, no secret)
        if session is None:
            raise RuntimeError("a grant is gone")
        outcome = await store.rotate(session.grant, _NOW, _NOW + 10**7, None)
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


def tell(what: str, pairs: Sequence[tuple[float, float]]) -> None:
    """Medians and the ratio of the pairs."""
    ratios = [later / first for first, later in pairs]
    first, later = (statistics.median(one) for one in zip(*pairs, strict=True))
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(f"  {what}: {later:.0f} against {first:.0f} a second, ratio {statistics.median(ratios):.2f} ({spread})")


def main() -> None:
    """Measure and print, on both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="grants and people of the large database")
    parser.add_argument("--http", action="store_true", help="through whole servers, loaded by wrk")
    parser.add_argument("--on", choices=("sqlite", "postgresql"), action="append", help="only on this database")
    asked = parser.parse_args()
    on = asked.on or ("sqlite", "postgresql")
    if asked.http:
        from bench import growth_http  # noqa: PLC0415 - it takes what is here

        growth_http.main(on, asked.count)
        return
    if "sqlite" in on:
        with tempfile.TemporaryDirectory() as folder:
            print("SQLite, one look and one durable rotation, 32 at once")
            asyncio.run(compare(Path(folder) / "few.db", Path(folder) / "many.db", asked.count))
    if "postgresql" in on:
        with cluster(**POSTGRESQL) as server, server.new_database() as few, server.new_database() as many:
            print("PostgreSQL on the same machine, the same")
            asyncio.run(compare(server.url(few), server.url(many), asked.count))


if __name__ == "__main__":
    main()
