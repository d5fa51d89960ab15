"""Rotations that wait at the same time go together, and each is told what it would have been told alone."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from store_cast import HOUR, NOW, blocked, new_access_token, new_grants, serve_cast, session, unbroken, worker_through
from tests.postgresql import Cluster
from tests.proxy import Proxy

from dragoman.core.errors import Refusal
from dragoman.core.model import Grant, Sender, StoredAccessToken
from dragoman.core.ports import NotRotated, Rotated
from dragoman.core.secret import Secret
from dragoman.store.faults import ConstraintViolated
from dragoman.store.opening import open_server
from dragoman.store.store import Store

Outcome = Rotated | NotRotated | BaseException


async def _rotated(
    store: Store, grants: list[Grant], tokens: list[StoredAccessToken | None] | None = None
) -> list[Outcome]:
    pairs = zip(grants, tokens or [None] * len(grants), strict=True)
    rotations = (store.rotate(grant, NOW, NOW + HOUR, token) for grant, token in pairs)
    return await asyncio.gather(*rotations, return_exceptions=True)


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("pooler", ["none", "transaction"])
def test_thirty_rotations_take_few_trips(
    postgresql: Cluster, postgresql_name: str, pooler: str, *, with_token: bool
) -> None:
    async def run() -> None:
        proxy = Proxy(postgresql.port)
        async with worker_through(proxy, postgresql, postgresql_name, pooler=pooler) as store:
            grants = await new_grants(store, 30)
            for round_ in range(3):  # from the second on all connections are there
                tokens = [new_access_token(grant) if with_token else None for grant in grants]
                proxy.sent.clear()
                outcomes = await _rotated(store, grants, tokens)
                assert len(proxy.sent) <= 30 / 2 or round_ == 0
                grants = [outcome.grant for outcome in outcomes if isinstance(outcome, Rotated)]
                assert [await store.find_grant(grant.id) for grant in grants] == grants
                assert [grant.generation for grant in grants] == [round_ + 1] * 30
                kept = [token and await store.find_access_token(token.digest) for token in tokens]
                assert kept == tokens

    serve_cast(postgresql.url(postgresql_name), unbroken)
    asyncio.run(run())


@pytest.mark.parametrize("with_token", [False, True])
def test_of_equal_rotations_in_one_trip_one_wins_and_the_row_is_its_own(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str, *, with_token: bool
) -> None:
    """Among others, so that nobody goes alone; some are the same to the last value, some come from elsewhere."""

    async def scenario(store: Store) -> None:
        grants = await new_grants(store, 10)
        senders = [Sender(address=f"192.0.2.{n // 2}", agent="app") for n in range(6)]
        asked = [(grant, sender, new_access_token(grant)) for sender in senders for grant in grants]
        outcomes = await asyncio.gather(
            *(store.rotate(grant, NOW, None, token if with_token else None, sender) for grant, sender, token in asked)
        )
        winners = [outcome.grant for outcome in outcomes if isinstance(outcome, Rotated)]
        assert Counter(one.id for one in winners) == Counter(grant.id for grant in grants)
        assert [await store.find_grant(one.id) for one in winners] == winners
        assert all(outcome.grant in winners for outcome in outcomes)
        kept = [await store.find_access_token(token.digest) is not None for _, _, token in asked]
        assert kept == [with_token and isinstance(outcome, Rotated) for outcome in outcomes]
        ((count,),) = await postgresql.query("SELECT count(*) FROM access_tokens", database=postgresql_name)
        assert count == (10 if with_token else 0)

    serve_cast(postgresql_url, scenario)


def test_a_grant_that_somebody_holds_delays_no_other_rotation(postgresql: Cluster, postgresql_name: str) -> None:
    async def scenario(store: Store) -> None:
        grants = await new_grants(store, 20)
        held = grants[7]
        async with session(postgresql.url(postgresql_name)) as holder:
            await holder.execute("BEGIN")
            await holder.execute("UPDATE grants SET used_by = NULL WHERE id = $1", held.id)
            rotations = {one.id: asyncio.ensure_future(store.rotate(one, NOW, None, None)) for one in grants}
            waiting = rotations.pop(held.id)
            outcomes = await asyncio.gather(*rotations.values())
            assert {type(outcome) for outcome in outcomes} == {Rotated}
            await blocked(holder, 1)
            assert not waiting.done()
            await holder.execute("COMMIT")
        assert isinstance(await waiting, Rotated)

    serve_cast(postgresql.url(postgresql_name), scenario)


def test_each_of_a_trip_is_told_its_own(postgresql_url: Secret) -> None:
    """Ended, overtaken, unknown, an access token that is there already: none of it is the others'."""

    async def scenario(store: Store) -> None:
        live = await new_grants(store, 8)
        ended, overtaken, late, doubled = await new_grants(store, 4)
        tokens = [new_access_token(grant) for grant in live]
        await store.revoke_grant(ended.id, NOW, "test")
        await store.rotate(overtaken, NOW, None, None)
        await store.store_access_token(there := new_access_token(doubled))
        (unknown,) = await new_grants(store, 1)
        unknown = replace(unknown, id=type(unknown.id)(b"nobody knows"))
        odd = [ended, overtaken, unknown, doubled]
        odd_tokens = [*map(new_access_token, odd[:3]), there]
        outcomes = await _rotated(store, [*live[:4], *odd, *live[4:]], [*tokens[:4], *odd_tokens, *tokens[4:]])
        assert {type(outcome) for outcome in outcomes[:4] + outcomes[8:]} == {Rotated}
        first, second, third, fourth = outcomes[4:8]
        assert isinstance(first, NotRotated)
        assert first.grant is not None
        assert first.grant.revoked_because == "test"
        assert isinstance(second, NotRotated)
        assert second.grant is not None
        assert second.grant.generation == 1
        assert third == NotRotated(grant=None)
        assert isinstance(fourth, ConstraintViolated)
        assert await store.find_grant(doubled.id) == doubled
        assert isinstance(await store.rotate(late, NOW + 2 * HOUR, None, None), NotRotated)

    serve_cast(postgresql_url, scenario)


