"""What `dragoman doctor` looks at in the database, the disk below it, and what is registered there."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

from dragoman.cli.finding import Finding, fault_found, ok, problem, warning
from dragoman.cli.opening import in_store, token_desk
from dragoman.core.errors import Fault
from dragoman.exposures import list_exposures
from dragoman.store.sqlite_file import beside, check_integrity, located, read_version
from dragoman.store.version import VERSIONS
from dragoman.wiring import all_clients, build_mounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dragoman.config import Configuration
    from dragoman.core.model import Client
    from dragoman.dialects.dialect import Dialect
    from dragoman.store.sqlite import SqliteStore

_MEGABYTE = 2**20
_TOO_LITTLE = 64 * _MEGABYTE
_LITTLE = 1024 * _MEGABYTE


def check_database(configuration: Configuration, dialects: Mapping[str, Dialect]) -> Iterator[Finding]:
    """The file and what is in it. Nothing is changed: what is not private or not current is told, and left so."""
    path = located(configuration.path(configuration.database))
    if not path.exists():
        yield problem("database", f"there is no {path}", f"restore it, or make one with `dragoman init {path.parent}`")
        return
    access = list(_check_access(path))
    if access:
        yield from access
        return  # opening it would make further files with the same rights
    try:
        version = read_version(path)
        check_integrity(path)
    except Fault as fault:
        yield fault_found("database", fault)
        return
    if version != VERSIONS[-1]:
        yield warning("database", f"{path} has schema {version}, this version needs {VERSIONS[-1]}", "start the server")
    else:
        yield ok("database", f"{path}: schema {version}, no damage found")
        yield from _check_contents(configuration, dialects)


def check_disk(path: Path) -> Iterator[Finding]:
    """Whether the disk below the database has room."""
    folder = next(one for one in (path.parent, *path.parent.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free // _MEGABYTE} MiB are free below {folder}"
    if free < _TOO_LITTLE:
        yield problem("disk", text, "make room: a database that cannot grow takes no log-in")
    elif free < _LITTLE:
        yield warning("disk", text, "make room soon")
    else:
        yield ok("disk", text)


def _check_access(path: Path) -> Iterator[Finding]:
    for file in (path, beside(path, "-wal"), beside(path, "-shm")):
        if not file.exists():
            continue
        status = file.stat()
        if status.st_uid != os.geteuid():
            remedy = f"run this as the account of the server, or run `chown {os.geteuid()} {file}`"
            yield problem("database", f"{file} belongs to another account", remedy)
        if stat.S_IMODE(status.st_mode) & 0o077:
            yield problem("database", f"{file} is open to other accounts", f"run `chmod 600 {file}`")


def _check_contents(configuration: Configuration, dialects: Mapping[str, Dialect]) -> Iterator[Finding]:
    """Whether tokens can be issued, and what is switched on against RFC 9700."""

    async def work(store: SqliteStore) -> Sequence[Client]:
        with token_desk(configuration, dialects, store):
            return await all_clients(store)

    try:
        mounts = build_mounts(configuration, dialects)
        clients = in_store(configuration, work)
    except Fault as fault:
        yield fault_found("tokens", fault)
        return
    yield ok("tokens", f"tokens of all mounted dialects can be issued and read; clients: {len(clients)}")
    exposures = list_exposures(mounts, clients)
    for sentence in exposures:
        yield warning("exposures", f"switched on against RFC 9700: {sentence}")
    if not exposures:
        yield ok("exposures", "nothing is switched on against RFC 9700")
