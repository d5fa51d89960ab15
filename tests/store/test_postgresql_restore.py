"""What is done to a whole PostgreSQL database, and servers that begin at that very moment."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest
from store_cast import NOW, blocked, new_grant, serve_cast, session
from tests.postgresql import ENCODED, for_the_driver

from dragoman.store.faults import StoreFault
from dragoman.store.opening import open_worker
from dragoman.store.postgresql.restore import renew, reset_time
from dragoman.store.saving import Terms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.postgresql import Cluster

    from dragoman.core.secret import Secret
    from dragoman.store.store import Store

    Change = Callable[[Secret], Awaitable[int]]

TERMS = Terms(fingerprint="those of these keys", now=NOW + 1000)
AHEAD = NOW + 1_000_000


async def renewed(url: Secret) -> int:
    return (await renew(url, TERMS)).not_before


async def reset(url: Secret) -> int:
    return await reset_time(url, NOW + 1000)


changes = pytest.mark.parametrize("change", [renewed, reset])


@pytest.fixture
def url(postgresql: Cluster, postgresql_name: str) -> Secret:
    """Of a database with a session in it, in which the time is far ahead."""

    async def scenario(store: Store) -> None:
        await store.administration.bind_keys(TERMS.fingerprint)
        await store.create_grant(new_grant(created_at=AHEAD), None)
        await store.installation.note_time(AHEAD)

    address = postgresql.url(postgresql_name)
    serve_cast(address, scenario)
    return address


@asynccontextmanager
async def held_up(postgresql: Cluster, url: Secret, table: str) -> AsyncIterator[asyncpg.Connection]:
    """Until the block ends, whatever needs this table waits for a connection that no server could have."""
    await postgresql.query("DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN SUPERUSER PASSWORD 'strange'")
    connection = await asyncpg.connect(for_the_driver(url).replace(f"dragoman:{ENCODED}", "stranger:strange"))
    try:
        await connection.execute("BEGIN")
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield connection
    finally:
        await connection.close()
        await postgresql.query("DROP ROLE stranger")


async def read_by_a_server(url: Secret) -> tuple[int, int]:
    """What each process of a server reads before it answers."""
    async with open_worker(url) as store:
        return await store.installation.not_before(), await store.installation.latest_time()


@changes
def test_a_server_that_begins_meanwhile_reads_what_was_written(postgresql: Cluster, url: Secret, change: Change):
    """Else it would go on with the time and the epoch of before, for as long as it runs."""

    async def scenario() -> None:
        async with held_up(postgresql, url, "grants") as stranger:
            changing = asyncio.create_task(change(url))
            await blocked(stranger, 1)
            beginning = asyncio.create_task(read_by_a_server(url))
            await blocked(stranger, 2)
        await changing
        read = await beginning
        assert read == await read_by_a_server(url)
        assert read != (0, AHEAD)

    asyncio.run(scenario())


@changes
def test_a_server_that_begins_in_between_is_noticed_before_anything_is_done(
    postgresql: Cluster, url: Secret, change: Change
):
    async def scenario() -> None:
        async with held_up(postgresql, url, "installation") as stranger:
            changing = asyncio.create_task(change(url))
            await blocked(stranger, 1)
            server = await asyncpg.connect(for_the_driver(url))
        with pytest.raises(StoreFault, match="in use by 1 other session:"):
            await changing
        await server.close()
        assert await read_by_a_server(url) == (0, AHEAD)
        assert await change(url)

    asyncio.run(scenario())


def test_a_session_that_is_just_ending_is_waited_for(url: Secret):
    async def scenario() -> None:
        async with session(url):
            renewing = asyncio.create_task(renewed(url))
            await asyncio.sleep(0.1)
            assert not renewing.done()
        assert await renewing == AHEAD + 1

    asyncio.run(scenario())
