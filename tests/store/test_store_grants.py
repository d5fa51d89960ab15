import asyncio
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from store_cast import CLIENT, HOUR, NOW, OWNER, new_access_token, new_grant, serve, serve_cast, session

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Grant, GrantId, TokenId
from dragoman.core.ports import NotRotated, Rotated
from dragoman.core.secret import Secret
from dragoman.store.store import Store


async def _created(store: Store, **changes: object) -> Grant:
    grant = new_grant(**changes)
    await store.create_grant(grant, None)
    return grant


def test_a_grant_comes_back_as_it_was_stored(database: Path | Secret) -> None:
    async def scenario(store: Store) -> list[Grant]:
        bare = {"subject": None, "audience": (), "expires_at": None, "idle_expires_at": None, "facts": {}}
        return [await _created(store), await _created(store, **bare)]

    async def again(store: Store) -> None:
        for grant in grants:
            assert await store.find_grant(grant.id) == grant
        assert await store.find_grant(GrantId(os.urandom(12))) is None

    grants = serve_cast(database, scenario)
    serve(database, again)


def test_a_grant_and_its_access_token_are_stored_together(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = new_grant()
        first = new_access_token(grant)
        await store.create_grant(grant, first)
        assert await store.find_access_token(first.digest) == first
        second = new_access_token(grant)
        assert isinstance(await store.rotate(grant, NOW, None, second), Rotated)
        assert await store.find_access_token(second.digest) == second
        loser = new_access_token(grant)
        assert isinstance(await store.rotate(grant, NOW, None, loser), NotRotated)
        assert await store.find_access_token(loser.digest) is None
        alone = new_access_token(None)
        await store.store_access_token(alone)
        assert await store.find_access_token(alone.digest) == alone

    serve_cast(database, scenario)


def test_rotation_moves_generation_serial_and_idle_end_and_nothing_else(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = await _created(store)
        outcome = await store.rotate(grant, NOW + 5, NOW + 9 * HOUR, None)
        expected = replace(grant, generation=1, issued=2, rotated_at=NOW + 5, idle_expires_at=NOW + 9 * HOUR)
        assert outcome == Rotated(grant=expected)
        assert await store.find_grant(grant.id) == expected

    serve_cast(database, scenario)


def test_reissue_moves_the_serial_and_leaves_the_generation(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = await _created(store)
        expected = replace(grant, issued=2, idle_expires_at=None)
        assert await store.reissue(grant, NOW, None) == Rotated(grant=expected)
        assert await store.reissue(grant, NOW, None) == Rotated(grant=replace(expected, issued=3))

    serve_cast(database, scenario)


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"expires_at": NOW + 10}, NOW + 10),
        ({"idle_expires_at": NOW + 10}, NOW + 10),
        ({"revoked_at": NOW, "revoked_because": "test"}, NOW + 1),
    ],
)
def test_an_ended_grant_neither_rotates_nor_reissues(
    database: Path | Secret, changes: dict[str, object], at: int
) -> None:
    async def scenario(store: Store) -> None:
        grant = await _created(store, **changes)
        assert await store.rotate(grant, at, NOW + HOUR, None) == NotRotated(grant=grant)
        assert await store.reissue(grant, at, NOW + HOUR) == NotRotated(grant=grant)
        live = await _created(store, expires_at=NOW + 10, idle_expires_at=NOW + 10)
        assert isinstance(await store.rotate(live, NOW + 9, NOW + HOUR, None), Rotated)

    serve_cast(database, scenario)


