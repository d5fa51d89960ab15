"""What two servers, or a server and an administrator, do to the same rows at the same moment."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

import pytest
from store_cast import CLIENT, HOUR, NOW, OWNER, blocked, new_access_token, new_grant, serve_cast, session, unbroken
from tests.postgresql import Cluster
from tests.proxy import Proxy

from dragoman.core.errors import OAuthError
from dragoman.core.model import TokenId
from dragoman.core.ports import NotRotated, Rotated
from dragoman.core.secret import Secret
from dragoman.store.opening import open_server
from dragoman.store.store import Store

_PAGES = "SELECT id, (ctid::text::point)[0] FROM grants"


def test_r03_two_hundred_rotations_at_two_servers_have_one_winner(postgresql_url: Secret) -> None:
    async def scenario(store: Store) -> None:
        async with open_server(postgresql_url) as other:
            grant = new_grant()
            await store.create_grant(grant, None)
            for round_ in range(5):
                rotations = [each.rotate(grant, NOW, NOW + HOUR, None) for each in 100 * (store, other)]
                outcomes = await asyncio.gather(*rotations)
                (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Rotated)]
                assert {outcome.grant.generation for outcome in outcomes if outcome.grant} == {round_ + 1}
                grant = winner.grant

    serve_cast(postgresql_url, scenario)


def test_whoever_wins_stores_its_access_token_and_nobody_else_does(
    postgresql: Cluster, postgresql_url: Secret, postgresql_name: str
) -> None:
    async def scenario(store: Store) -> None:
        grant = new_grant()
        await store.create_grant(grant, new_access_token(grant))
        tokens = [new_access_token(grant) for _ in range(50)]
        outcomes = await asyncio.gather(*(store.rotate(grant, NOW, None, token) for token in tokens))
        (winner,) = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Rotated)]
        assert await store.find_access_token(tokens[winner].digest) == tokens[winner]
        ((count,),) = await postgresql.query("SELECT count(*) FROM access_tokens", database=postgresql_name)
        assert count == 2

    serve_cast(postgresql_url, scenario)


@pytest.mark.parametrize("deed", ["disable", "delete"])
@pytest.mark.parametrize("with_token", [False, True])
def test_no_live_grant_outlives_its_owner_whoever_comes_first(
    postgresql_url: Secret, deed: str, *, with_token: bool
) -> None:
    async def end(store: Store) -> None:
        if deed == "disable":
            await store.administration.update_resource_owner(replace(OWNER, enabled=False), NOW)
        else:
            await store.administration.delete_resource_owner(OWNER.id, NOW)

    async def begin(store: Store) -> None:
        grant = new_grant()
        with suppress(OAuthError):
            await store.create_grant(grant, new_access_token(grant) if with_token else None)

    async def scenario(store: Store) -> None:
        async with open_server(postgresql_url) as other:
            for _ in range(10):
                await asyncio.gather(*(begin(store) for _ in range(10)), end(other), *(begin(store) for _ in range(10)))
                grants = await store.administration.list_grants_of_subject(OWNER.id, limit=10_000)
                assert [grant for grant in grants if grant.revoked_at is None] == []
                if deed == "disable":
                    await store.administration.update_resource_owner(OWNER, NOW)
                else:
                    await store.administration.create_resource_owner(OWNER)

    serve_cast(postgresql_url, scenario)


def test_a_grant_waits_for_an_account_that_is_just_being_disabled(postgresql: Cluster, postgresql_name: str) -> None:
    url = postgresql.url(postgresql_name)

    async def scenario(store: Store) -> None:
        async with session(url) as administrator:
            await administrator.execute("BEGIN")
            await administrator.execute("UPDATE resource_owners SET enabled = false WHERE id = $1", OWNER.id)
            grant = new_grant()
            creating = asyncio.ensure_future(store.create_grant(grant, None))
            await blocked(administrator, 1)
            await administrator.execute("COMMIT")
            with pytest.raises(OAuthError):
                await creating
            assert await store.find_grant(grant.id) is None

    serve_cast(url, scenario)


def test_log_ins_of_one_client_do_not_wait_for_each_other(postgresql: Cluster, postgresql_name: str) -> None:
    url = postgresql.url(postgresql_name)

    async def scenario(store: Store) -> None:
        async with session(url) as holder:
            await holder.execute("BEGIN")
            await holder.execute("SELECT 1 FROM clients WHERE id = $1 FOR UPDATE", CLIENT.id)
            await holder.execute("SELECT 1 FROM resource_owners WHERE id = $1 FOR SHARE", OWNER.id)
            await store.create_grant(new_grant(), None)

    serve_cast(url, scenario)


def test_a_client_registered_anew_inherits_no_grant(postgresql: Cluster, postgresql_name: str) -> None:
    """A log-in that was under way while its client was deleted may leave one: nobody can use it, ever."""
    url = postgresql.url(postgresql_name)

    async def scenario(store: Store) -> None:
        await store.administration.update_resource_owner(replace(OWNER, belongs_to=None), NOW)
        grant = new_grant()
        async with session(url) as late:
            await late.execute("BEGIN")
            await late.execute("SELECT 1 FROM clients WHERE id = $1", CLIENT.id)
            await store.create_grant(grant, None)
            await late.execute("UPDATE grants SET facts = facts WHERE id = $1", grant.id)
            deleting = asyncio.ensure_future(store.administration.delete_client(CLIENT.id, NOW))
            await blocked(late, 1)
            left = new_grant(subject=None)
            await late.execute(
                "INSERT INTO grants SELECT $1, client_id, NULL, scope, audience, created_at, expires_at, "
                "idle_expires_at, generation, issued, rotated_at, NULL, NULL, facts, sweep_at FROM grants",
                left.id,
            )
            await late.execute("COMMIT")
            assert await deleting
        assert (await store.find_grant(left.id)).revoked_at is None
        await store.administration.create_client(replace(CLIENT, created_at=NOW + 9))
        ended = await store.find_grant(left.id)
        assert (ended.revoked_at, ended.revoked_because) == (NOW + 9, "client_deleted")

    serve_cast(url, scenario)


def test_a_rotation_stays_on_its_page_so_that_no_index_learns_of_it(postgresql_url: Secret) -> None:
    """The room for it is in the schema: on full pages every first rotation would write to five indexes."""

    async def scenario(store: Store) -> None:
        grants = [new_grant() for _ in range(300)]
        await asyncio.gather(*(store.create_grant(grant, None) for grant in grants))
        async with session(postgresql_url) as looking:
            before = dict(await looking.fetch(_PAGES))
            for grant in grants[::30]:
                assert isinstance(await store.rotate(grant, NOW, NOW + HOUR, None), Rotated)
            assert dict(await looking.fetch(_PAGES)) == before
        assert len(set(before.values())) > 5

    serve_cast(postgresql_url, scenario)


def test_one_access_token_revoked_many_times_at_once_is_revoked(postgresql_url: Secret) -> None:
    async def scenario(store: Store) -> None:
        await asyncio.gather(*(store.revoke_access_token(TokenId(b"one"), None, NOW + 1, NOW) for _ in range(50)))
        assert await store.is_access_token_revoked(TokenId(b"one"))

    serve_cast(postgresql_url, scenario)


def test_one_id_and_one_name_have_one_owner_however_many_ask_at_once(postgresql_url: Secret) -> None:
    async def scenario(store: Store) -> None:
        async with open_server(postgresql_url) as other:
            owners = [replace(OWNER, id=f"o{n % 5}", username=f"n{n % 3}", email=f"n{n % 2}@x.org") for n in range(40)]
            outcomes = await asyncio.gather(
                *((store, other)[n % 2].administration.create_resource_owner(one) for n, one in enumerate(owners)),
                return_exceptions=True,
            )
            created = [one for one, outcome in zip(owners, outcomes, strict=True) if outcome is None]
            assert {type(outcome).__name__ for outcome in outcomes} <= {"NoneType", "StoreConflict"}
            assert created
            for one in created:
                assert await store.find_resource_owner(one.id) == one
                assert await store.find_resource_owner_by_login(one.username) == one

    serve_cast(postgresql_url, scenario)


@pytest.mark.parametrize("pooler", ["none", "transaction"])
def test_each_verb_of_the_hot_path_is_one_round_trip(postgresql: Cluster, postgresql_name: str, pooler: str) -> None:
    """And two, none of them with a name, where a pooler could hand the second to a stranger."""

    async def scenario(store: Store, proxy: Proxy) -> dict[str, int]:
        grant, other, used = new_grant(), new_grant(), {}
        await _all_verbs(store, [new_grant(), new_grant()], {}, proxy)
        await _all_verbs(store, [grant, other], used, proxy)
        return used

    async def run() -> None:
        proxy = Proxy(postgresql.port)
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(proxy.listening())
            url = postgresql.url(postgresql_name, port=port, pool_size="1", pooler=pooler)
            store = await stack.enter_async_context(open_server(url))
            used = await scenario(store, proxy)
        most = 1 if pooler == "none" else 2
        assert used == dict.fromkeys(used, most)
        named = [piece for piece in proxy.sent if piece[:1] == b"P" and piece[5:6] != b"\0"]
        assert bool(named) == (pooler == "none")

    serve_cast(postgresql.url(postgresql_name), unbroken)
    asyncio.run(run())


async def _all_verbs(store: Store, grants: list, used: dict[str, int], proxy: Proxy) -> None:
    one, two = grants
    steps = {
        "find_client": lambda: store.find_client("app"),
        "find_resource_owner_by_login": lambda: store.find_resource_owner_by_login("ada"),
        "create_grant": lambda: store.create_grant(one, None),
        "create_grant with a token": lambda: store.create_grant(two, new_access_token(two)),
        "rotate": lambda: store.rotate(one, NOW, None, None),
        "rotate with a token": lambda: store.rotate(two, NOW, None, new_access_token(two)),
        "reissue": lambda: store.reissue(replace(two, generation=1), NOW, None),
        "revoke_access_token": lambda: store.revoke_access_token(TokenId(b"x"), None, NOW, NOW),
        "is_access_token_revoked": lambda: store.is_access_token_revoked(TokenId(b"x")),
        "revoke_grant": lambda: store.revoke_grant(one.id, NOW, "test"),
    }
    for name, step in steps.items():
        before = len(proxy.sent)
        outcome = await step()
        assert not isinstance(outcome, NotRotated)
        used[name] = len(proxy.sent) - before
