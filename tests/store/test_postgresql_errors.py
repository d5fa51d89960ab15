"""What PostgreSQL answers where no statement is at fault: refused, and nothing spent, as long as it says so."""

from collections.abc import Awaitable

import pytest
from store_cast import NOW, new_grant, serve_cast
from tests.postgresql import Cluster

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Grant
from dragoman.core.ports import Rotated
from dragoman.core.secret import Secret
from dragoman.store.store import Store


async def granted(store: Store) -> Grant:
    grant = new_grant(idle_expires_at=None)
    await store.create_grant(grant, None)
    return grant


async def refused(doing: Awaitable[object]) -> OAuthError:
    with pytest.raises(OAuthError) as told:
        await doing
    assert told.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
    return told.value


@pytest.mark.parametrize("code", ["XX001", "58030", "53100", "42501", "55000", "25P03"])
def test_what_the_database_cannot_do_now_is_refused_as_long_as_it_cannot(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str, code: str
) -> None:
    """A damaged page, a disk, a right taken away: no statement is at fault, and an operator may mend it meanwhile."""

    async def scenario(store: Store) -> None:
        grant = await granted(store)
        await postgresql.query(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION 'on purpose' USING ERRCODE = '{code}'; END $$",
            "CREATE TRIGGER fail BEFORE UPDATE ON grants FOR EACH ROW EXECUTE FUNCTION fail()",
            database=postgresql_name,
        )
        for _ in range(3):
            refusal = await refused(store.rotate(grant, NOW, None, None))
            assert code in refusal.detail
        await postgresql.query("DROP TRIGGER fail ON grants", database=postgresql_name)
        assert isinstance(await store.rotate(grant, NOW, None, None), Rotated)

    serve_cast(postgresql_url, scenario)


def test_a_table_that_is_away_is_refused_until_it_is_back(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str
) -> None:
    async def scenario(store: Store) -> None:
        grant = await granted(store)
        await postgresql.query("ALTER TABLE grants RENAME TO elsewhere", database=postgresql_name)
        await refused(store.rotate(grant, NOW, None, None))
        await postgresql.query("ALTER TABLE elsewhere RENAME TO grants", database=postgresql_name)
        assert isinstance(await store.rotate(grant, NOW, None, None), Rotated)

    serve_cast(postgresql_url, scenario)


def test_a_connection_that_has_forgotten_what_was_prepared_is_left(postgresql: Cluster, postgresql_name: str) -> None:
    """As after `DISCARD ALL` by a pooler that lends the same connection to others."""

    async def scenario(store: Store) -> None:
        grant = await granted(store)
        grant = (await store.rotate(grant, NOW, None, None)).grant
        await store._database._pool.lend(lambda connection: connection.execute("DISCARD ALL"), 60)
        await refused(store.rotate(grant, NOW, None, None))
        assert isinstance(await store.rotate(grant, NOW, None, None), Rotated)

    serve_cast(postgresql.url(postgresql_name, pool_size="1"), scenario)
