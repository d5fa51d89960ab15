"""What was read of an access token counts for a moment, and not a moment longer than anything that ends it here."""

from __future__ import annotations

import asyncio
import multiprocessing
from typing import TYPE_CHECKING

import pytest
from store_cast import HOUR, NOW, new_access_token, new_grant, serve_cast

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import TokenId
from dragoman.store.cache.access_tokens import Recent
from dragoman.store.cache.changes import CHANGES_BYTES, Changes
from dragoman.wiring.shared_memory import shared_memory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from dragoman.core.model import Grant
    from dragoman.core.secret import Secret
    from dragoman.store.store import Store


class Shelf:
    """Where is looked; each look takes one turn of the loop, after it has read."""

    def __init__(self) -> None:
        self.standing: str | None = "good"
        self.looks = 0
        self.now = 100.0
        self.changes = Changes()
        self.recent: Recent[str] = Recent(lambda: self.now, self.changes, staleness=1, most=8)

    async def look(self) -> str | None:
        self.looks += 1
        found = self.standing
        if found == "away":
            raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE)
        await asyncio.sleep(0)
        return found

    async def find(self, family: bytes = b"grant", token: bytes = b"token") -> str | None:
        return await self.recent.find(family, token, self.look)


def on_shelf(scenario: Callable[[Shelf], Awaitable[None]]) -> None:
    async def run() -> None:
        await scenario(Shelf())

    asyncio.run(run())


def test_it_is_looked_for_once_within_the_staleness() -> None:
    async def scenario(shelf: Shelf) -> None:
        assert [await shelf.find() for _ in range(5)] == ["good"] * 5
        shelf.standing = "ended"
        shelf.now += 0.999
        assert (await shelf.find(), shelf.looks) == ("good", 1)
        shelf.now += 0.001
        assert (await shelf.find(), shelf.looks) == ("ended", 2)

    on_shelf(scenario)


@pytest.mark.parametrize("tell", [lambda changes: changes.tell(b"grant"), Changes.tell_all])
def test_what_has_changed_is_looked_for_again_even_if_a_look_was_under_way(tell: Callable[[Changes], None]) -> None:
    async def scenario(shelf: Shelf) -> None:
        await shelf.find()
        tell(shelf.changes)
        early = asyncio.create_task(shelf.find())
        await asyncio.sleep(0)
        shelf.standing = "ended"
        tell(shelf.changes)
        assert await early == "good"
        assert await shelf.find() == "ended"

    on_shelf(scenario)


def test_another_family_has_not_changed_with_it() -> None:
    async def scenario(shelf: Shelf) -> None:
        await shelf.find()
        shelf.changes.tell(b"other")
        await shelf.find()
        assert shelf.looks == 1

    on_shelf(scenario)


@pytest.mark.parametrize("standing", [None, "away"])
def test_nothing_is_kept_of_what_is_not_there_nor_of_a_refusal(standing: str | None) -> None:
    async def scenario(shelf: Shelf) -> None:
        shelf.standing = standing
        for _ in range(2):
            if standing is None:
                assert await shelf.find() is None
            else:
                with pytest.raises(OAuthError):
                    await shelf.find()
        shelf.standing = "good"
        assert (await shelf.find(), shelf.looks) == ("good", 3)

    on_shelf(scenario)


def test_the_one_that_was_looked_for_longest_ago_gives_way() -> None:
    async def scenario(shelf: Shelf) -> None:
        for number in range(9):
            await shelf.find(token=bytes([number]))
        await shelf.find(token=bytes([8]))
        assert shelf.looks == 9
        await shelf.find(token=bytes([0]))
        assert shelf.looks == 10

    on_shelf(scenario)


def test_without_staleness_it_is_looked_for_each_time() -> None:
    async def scenario(shelf: Shelf) -> None:
        shelf.recent = Recent(lambda: shelf.now, shelf.changes)
        await shelf.find()
        await shelf.find()
        assert shelf.looks == 2

    on_shelf(scenario)


