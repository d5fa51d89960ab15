"""Results wait for each other only while somebody waits for a slot, and never for long."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

from dragoman.hashing.slots import Slots
from dragoman.hashing.telling import Telling
from tests.coroutines import on_a_loop
from tests.hashing.busy_slots import busy, settle


@on_a_loop
async def test_while_nobody_waits_each_is_told_at_once() -> None:
    told: list[int] = []
    telling = Telling(asyncio.get_running_loop())
    for number in range(3):
        telling.tell(partial(told.append, number), others_wait=False)
        await settle()
        assert told == list(range(number + 1))


@on_a_loop
async def test_while_others_wait_four_are_told_together_and_in_order() -> None:
    told: list[int] = []
    telling = Telling(asyncio.get_running_loop())
    for number in range(8):
        telling.tell(partial(told.append, number), others_wait=True)
        await settle()
        assert len(told) == (number + 1) // 4 * 4
    assert told == list(range(8))


@on_a_loop
async def test_one_behind_whom_nobody_waits_takes_along_those_before() -> None:
    told: list[str] = []
    telling = Telling(asyncio.get_running_loop())
    telling.tell(partial(told.append, "first"), others_wait=True)
    await settle()
    assert told == []
    telling.tell(partial(told.append, "last"), others_wait=False)
    await settle()
    assert told == ["first", "last"]


@on_a_loop
async def test_nobody_is_told_much_later_where_those_behind_take_their_time() -> None:
    slow = threading.Event()
    slots = Slots(1, 10)
    quick = asyncio.ensure_future(slots.run(lambda: "quick"))
    behind = asyncio.ensure_future(slots.run(partial(slow.wait, 60)))
    try:
        assert await quick == "quick"
        assert not behind.done()
    finally:
        slow.set()
        assert await behind
        slots.close()


@on_a_loop
async def test_one_that_cannot_be_told_keeps_nothing_from_the_others() -> None:
    told: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, _context: None)
    telling = Telling(loop)
    telling.tell(lambda: told.append("odd" if 1 // 0 else ""), others_wait=True)
    telling.tell(partial(told.append, "even"), others_wait=False)
    await settle()
    assert told == ["even"]


@on_a_loop
async def test_whoever_stands_in_line_gets_what_is_his() -> None:
    async with busy(number=2, waiting=40) as one:
        for number in range(30):
            await one.ask(str(number))
        assert sorted(map(int, await one.free())) == list(range(30))


def test_a_loop_that_is_closed_is_told_nothing() -> None:
    loop = asyncio.new_event_loop()
    telling = Telling(loop)
    loop.close()
    telling.tell(lambda: None, others_wait=False)


def test_slots_tell_the_loop_that_runs() -> None:
    slots = Slots(1, 1)
    assert [asyncio.run(slots.run(lambda: number)) for number in range(3)] == [0, 1, 2]  # noqa: B023
    slots.close()
