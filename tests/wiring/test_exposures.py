"""What is switched on that RFC 9700 forbids or advises against is told at the start, with the clients that it is on for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dragoman.config.settings import MountTable
from dragoman.core.model import Client
from dragoman.store.opening import open_tool
from dragoman.wiring.parts import create_keys
from dragoman.wiring.server import open_server
from tests.serving import configure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def told(folder: Path, mounts: Sequence[MountTable], *clients: Client) -> Sequence[str]:
    configuration = configure(folder, *mounts)
    create_keys(configuration)

    async def start() -> Sequence[str]:
        async with open_tool(configuration.path(configuration.database)) as store:
            for client in clients:
                await store.administration.create_client(client)
        async with open_server(configuration) as served:
            return served.exposures

    return asyncio.run(start())


def client(name: str, *dialects: str, **fields: object) -> Client:
    return Client(id=name, name=name, dialects=frozenset(dialects), **fields)


LOGS = "whatever stands in front of this server must write no query into its logs (docs/proxies.md)"
MOUNTS = [MountTable(dialect=name, prefix=f"/{name}") for name in ("standard", "axosoft", "paymentiq", "jmondi")]
GRANTS = frozenset({"client_credentials"})


def test_nothing_is_told_where_nothing_is_switched_on(tmp_path: Path):
    quiet = client("quiet", "standard", grant_types=GRANTS, shared_key_signature=True)
    elsewhere = client("elsewhere", "kabbage", grant_types=frozenset({"password"}))
    assert told(tmp_path, MOUNTS, quiet, elsewhere) == ()


def test_each_thing_that_is_switched_on_is_told_with_the_clients_that_it_is_on_for(tmp_path: Path):
    people = [client(f"app-{number}", "standard", grant_types=frozenset({"password"})) for number in range(7)]
    query = client("by-query", "axosoft", grant_types=GRANTS)
    shared = client("by-shared-key", "jmondi", grant_types=GRANTS, shared_key_signature=True)
    own = client("by-own-key", "jmondi", grant_types=GRANTS)
    assert told(tmp_path, MOUNTS, *people, query, shared, own) == (
        "the password grant (RFC 9700 §2.4) for app-0, app-1, app-2, app-3, app-4 and 2 more",
        "access tokens signed with a shared key, HS256 for by-shared-key",
        "credentials in the query string (RFC 9700 §2.4, RFC 6749 §2.3.1) at /axosoft/api/oauth2/token for by-query",
        "credentials in GET requests (RFC 6749 §3.2) at /axosoft/api/oauth2/token for by-query",
        f"URLs that hold secrets at /axosoft/api/oauth2/token: {LOGS}",
    )


def test_what_a_mount_shows_is_told_whoever_its_clients_are(tmp_path: Path):
    shown = MountTable(dialect="paymentiq", shared_key="shown", account_state="shown")
    assert told(tmp_path, [shown]) == (
        "account states are shown at /paymentiq/oauth/token",
        "the shared key is shown at /paymentiq/oauth/token_key",
    )
