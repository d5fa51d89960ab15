"""The directory of a server, as the configuration has it: where accounts live that do not live here."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from dragoman.core.directory import Terms
from dragoman.core.errors import OAuthError
from dragoman.core.secret import Secret
from dragoman.core.value import value
from dragoman.directories.guard import Guard
from dragoman.hashing.doubles import Count, Doubles, EqualPasswords
from dragoman.shared.circuit import Circuit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from dragoman.config.directory import DirectoryTable
    from dragoman.config.settings import Configuration
    from dragoman.core.directory import Directory
    from dragoman.directories.sql.directory import SqlDirectory
    from dragoman.directories.sql.rows import Rows
    from dragoman.hashing.pool import PasswordHasher
    from dragoman.http.log import Log

# ruff: noqa: PLC0415 (who has no directory needs none of its drivers)

_COUNT_SECONDS = 600


@value
class Directed:
    """An open directory, and what is to be done beside answering."""

    directory: Directory
    chores: tuple[Callable[[], Coroutine[object, object, None]], ...] = ()


@asynccontextmanager
async def opened_directory(
    configuration: Configuration, passwords: PasswordHasher, key: bytes, log: Log
) -> AsyncIterator[Directed | None]:
    """The directory, of which nothing is asked yet, until the block ends; None where none is named.

    `key` draws the doubles of unknown names. Raises DirectoryFault.
    """
    table = configuration.directory
    if table.sql.url is not None:
        rows = open_rows_of(configuration)
        try:
            yield _sql(configuration, rows, passwords, key, log)
        finally:
            await rows.close()
    else:
        yield None


def terms_of(table: DirectoryTable) -> Terms:
    """What holds for all accounts of the directory."""
    return Terms(name=table.name, adopts=table.adopt, recheck=table.recheck_seconds, away=3600 * table.away_hours)


def open_rows_of(configuration: Configuration) -> Rows:
    """The database of the directory. Raises DirectoryFault."""
    from dragoman.directories.sql.rows import open_rows

    table = configuration.directory
    url = table.sql.url or ""
    location = Secret(url) if "://" in url else configuration.path(url)
    return open_rows(location, table.connections, table.timeout_seconds)


def _guard(table: DirectoryTable, log: Log) -> Guard:
    def tell(why_away: str | None) -> None:
        if why_away is None:
            log.write("info", "directory_back", directory=table.name)
        else:
            log.write("error", "directory_away", directory=table.name, reason=why_away)

    return Guard(
        seconds=table.timeout_seconds,
        at_once=table.connections,
        circuit=Circuit(time.monotonic, random.SystemRandom().random),
        tell=tell,
    )


def _sql(configuration: Configuration, rows: Rows, passwords: PasswordHasher, key: bytes, log: Log) -> Directed:
    from dragoman.directories.sql.directory import Queries, SqlDirectory
    from dragoman.directories.sql.query import read_query

    table = configuration.directory.sql
    queries = Queries(
        log_in=read_query("directory.sql.log_in", table.log_in, "login"),
        find=read_query("directory.sql.find", table.find, "id"),
        sample=read_query("directory.sql.sample", table.sample, None) if table.sample else None,
        columns=msgspec.structs.asdict(table.columns),
        separator=table.authorities_separator,
    )
    doubles = Doubles(key)
    directory = SqlDirectory(
        terms_of(configuration.directory), queries, rows, _guard(configuration.directory, log),
        EqualPasswords(passwords, doubles),
    )  # fmt: skip

    async def count() -> None:
        while True:
            await _count_sample(directory, passwords, doubles, log)
            await asyncio.sleep(_COUNT_SECONDS)

    return Directed(directory=directory, chores=(count,))


async def _count_sample(directory: SqlDirectory, passwords: PasswordHasher, doubles: Doubles, log: Log) -> None:
    """Have the doubles of names that nobody has there be in the proportion of what the table holds."""
    try:
        count = Count(passwords)
        for stored in await directory.sample():
            count.add(stored)
        doubles.reflect(count.kinds)
    except OAuthError as refused:
        log.write("warning", "hashes_not_counted", reason=refused.detail)