def test_two_servers_that_rotate_the_same_grants_never_wait_for_each_other_in_a_circle(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str
) -> None:
    async def scenario(store: Store) -> None:
        async with open_server(postgresql_url) as other:
            grants = await new_grants(store, 100)
            for _ in range(5):
                ours, theirs = await asyncio.gather(_rotated(store, grants), _rotated(other, grants[::-1]))
                pairs = list(zip(ours, reversed(theirs), strict=True))
                for pair in pairs:
                    assert {type(outcome) for outcome in pair} == {Rotated, NotRotated}
                grants = [one.grant for pair in pairs for one in pair if isinstance(one, Rotated)]
        assert await postgresql.deadlocks(postgresql_name) == 0

    serve_cast(postgresql_url, scenario)


def test_a_trip_whose_answer_is_lost_is_told_to_nobody_as_done_or_undone(
    postgresql: Cluster, postgresql_name: str
) -> None:
    """And nobody goes again: each row is where it was, or one further."""

    async def run() -> None:
        proxy = Proxy(postgresql.port)
        async with worker_through(proxy, postgresql, postgresql_name, patience=1) as store:
            grants = await new_grants(store, 40)
            await _rotated(store, grants[:20])  # so that there are connections, and the next go together
            proxy.answers_dropped = True
            rotating = asyncio.ensure_future(_rotated(store, grants[20:]))
            while not proxy.cuts:  # noqa: ASYNC110 (no event is early enough)
                await asyncio.sleep(0)
            proxy.answers_dropped = False
            told = await rotating
            assert Refusal.TEMPORARILY_UNAVAILABLE in {getattr(one, "refusal", one) for one in told}
            assert not any(isinstance(one, NotRotated) for one in told)
            async with open_server(postgresql.url(postgresql_name)) as other:
                rows = [await other.find_grant(grant.id) for grant in grants[20:]]
                again = await _rotated(other, grants[20:])
            for first, row, second in zip(told, rows, again, strict=True):
                assert row is not None
                assert row.generation == 1 if isinstance(first, Rotated) else row.generation <= 1
                assert isinstance(second, NotRotated if row.generation else Rotated)

    serve_cast(postgresql.url(postgresql_name), unbroken)
    asyncio.run(run())