def test_workers_with_one_memory_hear_of_each_others_changes() -> None:
    with shared_memory("changes", CHANGES_BYTES) as descriptor:
        one, other = Changes(descriptor), Changes(descriptor)
        before = one.mark(b"grant")
        assert other.mark(b"grant") == before
        other.tell(b"grant")
        after = one.mark(b"grant")
        assert after != before
        other.tell_all()
        assert one.mark(b"grant") != after


def test_workers_that_were_forked_at_the_same_moment_tell_different_words() -> None:
    with shared_memory("changes", CHANGES_BYTES) as descriptor:
        words = set()
        for _ in range(2):  # the parent draws nothing in between
            child = multiprocessing.get_context("fork").Process(target=Changes(descriptor).tell, args=(b"grant",))
            child.start()
            child.join()
            words.add(Changes(descriptor).mark(b"grant"))
    assert len(words) == 2


def test_a_server_without_workers_hears_of_its_own_changes_alone() -> None:
    one, other = Changes(), Changes()
    other.tell_all()
    assert one.mark(b"grant") == Changes().mark(b"grant")


async def _warm(store: Store) -> tuple[Grant, TokenId]:
    """A session whose access token has just been asked about, in a process that would keep that for ever."""
    store.remember_access_tokens(Changes(), HOUR)
    grant = new_grant()
    row = new_access_token(grant)
    await store.create_grant(grant, row)
    session, revoked = await store.find_session_of_token(grant.id, row.token_id)
    assert session is not None
    assert not revoked
    return grant, row.token_id


async def _revoke_grant(store: Store, grant: Grant, _token: TokenId) -> None:
    await store.revoke_grant(grant.id, NOW, "test")


async def _revoke_token(store: Store, grant: Grant, token: TokenId) -> None:
    await store.revoke_access_token(token, grant.id, NOW + HOUR, NOW)


async def _rotate(store: Store, grant: Grant, _token: TokenId) -> None:
    await store.rotate(grant, NOW, None, None)


async def _reissue(store: Store, grant: Grant, _token: TokenId) -> None:
    await store.reissue(grant, NOW, None)


async def _withdraw(store: Store, grant: Grant, _token: TokenId) -> None:
    await store.withdraw(grant.subject or "")


@pytest.mark.parametrize("change", [_revoke_grant, _revoke_token, _rotate, _reissue, _withdraw])
def test_what_this_process_changes_it_reads_again(
    database: Path | Secret, change: Callable[[Store, Grant, TokenId], Awaitable[None]]
) -> None:
    async def scenario(store: Store) -> None:
        grant, token = await _warm(store)
        before = await store.find_session_of_token(grant.id, token)
        await change(store, grant, token)
        assert await store.find_session_of_token(grant.id, token) is not before

    serve_cast(database, scenario)


def test_the_end_of_a_token_without_a_session_is_noticed_at_once(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        store.remember_access_tokens(Changes(), HOUR)
        token = TokenId(b"0123456789abcdef")
        assert not await store.is_access_token_revoked(token)
        await store.revoke_access_token(token, None, NOW + HOUR, NOW)
        assert await store.is_access_token_revoked(token)

    serve_cast(database, scenario)


def test_the_end_of_one_token_leaves_what_is_known_of_other_sessions(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant, token = await _warm(store)
        before = await store.find_session_of_token(grant.id, token)
        other = TokenId(bytes([grant.id[0], grant.id[1] ^ 1]) + grant.id[2:])  # of another group of families
        await store.revoke_access_token(other, None, NOW + HOUR, NOW)
        assert await store.find_session_of_token(grant.id, token) is before

    serve_cast(database, scenario)


def test_a_row_that_was_read_is_not_read_again_and_says_nothing_of_whether_it_counts(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        row = new_access_token(None)
        assert await store.find_access_token(row.digest) is None
        await store.store_access_token(row)
        first = await store.find_access_token(row.digest)
        assert first == row
        await store.revoke_access_token(row.token_id, None, NOW + HOUR, NOW)
        assert await store.find_access_token(row.digest) is first
        assert await store.is_access_token_revoked(row.token_id)

    serve_cast(database, scenario)