def test_a_grant_that_is_not_there_is_told_as_none(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        assert await store.rotate(new_grant(), NOW, None, None) == NotRotated(grant=None)
        assert await store.reissue(new_grant(), NOW, None) == NotRotated(grant=None)

    serve_cast(database, scenario)


def test_fifty_concurrent_rotations_have_one_winner_in_every_round(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = await _created(store)
        for round_ in range(20):
            outcomes = await asyncio.gather(*(store.rotate(grant, NOW, NOW + HOUR, None) for _ in range(50)))
            winners = [outcome for outcome in outcomes if isinstance(outcome, Rotated)]
            assert len(winners) == 1
            assert {outcome.grant for outcome in outcomes if outcome.grant is None} == set()
            assert {outcome.grant.generation for outcome in outcomes if outcome.grant} == {round_ + 1}
            grant = winners[0].grant

    serve_cast(database, scenario)


def test_a_rotation_never_overtakes_a_revocation(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = await _created(store)
        revoked, outcome = await asyncio.gather(
            store.revoke_grant(grant.id, NOW, "test"), store.rotate(grant, NOW, None, None)
        )
        assert revoked
        latest = outcome.grant
        assert latest is not None
        assert isinstance(outcome, Rotated) == (latest.generation == 1)
        assert isinstance(await store.rotate(latest, NOW, None, None), NotRotated)
        ended = await store.find_grant(grant.id)
        assert ended == replace(latest, revoked_at=NOW, revoked_because="test")

    serve_cast(database, scenario)


def test_a_grant_is_revoked_once_and_keeps_its_first_reason(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = await _created(store)
        outcomes = await asyncio.gather(*(store.revoke_grant(grant.id, NOW + n, f"reason {n}") for n in range(20)))
        assert outcomes.count(True) == 1
        first = outcomes.index(True)
        expected = replace(grant, revoked_at=NOW + first, revoked_because=f"reason {first}")
        assert await store.find_grant(grant.id) == expected
        assert not await store.revoke_grant(GrantId(b"unknown"), NOW, "")

    serve_cast(database, scenario)


def test_an_access_token_is_revoked_without_its_grant(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = await _created(store)
        token_id, other = TokenId(os.urandom(16)), TokenId(os.urandom(16))
        assert not await store.is_access_token_revoked(token_id)
        await store.revoke_access_token(token_id, None, NOW + 60, NOW)
        await store.revoke_access_token(token_id, None, NOW + 60, NOW + 1)
        assert await store.is_access_token_revoked(token_id)
        assert not await store.is_access_token_revoked(other)
        assert await store.find_grant(grant.id) == grant

    serve_cast(database, scenario)


@pytest.mark.parametrize("gone", ["disabled client", "disabled owner", "deleted owner", "unknown client"])
def test_whoever_was_disabled_while_a_request_was_judged_gets_no_grant(database: Path | Secret, gone: str) -> None:
    async def scenario(store: Store) -> None:
        grant = new_grant(client_id="nobody") if gone == "unknown client" else new_grant()
        match gone:
            case "disabled client":
                await store.administration.update_client(replace(CLIENT, enabled=False))
            case "disabled owner":
                await store.administration.update_resource_owner(replace(OWNER, enabled=False), NOW)
            case "deleted owner":
                await store.administration.delete_resource_owner("17", NOW)
        access_token = new_access_token(grant)
        with pytest.raises(OAuthError) as refused:
            await store.create_grant(grant, access_token)
        assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        assert await store.find_grant(grant.id) is None
        assert await store.find_access_token(access_token.digest) is None

    serve_cast(database, scenario)


def test_all_grants_of_a_subject_or_a_client_end_together(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        mine = [await _created(store) for _ in range(5)]
        other = await _created(store, subject=None)
        administration = store.administration
        assert await administration.revoke_grants_of_subject("17", NOW, "gone") == 5
        assert await administration.revoke_grants_of_subject("17", NOW, "gone") == 0
        listed = await administration.list_grants_of_subject("17")
        assert {grant.id for grant in listed} == {grant.id for grant in mine}
        assert {grant.revoked_because for grant in listed} == {"gone"}
        assert await store.find_grant(other.id) == other
        first = await administration.list_grants_of_client("app", limit=4)
        assert len(first + await administration.list_grants_of_client("app", first[-1].id, 4)) == 6
        assert await administration.revoke_grants_of_client("app", NOW, "closed") == 1

    serve_cast(database, scenario)


def test_the_purge_takes_what_has_ended_and_only_that(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        old, recent = NOW - 10, NOW + 10
        ended = (
            {"expires_at": old},
            {"expires_at": None, "idle_expires_at": old},
            {"expires_at": None, "idle_expires_at": None, "revoked_at": old},
        )
        gone = [await _created(store, **changes) for changes in ended for _ in range(400)]
        kept = [
            await _created(store, expires_at=None, idle_expires_at=None),
            await _created(store, expires_at=recent),
            await _created(store, revoked_at=recent),
        ]
        prolonged = await _created(store, expires_at=None, idle_expires_at=old)
        outcome = await store.rotate(prolonged, old - 1, NOW + HOUR, None)
        assert isinstance(outcome, Rotated)
        expired, live = new_access_token(kept[0], expires_at=old), new_access_token(kept[0], expires_at=recent)
        orphaned = new_access_token(gone[0], expires_at=recent)
        for access_token in (expired, live, orphaned):
            await store.store_access_token(access_token)
        await store.revoke_access_token(TokenId(b"old"), None, old, old)
        await store.revoke_access_token(TokenId(b"recent"), None, recent, old)

        assert await store.administration.purge(NOW) == len(gone) + 2
        assert await store.administration.purge(NOW) == 0

        assert all([await store.find_grant(grant.id) is None for grant in gone])
        assert [await store.find_grant(grant.id) for grant in (*kept, prolonged)] == [*kept, outcome.grant]
        assert await store.find_access_token(expired.digest) is None
        assert await store.find_access_token(orphaned.digest) is None
        assert await store.find_access_token(live.digest) == live
        assert not await store.is_access_token_revoked(TokenId(b"old"))
        assert await store.is_access_token_revoked(TokenId(b"recent"))
        assert await store.administration.purge(NOW + 2 * HOUR) == 5

    serve_cast(database, scenario)


def test_a_grant_that_got_an_end_later_is_purged_too(database: Path | Secret) -> None:
    """Whether it was filed for a look, or an older program left it without one."""

    async def scenario(store: Store) -> None:
        endless = [await _created(store, expires_at=None, idle_expires_at=None) for _ in range(4)]
        await _leave_unfiled(database, endless[:2])
        for grant in (endless[0], endless[2]):
            assert isinstance(await store.rotate(grant, NOW, NOW + HOUR, None), Rotated)
        week = 7 * 24 * HOUR
        purged = [await store.administration.purge(NOW + day * 24 * HOUR) for day in range(10)]
        assert sum(purged) == 2
        assert purged[9] == 0
        assert [await store.find_grant(grant.id) is None for grant in endless] == [True, False, True, False]
        assert await store.administration.purge(NOW + 5 * week) == 0

    serve_cast(database, scenario)


async def _leave_unfiled(database: Path | Secret, grants: list[Grant]) -> None:
    ids = [grant.id for grant in grants]
    if isinstance(database, Path):
        with closing(sqlite3.connect(database)) as other:
            other.executemany("UPDATE grants SET sweep_at = NULL WHERE id = ?", [(each,) for each in ids])
            other.commit()
    else:
        async with session(database) as other:
            await other.executemany("UPDATE grants SET sweep_at = NULL WHERE id = $1", [(each,) for each in ids])


def test_no_grant_begins_with_a_password_that_was_changed_meanwhile(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        await store.administration.set_password_hash(OWNER.id, "checked")
        await store.create_grant(new_grant(), None, "checked")
        await store.administration.set_password_hash(OWNER.id, "another")
        for access_token in (None, new_access_token(new_grant())):
            with pytest.raises(OAuthError) as refused:
                await store.create_grant(new_grant(), access_token, "checked")
            assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        await store.create_grant(new_grant(), None)

    serve_cast(database, scenario)
