"""What the machine can do at best, measured beside the systems: hashes, signatures, commits."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import asyncpg
from bench.database import postgresql
from bench.hashing import Implementation, bare_capacity
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from dragoman.hashing.cores import usable_cores

_CONNECTIONS = 16
_CHECK_EVERY = 32
_INPUT = b"x" * 400
_ROW = "INSERT INTO bench (id, value) VALUES ({}, {})"
_TABLE = "CREATE TABLE bench (id TEXT PRIMARY KEY, value TEXT)"


def measure(folder: Path, seconds: float) -> Mapping[str, float]:
    """Operations a second of each limit."""
    return {
        **{
            f"argon2id by {one}, all cores": bare_capacity(one, usable_cores(), seconds).a_second
            for one in Implementation
        },
        "ES256 signatures, one thread": signatures(seconds),
        "SQLite commits (FULL), one at a time": sqlite_commits(folder / "limit.db", seconds),
        f"PostgreSQL commits, {_CONNECTIONS} connections": postgresql_commits(seconds),
    }


def signatures(seconds: float) -> float:
    """Bare ES256."""
    key, scheme = generate_private_key(SECP256R1()), ECDSA(SHA256())
    count, taken = _repeat(lambda: key.sign(_INPUT, scheme), seconds, _CHECK_EVERY)
    return count / taken


def sqlite_commits(file: Path, seconds: float) -> float:
    """One row for each commit, synced to the disk."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_TABLE)
        statement = _ROW.format("?", "?")
        count, taken = _repeat(lambda: connection.execute(statement, (os.urandom(12).hex(), "value")), seconds)
    return count / taken


def postgresql_commits(seconds: float) -> float:
    """One row for each commit, fsync on."""
    with postgresql() as url:
        return asyncio.run(_postgresql_commits(url, seconds))


async def _postgresql_commits(url: str, seconds: float) -> float:
    async with asyncpg.create_pool(url, min_size=_CONNECTIONS, max_size=_CONNECTIONS) as pool:
        await pool.execute(_TABLE)
        statement = _ROW.format("$1", "$2")
        until = time.monotonic() + seconds

        async def work() -> int:
            count = 0
            async with pool.acquire() as connection:
                while time.monotonic() < until:
                    await connection.execute(statement, os.urandom(12).hex(), "value")
                    count += 1
            return count

        began = time.monotonic()
        counts = await asyncio.gather(*(work() for _ in range(_CONNECTIONS)))
        return sum(counts) / (time.monotonic() - began)


def _repeat(work: Callable[[], object], seconds: float, at_once: int = 1) -> tuple[int, float]:
    """How often it was done, and in how many seconds."""
    began = time.perf_counter()
    count = 0
    while (taken := time.perf_counter() - began) < seconds:
        for _ in range(at_once):
            work()
        count += at_once
    return count, taken
