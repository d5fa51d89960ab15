"""Sessions of a former server in the store: one of them is adopted once, whoever asks, and none that was ended here."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from store_cast import CLIENT, HOUR, NOW, OWNER, new_grant, serve_cast

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import FormerSession, Grant
from dragoman.core.scope import Scope
from dragoman.store.former_sessions import FormerCount, StoredSession
from dragoman.store.intake import Changes
from dragoman.store.opening import open_server

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.core.secret import Secret
    from dragoman.store.store import Store

SESSION = FormerSession(client_id=CLIENT.id, subject=OWNER.id, scope=Scope(("read",)), expires_at=NOW + HOUR)


class Listing:
    """What an import decided."""

    def __init__(self, **changes: tuple[StoredSession, ...]) -> None:
        self.changes = Changes(**changes)


def stored(digest: str, session: FormerSession = SESSION) -> StoredSession:
    return StoredSession(digest=digest, format="passport", session=session)


async def listed(store: Store, now: int, **changes: tuple[StoredSession, ...]) -> None:
    await store.intake.take((), (), (), lambda _standing: Listing(**changes), now)


async def adopted(store: Store, digest: str, *, listed: bool = False) -> Grant | None:
    grant = new_grant()
    return grant if await store.former_sessions.adopt(stored(digest), grant, NOW, listed=listed) else None


def test_a_listed_session_is_adopted_once_and_an_unlisted_one_too(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        await listed(store, NOW, new_sessions=(stored("one"),))
        assert await adopted(store, "two", listed=True) is None, "it is not there"
        for digest, is_listed in (("one", True), ("two", False)):
            grant = await adopted(store, digest, listed=is_listed)
            assert grant is not None
            assert await store.find_grant(grant.id) == grant
            assert await adopted(store, digest, listed=True) is None
            assert await adopted(store, digest, listed=False) is None
            found = await store.former_sessions.find(digest)
            assert found is not None
            assert (found.grant_id, found.session) == (grant.id, SESSION)
        assert await store.former_sessions.count() == (FormerCount("passport", 2, 2),)

    serve_cast(database, scenario)


def test_of_many_uses_at_once_one_makes_the_grant(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        for digest in ("one", "two", "three"):
            grants = await asyncio.gather(*(adopted(store, digest) for _ in range(20)))
            assert len([grant for grant in grants if grant is not None]) == 1
        assert len(await store.administration.list_grants_of_client(CLIENT.id)) == 3

    serve_cast(database, scenario)


@pytest.mark.parametrize("kind", ["client", "resource owner"])
def test_no_session_outlives_the_end_of_all_whoever_comes_first(database: Path | Secret, kind: str) -> None:
    async def end(store: Store) -> int:
        if kind == "client":
            return await store.administration.revoke_grants_of_client(CLIENT.id, NOW, "signed_out")
        return await store.administration.revoke_grants_of_subject(OWNER.id, NOW, "signed_out")

    async def tried(store: Store, digest: str) -> None:
        with suppress(OAuthError):
            await adopted(store, digest)

    async def scenario(store: Store) -> None:
        digests = [f"session {number}" for number in range(10)]
        await asyncio.gather(
            *(tried(store, one) for one in digests[:5]), end(store), *(tried(store, one) for one in digests[5:])
        )
        for grant in await store.administration.list_grants_of_client(CLIENT.id):
            assert grant.revoked_at == NOW
        await tried(store, "late")
        assert await store.former_sessions.find("late") is None, "what is refused leaves nothing behind"

    serve_cast(database, scenario)


def test_an_import_takes_out_what_it_does_not_see_any_more_and_nothing_that_was_used(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        await listed(store, NOW, new_sessions=tuple(map(stored, ("used", "seen", "gone"))))
        await adopted(store, "used", listed=True)
        await listed(store, NOW + 60, seen_sessions=(stored("seen"),))
        assert await store.former_sessions.drop_unseen("django", NOW + 60) == 0
        assert await store.former_sessions.drop_unseen("passport", NOW + 60) == 1
        assert await store.former_sessions.find("gone") is None
        assert await store.former_sessions.find("seen") is not None
        assert await store.former_sessions.find("used") is not None

    serve_cast(database, scenario)


def test_the_purge_takes_what_says_itself_that_it_is_over(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        endless = FormerSession(client_id=None, subject=None, scope=None, expires_at=None)
        await listed(store, NOW, new_sessions=(stored("ending"), stored("endless", endless)))
        await store.administration.purge(NOW + HOUR)
        assert await store.former_sessions.find("ending") is not None
        await store.administration.purge(NOW + HOUR + 1)
        assert await store.former_sessions.find("ending") is None
        found = await store.former_sessions.find("endless")
        assert found is not None
        assert found.session == endless

    serve_cast(database, scenario)


def test_whoever_is_gone_gets_no_grant(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = new_grant(subject="nobody")
        with pytest.raises(OAuthError) as refused:
            await store.former_sessions.adopt(stored("one"), grant, NOW, listed=False)
        assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        assert await store.former_sessions.find("one") is None

    serve_cast(database, scenario)


def test_two_servers_adopt_one_session_once(postgresql_url: Secret) -> None:
    async def scenario(store: Store) -> None:
        async with open_server(postgresql_url) as other:
            for round_ in range(5):
                digest = f"session {round_}"
                grants = await asyncio.gather(*(adopted(one, digest) for one in 5 * (store, other)))
                assert len([grant for grant in grants if grant is not None]) == 1

    serve_cast(postgresql_url, scenario)
