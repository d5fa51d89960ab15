"""As many people and grants as are wanted, as rows: no million people have to log in."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import asyncpg
from tests.postgresql import for_the_driver

from dragoman.core.model import Grant, GrantId, ResourceOwner
from dragoman.core.scope import Scope
from dragoman.store.rows import grant_values, resource_owner_values
from dragoman.store.subjects import RESOURCE_OWNER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dragoman.core.secret import Secret
    from dragoman.store.rows import Values

NOW = 1_790_000_000
_AT_ONCE = 100_000
One = TypeVar("One")


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
            created_at=NOW,
            expires_at=NOW + 10**8,
            idle_expires_at=NOW + 10**7,
            facts={"dialect": "standard"},
        )
        yield replace(grant, **changes)  # type: ignore[arg-type]


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
