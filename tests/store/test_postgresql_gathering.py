"""Looks and small changes that wait at the same time go together, and each is answered as if it had gone alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import pytest
from store_cast import NOW, new_access_token, new_grants, serve, serve_cast, unbroken, worker_through
from tests.postgresql import Cluster
from tests.proxy import Proxy

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import GrantId, TokenId
from dragoman.core.secret import Secret
from dragoman.store.opening import open_server
from dragoman.store.postgresql.gathering import Gathering

if TYPE_CHECKING:
    from dragoman.store.postgresql.gathering import Key, Wanted
    from dragoman.store.rows import Row
    from dragoman.store.store import Store


class Table:
    """Rows that are found when the test lets them; what was asked for together is kept."""

    def __init__(self, *, open_: bool = True) -> None:
        self.asked: list[Sequence[Key]] = []
        self.open = asyncio.Event()
        if open_:
            self.open.set()

    async def asked_times(self, times: int) -> None:
        while len(self.asked) < times:  # noqa: ASYNC110 (no event is early enough)
            await asyncio.sleep(0)

    async def look(self, wanted: Wanted) -> Sequence[Row]:
        keys = wanted()
        self.asked.append(keys)
        await asyncio.sleep(0)
        await self.open.wait()
        return [(*key, "row") for key in reversed(keys) if key != ("missing",)]

    def gathering(self) -> Gathering:
        return Gathering(self.look, lambda row: tuple(row[:1]))


def _run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await scenario()

    asyncio.run(bounded())


def _asking(gathering: Gathering, *keys: str) -> list[asyncio.Task[Row | None]]:
    return [asyncio.ensure_future(gathering.find((key,))) for key in keys]


def test_one_that_is_alone_is_sent_at_once() -> None:
    async def scenario() -> None:
        table = Table()
        gathering = table.gathering()
        for _ in range(2):
            look = asyncio.ensure_future(gathering.find(("a",)))
            await asyncio.sleep(0)
            assert table.asked.pop() == (("a",),)
            assert await look == ("a", "row")

    _run(scenario)


def test_those_of_one_turn_share_a_trip_and_each_gets_its_own_row() -> None:
    async def scenario() -> None:
        table = Table()
        gathering = table.gathering()
        await asyncio.gather(*_asking(gathering, "a", "b", "c", "b", "missing"))
        found = await asyncio.gather(*_asking(gathering, "a", "b", "c", "b", "missing"))
        assert found == [("a", "row"), ("b", "row"), ("c", "row"), ("b", "row"), None]
        assert table.asked[-1] == (("a",), ("b",), ("c",), ("missing",))
        assert len(table.asked) == 3
        assert await gathering.find(("a",)) == ("a", "row")
        assert await gathering.find(("missing",)) is None

    _run(scenario)


def test_nobody_is_answered_by_what_was_sent_before_it_asked_nor_waits_long_for_it() -> None:
    async def scenario() -> None:
        table = Table(open_=False)
        gathering = table.gathering()
        early = _asking(gathering, "a")
        await asyncio.sleep(0)
        late = _asking(gathering, "a", "b")
        await table.asked_times(2)
        assert table.asked == [(("a",),), (("a",), ("b",))]
        table.open.set()
        assert await asyncio.gather(*early, *late) == [("a", "row"), ("a", "row"), ("b", "row")]

    _run(scenario)


def test_whoever_comes_while_there_is_no_connection_goes_with_the_others() -> None:
    async def scenario() -> None:
        table, connection = Table(), asyncio.Event()

        async def look(wanted: Wanted) -> Sequence[Row]:
            await connection.wait()
            return await table.look(wanted)

        gathering = Gathering(look, lambda row: tuple(row[:1]))
        early = _asking(gathering, "a", "b", "c")
        await asyncio.sleep(0.02)
        late = _asking(gathering, "d", "e")
        await asyncio.sleep(0.02)
        connection.set()
        assert None not in await asyncio.gather(*early, *late)
        assert [keys for keys in table.asked if keys] == [(("a",),), (("b",), ("c",), ("d",), ("e",))]

    _run(scenario)


@pytest.mark.parametrize("error", [OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, "why"), ValueError("why")])
@pytest.mark.parametrize("taken", [True, False])
def test_an_error_reaches_everybody_who_waits_and_the_next_are_served(error: Exception, *, taken: bool) -> None:
    async def scenario() -> None:
        table, failing = Table(), [error]

        async def look(wanted: Wanted) -> Sequence[Row]:
            await asyncio.sleep(0)
            if failing:
                if taken:
                    wanted()
                raise failing[0]
            return await table.look(wanted)

        gathering = Gathering(look, lambda row: tuple(row[:1]))
        asking = _asking(gathering, "a", "b", "c", "b")
        errors = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(one) for one in errors] == [type(error)] * 4
        details = {one.detail for one in errors if isinstance(one, OAuthError)}
        assert details <= {"why"}
        failing.clear()
        assert None not in await asyncio.gather(*_asking(gathering, "a", "b", "c", "b"))

    _run(scenario)


def test_who_gives_up_takes_nothing_from_the_others() -> None:
    async def scenario() -> None:
        table = Table(open_=False)
        gathering = table.gathering()
        asking = _asking(gathering, *"abcdef")
        await table.asked_times(2)
        for one in asking[::2]:
            one.cancel()
        table.open.set()
        outcomes = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(one) for one in outcomes[::2]] == [asyncio.CancelledError] * 3
        assert outcomes[1::2] == [("b", "row"), ("d", "row"), ("f", "row")]

    _run(scenario)


def test_what_was_taken_back_is_tried_again_with_the_same_keys() -> None:
    async def scenario() -> None:
        table = Table()

        async def look(wanted: Wanted) -> Sequence[Row]:
            await asyncio.sleep(0)
            await table.look(wanted)
            await asyncio.sleep(0.01)
            return await table.look(wanted)

        gathering = Gathering(look, lambda row: tuple(row[:1]))
        early = _asking(gathering, "a", "b")
        await asyncio.sleep(0.005)
        assert None not in await asyncio.gather(*early, *_asking(gathering, "c", "d"))
        assert sorted(table.asked) == sorted(
            2 * [keys for n, keys in enumerate(table.asked) if keys in table.asked[:n]]
        )

    _run(scenario)


def test_only_so_many_go_together_and_only_so_many_may_wait() -> None:
    async def scenario() -> None:
        table = Table(open_=False)
        gathering = table.gathering()
        first = _asking(gathering, "first")
        await asyncio.sleep(0)
        names = [str(number) for number in range(4097)]
        outcomes = asyncio.gather(*_asking(gathering, *names), return_exceptions=True)
        await asyncio.sleep(0)
        table.open.set()
        *found, refused = await outcomes
        assert found == [(name, "row") for name in names[:-1]]
        assert isinstance(refused, OAuthError)
        assert refused.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        assert max(map(len, table.asked)) == 256
        assert await asyncio.gather(*first) == [("first", "row")]

    _run(scenario)


@pytest.mark.parametrize("pooler", ["none", "transaction"])
def test_thirty_looks_and_thirty_revocations_take_few_trips(
    postgresql: Cluster, postgresql_name: str, pooler: str
) -> None:
    async def run() -> None:
        proxy = Proxy(postgresql.port)
        async with worker_through(proxy, postgresql, postgresql_name, pooler=pooler) as store:
            grants = await new_grants(store, 30)
            tokens = [new_access_token(grant) for grant in grants]
            await asyncio.gather(*(store.store_access_token(token) for token in tokens))
            for _ in range(2):  # the second time all connections are there
                proxy.sent.clear()
                found = await asyncio.gather(*(store.find_grant(grant.id) for grant in grants))
                assert found == grants
                sessions = await asyncio.gather(*(store.find_session(grant.id) for grant in grants))
                assert [one and one.grant for one in sessions] == grants
                await asyncio.gather(*(store.revoke_access_token(one.token_id, None, NOW + 60, NOW) for one in tokens))
                revoked = await asyncio.gather(*(store.is_access_token_revoked(one.token_id) for one in tokens))
                assert revoked == [True] * 30
                pairs = zip(grants, [*tokens[1:], new_access_token(None)], strict=True)
                both = await asyncio.gather(*(store.find_session_of_token(one.id, it.token_id) for one, it in pairs))
                assert [(one and one.grant, ended) for one, ended in both] == [
                    *((grant, True) for grant in grants[:-1]),
                    (grants[-1], False),
                ]
            assert len(proxy.sent) < 5 * 30 / 2
            rows = await asyncio.gather(*(store.find_access_token(token.digest) for token in tokens))
            assert rows == tokens
            assert await asyncio.gather(*(store.find_grant(GrantId(b"none")) for _ in range(3))) == [None] * 3

    serve_cast(postgresql.url(postgresql_name), unbroken)
    asyncio.run(run())


def test_two_servers_that_end_the_same_tokens_never_wait_for_each_other(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str
) -> None:
    tokens = [TokenId(number.to_bytes(16, "big")) for number in range(200)]

    async def scenario(store: Store) -> None:
        async with open_server(postgresql_url) as other:
            for number in range(5):
                ours = [TokenId(bytes([number]) + token) for token in tokens]
                await asyncio.gather(
                    *(store.revoke_access_token(token, None, NOW + 60, NOW) for token in ours),
                    *(other.revoke_access_token(token, None, NOW + 60, NOW) for token in reversed(ours)),
                )
                assert all(await asyncio.gather(*(other.is_access_token_revoked(token) for token in ours)))
        assert await postgresql.deadlocks(postgresql_name) == 0

    serve(postgresql_url, scenario)


def test_a_connection_lost_under_many_is_told_to_each_and_nothing_is_sent_again(
    postgresql: Cluster, postgresql_name: str
) -> None:
    async def run() -> None:
        proxy = Proxy(postgresql.port)
        async with worker_through(proxy, postgresql, postgresql_name, patience=1) as store:
            grants = await new_grants(store, 20)
            tokens = [new_access_token(None).token_id for _ in range(20)]
            await asyncio.gather(*(store.find_grant(grant.id) for grant in grants))
            proxy.answers_dropped = True
            outcomes = await asyncio.gather(
                *(store.find_grant(grant.id) for grant in grants),
                *(store.revoke_access_token(token, None, NOW + 60, NOW) for token in tokens),
                return_exceptions=True,
            )
            assert {one.refusal for one in outcomes if isinstance(one, OAuthError)} == {Refusal.TEMPORARILY_UNAVAILABLE}
            assert all(isinstance(one, OAuthError) for one in outcomes)
            proxy.answers_dropped = False
            async with asyncio.timeout(60):
                while True:
                    try:
                        assert await asyncio.gather(*(store.find_grant(grant.id) for grant in grants)) == grants
                        break
                    except OAuthError:
                        await asyncio.sleep(0.05)
            await asyncio.gather(*(store.revoke_access_token(token, None, NOW + 60, NOW) for token in tokens))
            assert all(await asyncio.gather(*(store.is_access_token_revoked(token) for token in tokens)))

    serve_cast(postgresql.url(postgresql_name), unbroken)
    asyncio.run(run())
