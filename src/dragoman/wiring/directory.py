"""The directory of a server, as the configuration has it: where accounts live that do not live here."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from dragoman.core.circuit import Circuit
from dragoman.core.errors import OAuthError
from dragoman.core.ports.directory import Terms
from dragoman.core.secret import Secret
from dragoman.core.value import value
from dragoman.elsewhere.guard import Guard
from dragoman.elsewhere.tls import trusting
from dragoman.hashing.doubles import Count, Doubles, EqualPasswords

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from dragoman.config.directory import DirectoryTable
    from dragoman.config.settings import Configuration
    from dragoman.core.ports.directory import Directory
    from dragoman.directories.sql.directory import SqlDirectory
    from dragoman.directories.sql.rows import Rows
    from dragoman.hashing.pool import PasswordHasher
    from dragoman.http.log import Log
    from dragoman.wiring.chores import Chore

# ruff: noqa: PLC0415 (who has no directory needs none of its drivers)

_COUNT_SECONDS = 600
_LDAP_PORT, _LDAPS_PORT = 389, 636


@value
class OpenDirectory:
    """An open directory, and what is to be done beside answering."""

    directory: Directory
    chores: tuple[Chore, ...] = ()


@asynccontextmanager
async def opened_directory(
    configuration: Configuration, passwords: PasswordHasher, key: bytes, log: Log
) -> AsyncIterator[OpenDirectory | None]:
    """The directory, of which nothing is asked yet, until the block ends; None where none is named.

    `key` draws the doubles of unknown names. Raises ElsewhereFault.
    """
    table = configuration.directory
    guard = _guard(table, log)
    async with AsyncExitStack() as closing:
        if table.sql.url is not None:
            rows = _rows(configuration)
            closing.push_async_callback(rows.close)
            yield _sql(table, rows, guard, _Hashing(passwords=passwords, key=key, log=log))
        elif table.http.url is not None:
            yield OpenDirectory(directory=_http(configuration, guard, closing))
        elif table.ldap.url is not None:
            yield OpenDirectory(directory=_ldap(configuration, guard, closing))
        else:
            yield None


def terms_of(table: DirectoryTable) -> Terms:
    """What holds for all accounts of the directory."""
    return Terms(name=table.name, adopts=table.adopt, recheck=table.recheck_seconds, away=3600 * table.away_hours)


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
        asked="directory",
    )


@value
class _Hashing:
    """What the hashes of a table are checked with."""

    passwords: PasswordHasher
    key: bytes
    log: Log


def _rows(configuration: Configuration) -> Rows:
    from dragoman.directories.sql.rows import open_rows

    table = configuration.directory
    url = table.sql.url or ""
    location = Secret(url) if "://" in url else configuration.path(url)
    return open_rows(location, table.connections, table.timeout_seconds)


def _sql(table: DirectoryTable, rows: Rows, guard: Guard, hashing: _Hashing) -> OpenDirectory:
    from dragoman.directories.sql.directory import Queries, SqlDirectory
    from dragoman.elsewhere.statement import read_query

    asked = table.sql
    queries = Queries(
        log_in=read_query("directory.sql.log_in", asked.log_in, "login"),
        find=read_query("directory.sql.find", asked.find, "id"),
        sample=read_query("directory.sql.sample", asked.sample, None) if asked.sample else None,
        columns=msgspec.structs.asdict(asked.columns),
        separator=asked.authorities_separator,
    )
    doubles = Doubles(hashing.key)
    directory = SqlDirectory(terms_of(table), queries, rows, guard, EqualPasswords(hashing.passwords, doubles))

    async def count() -> None:
        while True:
            await _count_sample(directory, doubles, hashing)
            await asyncio.sleep(_COUNT_SECONDS)

    return OpenDirectory(directory=directory, chores=(count,) if asked.sample else ())


async def _count_sample(directory: SqlDirectory, doubles: Doubles, hashing: _Hashing) -> None:
    """Have the doubles of names that nobody has there be in the proportion of what the table holds."""
    try:
        count = Count(hashing.passwords)
        for stored in await directory.sample():
            count.add(stored)
        doubles.reflect(count.kinds)
    except OAuthError as refused:
        hashing.log.write("warning", "hashes_not_counted", reason=refused.detail)


def _http(configuration: Configuration, guard: Guard, closing: AsyncExitStack) -> Directory:
    from dragoman.directories.service import Asking, HttpDirectory, Place

    table = configuration.directory
    asked = table.http
    place = Place(
        url=asked.url or "",
        bearer=None if asked.bearer is None else Secret(asked.bearer),
        signing_key=None if asked.signing_key is None else Secret(asked.signing_key),
        tls=_trusting(configuration, asked.roots, "directory.http.roots"),
        seconds=table.timeout_seconds,
        connections=table.connections,
    )
    asking = Asking(place, lambda: int(time.time()))
    closing.push_async_callback(asking.close)
    return HttpDirectory(terms_of(table), asking, guard)


def _trusting(configuration: Configuration, roots: str | None, setting: str) -> ssl.SSLContext:
    path = None if roots is None else configuration.path(roots)
    return trusting(path, f"{setting}: {path}")


def _ldap(configuration: Configuration, guard: Guard, closing: AsyncExitStack) -> Directory:
    from dragoman.directories.ldap import LdapDirectory, Place, Searches

    table = configuration.directory
    asked = table.ldap
    parts = urlsplit(asked.url or "")
    ldaps = parts.scheme == "ldaps"
    place = Place(
        host=parts.hostname or "",
        port=parts.port or (_LDAPS_PORT if ldaps else _LDAP_PORT),
        ldaps=ldaps,
        start_tls=asked.start_tls and not ldaps,
        tls=_trusting(configuration, asked.roots, "directory.ldap.roots"),
        bind_dn=asked.bind_dn,
        bind_password=Secret(asked.bind_password),
        seconds=table.timeout_seconds,
    )
    searches = Searches(
        base=asked.base,
        filter=asked.filter,
        find_filter=asked.find_filter,
        id_attribute=asked.id_attribute,
        id_is_binary=asked.id_is_binary,
        attributes={
            "username": asked.username_attribute,
            "email": asked.email_attribute,
            "first_name": asked.first_name_attribute,
            "last_name": asked.last_name_attribute,
        },
        groups_base=asked.groups_base,
        groups_filter=asked.groups_filter,
        group_attribute=asked.group_attribute,
    )
    directory = LdapDirectory(terms_of(table), place, searches, guard, table.connections)
    closing.callback(directory.close)
    return directory
