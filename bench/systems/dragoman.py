"""Dragoman as its quickstart sets it up: `init`, one client, one person, `serve`."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.database import postgresql
from bench.load import Request
from bench.machine import Tree, done, free_port, started, wait_for
from bench.systems.system import (
    Running,
    System,
    ask,
    basic,
    client_credentials,
    introspection,
    password_grant,
    refresh,
    revocation,
)
from bench.work import CLIENT_ID, CLIENT_SECRET, PASSWORD, SCOPE, USERNAME, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_DRAGOMAN = str(Path(sys.executable).with_name("dragoman"))
_OPAQUE = "bench-opaque"
_TOKEN = "/oauth2/token"
_MEMORY = Path("/dev/shm")  # noqa: S108 (what is asked for is memory)


def on_sqlite(workers: int = 1) -> System:
    """With its embedded default, every commit synced to the disk."""
    return System(
        name="Dragoman" if workers == 1 else f"Dragoman, {workers} workers",
        about=f"SQLite, synchronous=FULL, {workers} worker{'s' if workers > 1 else ''}",
        start=lambda folder: _running(folder, {}, workers),
        missing=lambda: None,
    )


def on_sqlite_in_memory() -> System:
    """As lasting as the stores of peers that keep all in memory: gone with the machine, on a disk of memory."""
    return System(
        name="Dragoman in memory",
        about="SQLite on a disk of memory, 1 worker",
        start=_in_memory,
        missing=lambda: None if _MEMORY.is_dir() else f"there is no {_MEMORY}",
    )


def on_postgresql() -> System:
    """With a PostgreSQL on the same machine, fsync on."""
    return System(
        name="Dragoman on PostgreSQL",
        about="PostgreSQL, fsync on, 1 worker",
        start=_on_postgresql,
        missing=lambda: None,
    )


@contextmanager
def _in_memory(_folder: Path) -> Iterator[Running]:
    with TemporaryDirectory(dir=_MEMORY) as disk, _running(Path(disk) / "dragoman", {}, 1) as running:
        yield running


@contextmanager
def _on_postgresql(folder: Path) -> Iterator[Running]:
    with postgresql() as url, _running(folder, {"DRAGOMAN_DATABASE": url}, 1) as running:
        yield running


@contextmanager
def _running(folder: Path, settings: Mapping[str, str], workers: int) -> Iterator[Running]:
    port, log = free_port(), folder.with_suffix(".log")
    environment = {**settings, "DRAGOMAN_CONFIG": str(folder / "dragoman.toml"), "DRAGOMAN_SERVER__PORT": str(port)}
    _set_up(folder, environment)
    began = time.perf_counter()
    with started(_DRAGOMAN, "serve", "--workers", str(workers), log=log, environment=environment) as process:
        wait_for(port, process, log)
        ask(port, Request(path="/health/live"))
        taken = time.perf_counter() - began
        tree = Tree(process.pid)
        yield Running(base=f"http://127.0.0.1:{port}", tree=tree, requests=_requests(port), start_seconds=taken)


def _set_up(folder: Path, environment: Mapping[str, str]) -> None:
    _run({name: value for name, value in environment.items() if name == "DRAGOMAN_DATABASE"}, "init", str(folder))
    common = ("--scope", SCOPE, "--secret", "-")
    grants = ("--grant-type", "password refresh_token client_credentials")
    _run(environment, "client", "create", CLIENT_ID, *grants, *common, given=CLIENT_SECRET)
    _run(environment, "client", "create", _OPAQUE, *grants, "--token-format", "opaque", *common, given=CLIENT_SECRET)
    _run(environment, "user", "create", USERNAME, "--password-stdin", given=PASSWORD)


def _run(environment: Mapping[str, str], *arguments: str, given: str = "") -> None:
    done(_DRAGOMAN, *arguments, environment=environment, given=given)


def _requests(port: int) -> Mapping[Work, Callable[[], Request]]:
    opaque = basic(_OPAQUE)
    by_client, by_opaque = client_credentials(_TOKEN), client_credentials(_TOKEN, opaque)
    return {
        Work.PASSWORD: lambda: password_grant(_TOKEN),
        Work.CLIENT_CREDENTIALS: lambda: by_client,
        Work.CLIENT_CREDENTIALS_OPAQUE: lambda: by_opaque,
        Work.REFRESH: lambda: refresh(port, _TOKEN),
        Work.INTROSPECTION_JWT: lambda: introspection("/oauth2/introspect", ask(port, by_client)["access_token"]),
        Work.INTROSPECTION_OPAQUE: lambda: introspection("/oauth2/introspect", ask(port, by_opaque)["access_token"]),
        Work.REVOCATION: lambda: revocation(port, "/oauth2/revoke", by_client),
        Work.KEYS: lambda: Request(path="/.well-known/jwks.json"),
        Work.METADATA: lambda: Request(path="/.well-known/oauth-authorization-server"),
    }
