"""Who and what the store's tests are about, and how they reach a real store."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from dragoman.core.model import Client, Grant, GrantId, RefreshPolicy, ResourceOwner, StoredAccessToken, TokenId
from dragoman.core.scope import Scope
from dragoman.store.opening import open_server, open_worker
from dragoman.store.postgresql.address import read_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.postgresql import Cluster
    from tests.proxy import Proxy

    from dragoman.core.secret import Secret
    from dragoman.store.store import Store

ResultT = TypeVar("ResultT")

NOW = 1_700_000_000
HOUR = 3600

CLIENT = Client(
    id="app",
    name="App",
    secrets=("digest one", "digest two"),
    grant_types=frozenset({"password", "refresh_token"}),
    scope=Scope(("read", "write")),
    dialects=frozenset({"standard", "jmondi"}),
    token_format="opaque",
    shared_key_signature=True,
    access_token_lifetime=600,
    refresh_token_lifetime=None,
    refresh_token_idle_lifetime=7200,
    refresh=RefreshPolicy.REUSE,
    grace=0,
    refresh_ends_access_token=True,
    audience=("https://api.example",),
    authorities=("ROLE_APP",),
    may_read_shared_key=True,
    enabled=True,
    created_at=NOW,
)
OWNER = ResourceOwner(
    id="17",
    username="Ada",
    email="Ada@Example.org",
    first_name="Ada",
    last_name="Löwe",
    password_hash="$hash$",
    authorities=("ROLE_USER", "ROLE_ADMIN"),
    belongs_to="app",
    enabled=True,
    locked=True,
    expired=True,
    password_expired=True,
    created_at=NOW,
)


def new_grant(**changes: object) -> Grant:
    grant = Grant(
        id=GrantId(os.urandom(12)),
        client_id="app",
        subject="17",
        scope=Scope(("read",)),
        audience=("https://api.example",),
        created_at=NOW,
        expires_at=NOW + 100 * HOUR,
        idle_expires_at=NOW + HOUR,
        facts={"dialect": "standard", "agent": "caf\u00e9 \ud800"},
    )
    return replace(grant, **changes)  # type: ignore[arg-type]  # the fields' types are the tests' business


def new_access_token(grant: Grant | None, **changes: object) -> StoredAccessToken:
    access_token = StoredAccessToken(
        digest=os.urandom(32),
        token_id=TokenId(os.urandom(16)),
        grant_id=None if grant is None else grant.id,
        client_id="app",
        scope=Scope(("read",)),
        issued_at=NOW,
        expires_at=NOW + 600,
    )
    return replace(access_token, **changes)  # type: ignore[arg-type]  # same


async def new_grants(store: Store, count: int, **changes: object) -> list[Grant]:
    """So many at once, stored."""
    grants = [new_grant(**changes) for _ in range(count)]
    await asyncio.gather(*(store.create_grant(grant, None) for grant in grants))
    return grants


async def unbroken(store: Store) -> None:
    """A scenario in which nothing is done."""
    assert store.broken is None


def serve(database: Path | Secret, scenario: Callable[[Store], Awaitable[ResultT]]) -> ResultT:
    """Run the scenario against a server's store; open before it, closed after it."""

    async def run() -> ResultT:
        async with open_server(database) as store:
            return await scenario(store)

    return asyncio.run(run())


def serve_cast(database: Path | Secret, scenario: Callable[[Store], Awaitable[ResultT]]) -> ResultT:
    """As `serve`, with the client and the resource owner in it."""

    async def with_cast(store: Store) -> ResultT:
        await store.administration.create_client(CLIENT)
        await store.administration.create_resource_owner(OWNER)
        return await scenario(store)

    return serve(database, with_cast)


@asynccontextmanager
async def worker_through(proxy: Proxy, postgresql: Cluster, name: str, **options: str | int) -> AsyncIterator[Store]:
    """The store of a worker whose connections to this database go through the proxy."""
    async with proxy.listening() as port, open_worker(postgresql.url(name, port=port, **options)) as store:
        yield store


@asynccontextmanager
async def session(url: Secret) -> AsyncIterator[asyncpg.Connection]:
    """Somebody else's connection to the same database."""
    connection = await asyncpg.connect(read_address(url).url.reveal())
    try:
        yield connection
    finally:
        connection.terminate()


async def blocked(looking: asyncpg.Connection, many: int) -> None:
    """Until so many wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(60):
        while await looking.fetchval(waiting) < many:
            await asyncio.sleep(0.005)
            await looking.execute("SELECT pg_stat_clear_snapshot()")  # in a transaction each look would find the same
