"""A whole server in the test's process: real store, keys and pool of hashes, spoken to as a connection does, with a clock to turn.

Everything that a test observes it observes by real means: answers, rows of the store, the log, the pool's own count.
"""

from __future__ import annotations

import asyncio
import io
import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import msgspec

from dragoman.config.settings import AuditTable, LogTable, MountTable
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.store.sqlite.opening import open_tool
from dragoman.tokens.keyring import load_keyring
from dragoman.wiring.parts import create_keys, open_passwords
from dragoman.wiring.server import open_server
from tests.attacks.exchange import FORM, Answer, ask
from tests.attacks.server import ALL_GRANTS, DIALECTS, PASSWORD, START, Clock, Server
from tests.serving import configure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.config.settings import Configuration
    from dragoman.hashing.pool import PasswordHasher

__all__ = [
    "ALL_GRANTS", "DIALECTS", "FORM", "PASSWORD", "START", "Answer", "Clock", "Server", "ask", "configuration_of",
    "running",
]  # fmt: skip


def configuration_of(folder: Path, **settings: object) -> Configuration:
    """All dialects, each under its own prefix; `standard` at the root as well."""
    mounts = [MountTable(dialect="standard", demo_resource=True)]
    mounts += [MountTable(dialect=name, prefix=f"/{name}", demo_resource=True) for name in DIALECTS]
    return msgspec.structs.replace(
        configure(folder, *mounts, **settings),
        log=LogTable(level="info"),
        audit=AuditTable(to="log", refusals_a_minute=1_000_000),
    )


@contextmanager
def running(configuration: Configuration, clock: Clock | None = None) -> Iterator[Server]:
    """A server over this configuration's folder; keys and database are made if they are missing."""
    clock = clock or Clock()
    log, pools = io.BytesIO(), []

    def open_remembered(configuration: Configuration, **how: Any) -> PasswordHasher:
        pools.append(open_passwords(configuration, **how))
        return pools[-1]

    with (
        asyncio.Runner() as runner,
        patch("dragoman.wiring.server.open_passwords", open_remembered),
    ):
        create_keys(configuration)
        opened = open_server(configuration, clock)
        with patch.object(sys, "stderr", SimpleNamespace(buffer=log)):
            served = runner.run(opened.__aenter__())
        preparing = open_passwords(configuration)
        beside = open_tool(configuration.path(configuration.database))
        tool = runner.run(beside.__aenter__())
        try:
            yield Server(
                configuration=configuration,
                application=served.application,
                clock=clock,
                log=log,
                run=runner.run,
                tool=tool,
                passwords=pools[0],
                preparing=preparing,
                secrets_of_clients=_secrets_of_clients(configuration, pools[0], clock),
            )
        finally:
            preparing.close()
            runner.run(beside.__aexit__(None, None, None))
            runner.run(opened.__aexit__(None, None, None))


def _secrets_of_clients(configuration: Configuration, passwords: PasswordHasher, clock: Clock) -> ClientSecretHasher:
    keyring = load_keyring(configuration.path(configuration.keys), clock())
    return ClientSecretHasher(keyring.client_secret_key(), passwords)
