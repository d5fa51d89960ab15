"""Who waits for a slot waits in fair turns, and whoever leaves gives the place back (attack K01; fault F26)."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.core.errors import OAuthError, Refusal
from dragoman.hashing.slots import Slots, Turn
from tests.coroutines import on_a_loop
from tests.hashing.busy_slots import busy, refusal_of, settle


@on_a_loop
async def test_beyond_the_line_callers_are_refused_at_once_and_nothing_is_done() -> None:
    async with busy(waiting=2) as one:
        for name in "ab":
            await one.ask(name)
        for _ in range(500):
            with pytest.raises(OAuthError) as refused:
                await one.slots.run(lambda: one.done.append("too many"))
            assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        assert (one.slots.running, one.slots.waiting, one.slots.shed) == (1, 2, 500)
        assert await one.free() == ["a", "b"]
        assert (one.slots.running, one.slots.waiting) == (0, 0)
        await one.slots.run(lambda: one.done.append("room again"))
        assert one.done == ["a", "b", "room again"]


@on_a_loop
async def test_one_clients_flood_leaves_the_others_their_turn() -> None:
    async with busy(waiting=10) as one:
        for number in range(8):
            await one.ask(f"flood {number}", client="flood")
        await one.ask("first", client="first")
        await one.ask("second", client="second")
        done = await one.free()
        assert done[:4] == ["flood 0", "first", "second", "flood 1"]


@on_a_loop
async def test_one_addresss_flood_through_a_public_client_leaves_the_others_their_turn() -> None:
    async with busy(waiting=10) as one:
        for number in range(8):
            await one.ask(f"flood {number}", "app", "192.0.2.1")
        await one.ask("somebody", "app", "192.0.2.2")
        await one.ask("other client", "backend", "192.0.2.1")
        done = await one.free()
        assert done[:4] == ["flood 0", "other client", "somebody", "flood 1"]


@on_a_loop
async def test_when_the_line_is_full_the_newest_of_the_greediest_client_gives_way() -> None:
    async with busy(waiting=4) as one:
        flood = [await one.ask(f"flood {number}", client="flood") for number in range(4)]
        late = await one.ask("late", client="other")
        assert refusal_of(flood[3]).endswith("others have fewer in it")
        assert not late.done()
        assert "full" in refusal_of(await one.ask("flood again", client="flood"))
        assert one.slots.waiting == 4
        assert await one.free() == ["flood 0", "late", "flood 1", "flood 2"]
        assert one.slots.shed == 2


@on_a_loop
async def test_when_the_line_is_full_the_newest_of_the_greediest_address_gives_way() -> None:
    async with busy(waiting=4) as one:
        flood = [await one.ask(f"flood {number}", "app", "192.0.2.1") for number in range(4)]
        await one.ask("somebody", "app", "192.0.2.2")
        assert "full" in refusal_of(flood[3])
        assert await one.free() == ["flood 0", "somebody", "flood 1", "flood 2"]


@on_a_loop
async def test_nobody_gives_way_to_one_who_would_have_as_many() -> None:
    async with busy(waiting=4) as one:
        for name in "abcd":
            await one.ask(name, client=name)
        assert "full" in refusal_of(await one.ask("a again", client="a"))
        assert "full" in refusal_of(await one.ask("a newcomer", client="e"))
        assert await one.free() == ["a", "b", "c", "d"]


@on_a_loop
async def test_whom_the_line_has_no_place_for_is_told_before_anything_is_prepared() -> None:
    async with busy(waiting=2) as one:
        one.slots.admit(Turn(client="flood"))
        for number in range(2):
            await one.ask(f"flood {number}", client="flood")
        for _ in range(3):
            with pytest.raises(OAuthError) as refused:
                one.slots.admit(Turn(client="flood"))
            assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        one.slots.admit(Turn(client="other"))  # for whom somebody would give way
        assert (one.slots.waiting, one.slots.shed) == (2, 3)
        assert await one.free() == ["flood 0", "flood 1"]
        one.slots.admit(Turn(client="flood"))
        one.slots.close()
        with pytest.raises(OAuthError):
            one.slots.admit(Turn(client="flood"))


@on_a_loop
async def test_where_nobody_may_wait_nobody_gives_way() -> None:
    async with busy(waiting=0) as one:
        assert "full" in refusal_of(await one.ask("late", client="other"))


@on_a_loop
async def test_f26_whoever_gives_up_while_waiting_leaves_the_place_to_others() -> None:
    async with busy(waiting=1) as one:
        gone = await one.ask("gone")
        assert "full" in refusal_of(await one.ask("too late"))
        gone.cancel()
        await asyncio.wait([gone])
        late = await one.ask("in time")
        assert not late.done()
        assert await one.free() == ["in time"]


@on_a_loop
async def test_f26_whoever_hangs_up_while_waiting_leaves_the_line_at_once() -> None:
    hung_up = asyncio.Event()

    async def wait() -> bool:
        return await hung_up.wait()

    async with busy(waiting=1) as one:
        gone = await one.ask("gone", hung_up=wait)
        hung_up.set()
        await asyncio.wait([gone])
        assert refusal_of(gone) == "the client hung up before its password was checked"
        assert (one.slots.abandoned, one.slots.shed, one.slots.waiting) == (1, 0, 0)
        await one.ask("next")
        assert await one.free() == ["next"]


@on_a_loop
async def test_f26_a_connection_that_can_not_be_watched_keeps_its_place() -> None:
    async def cannot_tell() -> bool:
        return False

    async with busy() as one:
        await one.ask("there", hung_up=cannot_tell)
        assert await one.free() == ["there"]
        assert one.slots.abandoned == 0


@on_a_loop
async def test_f26_nobody_watches_a_connection_that_does_not_have_to_wait() -> None:
    watched = []

    async def watch() -> bool:
        watched.append(True)
        return True

    slots = Slots(1, 1)
    assert await slots.run(lambda: "done", Turn(hung_up=watch)) == "done"
    await settle()
    assert (watched, slots.abandoned) == ([], 0)
    slots.close()
