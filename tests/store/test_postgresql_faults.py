"""PostgreSQL goes away, comes back, stalls, cuts, refuses: nothing is done twice, and nobody has to help."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from store_cast import NOW, blocked, new_access_token, new_grant, serve_cast, session, unbroken, worker_through
from tests.postgresql import ENCODED, PASSWORD, Cluster
from tests.proxy import Proxy

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Grant
from dragoman.core.ports import NotRotated, Rotated
from dragoman.core.secret import Secret
from dragoman.store.faults import StoreFault
from dragoman.store.opening import open_server
from dragoman.store.store import Store


async def _grant(store: Store) -> Grant:
    grant = new_grant(idle_expires_at=None)
    await store.create_grant(grant, None)
    return grant


async def _refused(doing: Awaitable[object]) -> OAuthError:
    """It is refused, not left waiting, and no word of the refusal is a secret."""
    async with asyncio.timeout(60):
        with pytest.raises(OAuthError) as refused:
            await doing
    assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
    for part in (PASSWORD, ENCODED):
        assert part not in refused.value.detail
    return refused.value


async def _served_again(doing: Callable[[], Awaitable[object]]) -> None:
    """Until nobody is refused any more."""
    async with asyncio.timeout(60):
        while True:
            try:
                await asyncio.gather(*(doing() for _ in range(20)))
            except OAuthError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.mark.parametrize("how", ["stop", "stop_immediately"])
def test_a_database_that_stops_is_refused_in_time_and_served_again_when_it_is_back(
    postgresql: Cluster, postgresql_url: Secret, how: str
) -> None:
    async def scenario(store: Store) -> None:
        grants = [await _grant(store) for _ in range(20)]
        await asyncio.gather(*(store.find_grant(grant.id) for grant in grants))
        getattr(postgresql, how)()
        try:
            for _ in range(2):
                await asyncio.gather(
                    *(_refused(store.rotate(grant, NOW, None, None)) for grant in grants),
                    _refused(store.find_client("app")),
                    _refused(store.create_grant(new_grant(), None)),
                    _refused(store.administration.revoke_grants_of_client("app", NOW, "test")),
                )
            assert store.broken is None
        finally:
            postgresql.start()
        await _served_again(lambda: store.find_client("app"))
        for grant in grants:
            assert isinstance(await store.rotate(grant, NOW, None, None), Rotated)

    serve_cast(postgresql_url, scenario)


def test_a_pulled_cable_is_refused_in_time_and_served_again(postgresql: Cluster, postgresql_name: str) -> None:
    async def run() -> None:
        proxy = Proxy(postgresql.port)
        async with worker_through(proxy, postgresql, postgresql_name, patience=1, pool_size="2") as store:
            grant = await _grant(store)
            proxy.stalled = True
            for _ in range(2):
                await asyncio.gather(*(_refused(store.rotate(grant, NOW, None, None)) for _ in range(10)))
            proxy.stalled = False
            proxy.cut()
            await _served_again(lambda: store.find_client("app"))
            assert isinstance(await store.rotate(grant, NOW, None, None), Rotated)

    serve_cast(postgresql.url(postgresql_name), unbroken)
    asyncio.run(run())


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("pooler", ["none", "transaction"])
def test_a_rotation_whose_answer_is_lost_is_refused_and_not_sent_again(
    postgresql: Cluster, postgresql_name: str, pooler: str, *, with_token: bool
) -> None:
    async def run() -> None:
        proxy = Proxy(postgresql.port)
        async with worker_through(proxy, postgresql, postgresql_name, patience=1, pooler=pooler) as store:
            grant = await _grant(store)
            await store.rotate(new_grant(), NOW, None, new_access_token(grant) if with_token else None)
            proxy.answers_dropped = True
            await _refused(store.rotate(grant, NOW, None, new_access_token(grant) if with_token else None))
            proxy.answers_dropped = False
            await _served_again(lambda: store.find_client("app"))
            found = await store.find_grant(grant.id)
            assert found is not None
            assert found.generation == (1 if pooler == "none" else 0)  # with two trips it is the first that was lost
            outcome = await store.rotate(grant, NOW, None, None)
            assert isinstance(outcome, NotRotated if found.generation else Rotated)

    serve_cast(postgresql.url(postgresql_name), unbroken)
    asyncio.run(run())


def test_a_transaction_whose_commit_was_sent_is_never_sent_again(postgresql: Cluster, postgresql_name: str) -> None:
    async def run() -> None:
        proxy = Proxy(postgresql.port)
        async with worker_through(proxy, postgresql, postgresql_name, patience=1) as store:
            await _grant(store)
            revoking = asyncio.ensure_future(store.administration.revoke_grants_of_client("app", NOW, "test"))
            async with asyncio.timeout(60):
                while not any(b"COMMIT" in piece for piece in proxy.sent):  # noqa: ASYNC110 (no event is early enough)
                    await asyncio.sleep(0)
            proxy.answers_dropped = True
            await _refused(revoking)
            proxy.answers_dropped = False
            assert len([piece for piece in proxy.sent if b"COMMIT" in piece]) == 1
            await _served_again(lambda: store.find_client("app"))
            (grant,) = await store.administration.list_grants_of_client("app")
            assert grant.revoked_at == NOW

    serve_cast(postgresql.url(postgresql_name), unbroken)
    asyncio.run(run())


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_what_the_database_took_back_is_tried_again(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str, isolation: str
) -> None:
    """Engines that only know serializable transactions refuse the losers of a race: they lose all the same."""
    postgresql.run(f"ALTER DATABASE {postgresql_name} SET default_transaction_isolation = '{isolation}'")

    async def scenario(store: Store) -> None:
        async with open_server(postgresql_url) as other:
            grant = await _grant(store)
            for _ in range(10):
                outcomes = await asyncio.gather(
                    *(each.rotate(grant, NOW, None, None) for each in 6 * (store, other)), return_exceptions=True
                )
                (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Rotated)]
                refusals = [outcome for outcome in outcomes if isinstance(outcome, OAuthError)]
                assert len(refusals) + sum(isinstance(outcome, NotRotated) for outcome in outcomes) == 11
                grant = winner.grant
            assert grant.generation == 10

    serve_cast(postgresql_url, scenario)


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_what_is_taken_back_four_times_is_refused(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str, code: str
) -> None:
    async def scenario(store: Store) -> None:
        grant = await _grant(store)
        await postgresql.query(
            "CREATE SEQUENCE attempts",
            "CREATE FUNCTION take_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('attempts'); "
            f"RAISE EXCEPTION 'on purpose' USING ERRCODE = '{code}'; END $$",
            "CREATE TRIGGER take_back BEFORE UPDATE ON grants FOR EACH ROW EXECUTE FUNCTION take_back()",
            database=postgresql_name,
        )
        for attempts, doing in (
            (4, store.rotate(grant, NOW, None, None)),
            (8, store.administration.revoke_grants_of_client("app", NOW, "test")),
        ):
            await _refused(doing)
            ((last,),) = await postgresql.query("SELECT last_value FROM attempts", database=postgresql_name)
            assert last == attempts
        assert await store.find_grant(grant.id) == grant

    serve_cast(postgresql_url, scenario)


def test_a_row_that_somebody_holds_is_waited_for_in_vain_and_not_consumed(
    postgresql: Cluster, postgresql_name: str
) -> None:
    url = postgresql.url(postgresql_name, pool_size="2", patience=6)

    async def scenario(store: Store) -> None:
        grant = await _grant(store)
        async with session(postgresql.url(postgresql_name)) as holder:
            await holder.execute("BEGIN")
            await holder.execute("SELECT 1 FROM grants WHERE id = $1 FOR UPDATE", grant.id)
            waiting = [asyncio.ensure_future(_refused(store.rotate(grant, NOW, None, None))) for _ in range(2)]
            await blocked(holder, 2)
            refusal = await _refused(store.find_client("app"))
            assert "in use" in refusal.detail
            await asyncio.gather(*waiting)
            assert await store.find_client("app") is not None
            await holder.execute("COMMIT")
        assert isinstance(await store.rotate(grant, NOW, None, None), Rotated)

    serve_cast(url, scenario)


def test_a_primary_that_became_a_standby_is_left(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str
) -> None:
    async def scenario(store: Store) -> None:
        grant = await _grant(store)
        await postgresql.query(f"ALTER DATABASE {postgresql_name} SET default_transaction_read_only = on")
        await postgresql.query(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{postgresql_name}'"
        )
        await _served_again(lambda: store.find_client("app"))
        await _refused(store.rotate(grant, NOW, None, None))
        with pytest.raises(StoreFault, match="cannot be written"):
            async with open_server(postgresql_url):
                pass
        await postgresql.query(f"ALTER DATABASE {postgresql_name} SET default_transaction_read_only = off")
        await _served_again(lambda: store.rotate(grant, NOW, None, None))  # a reader may still have kept a connection
        rotated = await store.find_grant(grant.id)
        assert rotated is not None
        assert rotated.generation == 1

    serve_cast(postgresql_url, scenario)


def test_a_server_that_may_lose_what_it_acknowledges_is_asked_for_nothing_after_a_failover_either(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str
) -> None:
    async def scenario(store: Store) -> None:
        grant = await _grant(store)
        await postgresql.query(f"ALTER DATABASE {postgresql_name} SET synchronous_commit = off")
        await postgresql.query(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{postgresql_name}'"
        )
        await _refused(store.rotate(grant, NOW, None, None))  # by a connection that was lost, perhaps
        refusal = await _refused(store.find_client("app"))
        assert "synchronous_commit is off" in refusal.detail
        await postgresql.query(f"ALTER DATABASE {postgresql_name} SET synchronous_commit = local")
        await _served_again(lambda: store.rotate(grant, NOW, None, None))
        rotated = await store.find_grant(grant.id)
        assert rotated is not None
        assert rotated.generation == 1

    serve_cast(postgresql_url, scenario)


def test_a_caller_who_gives_up_spoils_no_connection(postgresql: Cluster, postgresql_url: Secret) -> None:
    async def scenario(store: Store) -> None:
        grants = [await _grant(store) for _ in range(30)]
        rotations = [asyncio.ensure_future(store.rotate(grant, NOW, None, None)) for grant in grants]
        await asyncio.sleep(0)
        for rotation in rotations[::2]:
            rotation.cancel()
        outcomes = await asyncio.gather(*rotations, return_exceptions=True)
        assert all(isinstance(outcome, Rotated) for outcome in outcomes[1::2])
        await _served_again(lambda: store.find_client("app"))

    serve_cast(postgresql_url, scenario)
