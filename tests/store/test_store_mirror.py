"""What ended is found until a mirror was told of it, the latest first, in either database."""

from pathlib import Path

from store_cast import CLIENT, HOUR, NOW, OWNER, new_grants, serve_cast

from dragoman.core.model import TokenId
from dragoman.core.secret import Secret
from dragoman.store.mirror import EndedGrant
from dragoman.store.store import Store


def test_ended_grants_are_found_until_they_are_marked_whoever_ended_them(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grants = await new_grants(store, 3)
        assert await store.untold_ends.ended_grants(10) == ()
        await store.revoke_grant(grants[0].id, NOW + 5, "first")
        await store.administration.revoke_grants_of_subject(OWNER.id, NOW + 9, "the others")
        ended = await store.untold_ends.ended_grants(10)
        assert ended[2] == EndedGrant(id=grants[0].id, client_id=CLIENT.id, subject=OWNER.id)
        assert {one.id for one in ended} == {one.id for one in grants}
        await store.untold_ends.mark_grants(ended[1:], NOW + 10)
        assert await store.untold_ends.ended_grants(10) == ended[:1]
        assert not await store.revoke_grant(ended[0].id, NOW + 20, "again")
        await store.untold_ends.mark_grants(ended[:1], NOW + 10)
        assert await store.untold_ends.ended_grants(10) == ()

    serve_cast(database, scenario)


def test_tokens_that_ended_by_themselves_are_found_likewise(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        early, late = TokenId(b"e" * 16), TokenId(b"l" * 16)
        await store.revoke_access_token(early, None, NOW + HOUR, NOW)
        await store.revoke_access_token(late, None, NOW + HOUR, NOW + 1)
        assert await store.untold_ends.ended_access_tokens(10) == (late, early)
        assert await store.untold_ends.ended_access_tokens(1) == (late,)
        await store.untold_ends.mark_access_tokens([late], NOW + 2)
        assert await store.untold_ends.ended_access_tokens(10) == (early,)
        await store.revoke_access_token(late, None, NOW + HOUR, NOW + 3)
        assert await store.untold_ends.ended_access_tokens(10) == (early,)

    serve_cast(database, scenario)
