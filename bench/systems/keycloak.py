"""Keycloak (Maven Central): its distribution in production mode, built for PostgreSQL, with a realm of the bench."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.database import postgresql
from bench.load import Request
from bench.machine import Tree, done, free_port, started, wait_for
from bench.systems.java import HEAP, PEERS, WARM_UP_SECONDS, database, missing
from bench.systems.node import SETTINGS
from bench.systems.system import (
    Running,
    System,
    ask,
    client_credentials,
    introspection,
    password_grant,
    refresh,
    revocation,
)
from bench.work import ARGON2, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_HOME = PEERS / "keycloak"
_PROGRAM = str(_HOME / "bin" / "kc.sh")
_REALM = PEERS / "keycloak-realm.json"
_PATHS = "/realms/bench/protocol/openid-connect"
_TOKEN = f"{_PATHS}/token"
_ARGON2 = {
    "KC_SPI_PASSWORD_HASHING__ARGON2__MEMORY": str(ARGON2["memory_kib"]),
    "KC_SPI_PASSWORD_HASHING__ARGON2__ITERATIONS": str(ARGON2["iterations"]),
    "KC_SPI_PASSWORD_HASHING__ARGON2__PARALLELISM": str(ARGON2["parallelism"]),
}
"""The cost of everybody in the bench; the hash itself is computed in Java (Bouncy Castle)."""


def keycloak() -> System:
    """With its sessions in PostgreSQL, as it comes; a cache of one node; TLS ends before it."""
    return System(
        name="Keycloak",
        about="26.7, production mode, PostgreSQL, 1 process (JVM, heap of 512 MiB)",
        start=_running,
        missing=lambda: missing(_HOME / ".installed"),
        warm_up_seconds=WARM_UP_SECONDS,
    )


@contextmanager
def _running(folder: Path) -> Iterator[Running]:
    port, log = free_port(), folder.with_suffix(".log")
    with postgresql() as url:
        environment = {
            **SETTINGS,
            **_ARGON2,
            **database(url, ("KC_DB_URL", "KC_DB_USERNAME", "KC_DB_PASSWORD")),
            "KC_CACHE": "local",
            "JAVA_OPTS_KC_HEAP": HEAP,
        }
        _set_up(environment)
        answers_at = ("--http-host=127.0.0.1", f"--http-port={port}", f"--hostname=http://127.0.0.1:{port}")
        command = (_PROGRAM, "start", "--optimized", "--http-enabled=true", *answers_at)
        began = time.perf_counter()
        with started(*command, log=log, environment=environment) as process:
            wait_for(port, process, log)
            ask(port, Request(path=f"{_PATHS}/certs"))
            taken = time.perf_counter() - began
            yield Running(
                base=f"http://127.0.0.1:{port}", tree=Tree(process.pid), requests=_requests(port), start_seconds=taken
            )


def _set_up(environment: Mapping[str, str]) -> None:
    """The tables, and the realm with its client and its person."""
    done(_PROGRAM, "import", "--optimized", f"--file={_REALM}", environment=environment)


def _requests(port: int) -> Mapping[Work, Callable[[], Request]]:
    by_client = client_credentials(_TOKEN)
    return {
        Work.PASSWORD: lambda: password_grant(_TOKEN),
        Work.CLIENT_CREDENTIALS: lambda: by_client,
        Work.REFRESH: lambda: refresh(port, _TOKEN),
        Work.INTROSPECTION_JWT: lambda: introspection(f"{_TOKEN}/introspect", ask(port, by_client)["access_token"]),
        Work.REVOCATION: lambda: revocation(port, f"{_PATHS}/revoke", by_client),
        Work.KEYS: lambda: Request(path=f"{_PATHS}/certs"),
        Work.METADATA: lambda: Request(path="/realms/bench/.well-known/openid-configuration"),
    }
