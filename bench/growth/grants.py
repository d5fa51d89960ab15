"""As many grants as are wanted, as rows: no million people have to log in."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from tests.postgresql import for_the_driver

from dragoman.core.model import Grant, GrantId
from dragoman.core.scope import Scope
from dragoman.store.rows import grant_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dragoman.core.secret import Secret

OWNERS = 100
"""So many people have all of them."""
NOW = 1_790_000_000
_AT_ONCE = 100_000


def grants(count: int, **changes: object) -> Iterator[Grant]:
    """So many new grants, of a few people."""
    for number in range(count):
        grant = Grant(
            id=GrantId(os.urandom(12)),
            client_id="app",
            subject=str(number % OWNERS),
            scope=Scope(("read", "write")),
            created_at=NOW,
            expires_at=NOW + 10**8,
            idle_expires_at=NOW + 10**7,
            facts={"dialect": "standard"},
        )
        yield replace(grant, **changes)  # type: ignore[arg-type]


async def insert(location: Path | Secret, made: Iterator[Grant]) -> Sequence[GrantId]:
    """All of these, as rows. Only the ids are kept: a million objects would slow whoever measures with them."""
    ids: list[GrantId] = []
    while some := list(islice(made, _AT_ONCE)):
        values = [grant_values(grant) for grant in some]
        names, rows = tuple(values[0]), [tuple(one.values()) for one in values]
        if isinstance(location, Path):
            _insert(location, names, rows)
        else:
            await _copy(location, names, rows)
        ids += [grant.id for grant in some]
    return ids


async def _copy(url: Secret, names: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    connection = await asyncpg.connect(for_the_driver(url))
    await connection.copy_records_to_table("grants", records=rows, columns=names)
    await connection.execute("ANALYZE grants")
    await connection.close()


def _insert(path: Path, names: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA cache_size = -400000")
        connection.execute("PRAGMA synchronous = OFF")
        text = f"INSERT INTO grants ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 (our own names)
        connection.executemany(text, rows)
        connection.commit()
