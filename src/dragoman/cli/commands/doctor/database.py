"""What `dragoman doctor` looks at in the database, the disk below it, and what is registered there."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, fault_found, ok, problem, warning
from dragoman.cli.commands.doctor.keys import check_audiences
from dragoman.cli.commands.doctor.time import check_history, check_other_clock
from dragoman.cli.operation.opening import in_store, token_desk
from dragoman.cli.registry.token_lengths import find_too_long
from dragoman.core.errors import Fault
from dragoman.store.sqlite.file import beside, check_complete, check_integrity, located, read_version
from dragoman.store.sqlite.time import refuse_older
from dragoman.store.version import VERSIONS, is_due
from dragoman.wiring.chores import all_clients
from dragoman.wiring.exposures import list_exposures
from dragoman.wiring.parts import build_mounts

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from dragoman.config.settings import Configuration
    from dragoman.core.model import Client
    from dragoman.core.secret import Secret
    from dragoman.dialects.dialect import Dialect
    from dragoman.store.store import Store

_MEGABYTE = 2**20
_TOO_LITTLE = 64 * _MEGABYTE
_LITTLE = 1024 * _MEGABYTE


def check_database(configuration: Configuration, dialects: Mapping[str, Dialect], now: int) -> Iterator[Finding]:
    """Where the data are, and what is in them. Nothing is changed: what is not private or current is told, left so."""
    location = configuration.location()
    if isinstance(location, Path):
        current = yield from _check_file(location)
    else:
        current = yield from _check_address(location, now)
    if current:
        yield from _check_contents(configuration, dialects, now)
        yield from check_history(configuration, now)


def _check_file(path: Path) -> Generator[Finding, None, bool]:
    try:
        path = located(path)
    except Fault as fault:
        yield fault_found("database", fault)
        return False
    if not path.exists():
        yield problem("database", f"there is no {path}", f"restore it, or make one with `dragoman init {path.parent}`")
        return False
    access = list(_check_access(path))
    if access:
        yield from access
        return False  # opening it would make further files with the same rights
    try:
        version = read_version(path)
        check_integrity(path)
        if version == VERSIONS[-1]:
            check_complete(path)
        refuse_older(path)
    except Fault as fault:
        yield fault_found("database", fault)
        return False
    return (yield from _check_version(str(path), version, "no damage found"))


def _check_address(url: Secret, now: int) -> Generator[Finding, None, bool]:
    from dragoman.store.postgresql.examination import examine  # noqa: PLC0415 (a file needs no such driver)

    try:
        found = asyncio.run(examine(url))
    except Fault as fault:
        yield fault_found("database", fault)
        return False
    for text, remedy in found.warnings:
        yield warning("database", text, remedy)
    yield from check_other_clock(now, found.now)
    return (yield from _check_version(found.shown, found.version, "reached"))


def _check_version(shown: str, version: str | None, condition: str) -> Generator[Finding, None, bool]:
    if is_due(version):
        text = f"{shown} has {f'schema {version}' if version else 'no schema'}, this version needs {VERSIONS[-1]}"
        yield warning("database", text, "start the server")
        return False
    yield ok("database", f"{shown}: schema {version}, {condition}")
    return True


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


def _check_contents(configuration: Configuration, dialects: Mapping[str, Dialect], now: int) -> Iterator[Finding]:
    """Whether tokens can be issued, and what is switched on against RFC 9700."""

    async def work(store: Store) -> tuple[Sequence[Client], str | None]:
        async with token_desk(configuration, dialects, store) as desk:
            clients, owner = await all_clients(store), await store.administration.find_most_authorities()
            rules = [one.rules for one in dialects.values()]
            return clients, None if owner is None else find_too_long(desk, rules, clients, owner)

    try:
        mounts = build_mounts(configuration, dialects)
        clients, too_long = in_store(configuration, work)
    except Fault as fault:
        yield fault_found("tokens", fault)
        return
    yield from check_audiences(configuration, dialects, clients, now)
    yield ok("tokens", f"tokens of all mounted dialects can be issued and read; clients: {len(clients)}")
    if too_long is not None:
        yield warning("tokens", f"who has the most authorities cannot log in: {too_long}")
    exposures = list_exposures(mounts, clients)
    for sentence in exposures:
        yield warning("exposures", f"switched on against RFC 9700: {sentence}")
    if not exposures:
        yield ok("exposures", "nothing is switched on against RFC 9700")
