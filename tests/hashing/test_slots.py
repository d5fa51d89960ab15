"""Bounded work, fair turns, and places given back by whoever leaves (attack K01; faults F26, F29)."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager, suppress
from functools import partial, wraps

import pytest

from dragoman.core.errors import OAuthError, Refusal
from dragoman.hashing.slots import Slots, Turn


def on_a_loop(test):
    """Run a test that is a coroutine."""

    @wraps(test)
    def run(*arguments, **named) -> None:
        asyncio.run(test(*arguments, **named))

    return run


async def settle() -> None:
    """Let all that can go on without a thread go on."""
    for _ in range(5):
        await asyncio.sleep(0)


class Busy:
    """Slots whose every slot is taken until `free` is called, and what was done in them since, in order."""

    def __init__(self, number: int = 1, waiting: int = 10) -> None:
        self.slots = Slots(number, waiting)
        self.done: list[str] = []
        self._number = number
        self._gate = threading.Event()
        self._held: list[asyncio.Future] = []
        self._tasks: dict[str, asyncio.Task] = {}

    async def hold(self) -> None:
        self._held = [asyncio.ensure_future(self.slots.run(self._gate.wait)) for _ in range(self._number)]
        await settle()

    async def ask(self, name: str, client: str = "", address: str = "", hung_up=None) -> asyncio.Task:
        work = lambda: self.done.append(name)  # noqa: E731
        turn = Turn(client=client, address=address, hung_up=hung_up)
        self._tasks[name] = asyncio.ensure_future(self.slots.run(work, turn))
        await settle()
        return self._tasks[name]

    async def free(self) -> list[str]:
        self._gate.set()
        await asyncio.gather(*self._held, *self._tasks.values(), return_exceptions=True)
        return self.done


@asynccontextmanager
async def busy(number: int = 1, waiting: int = 10):
    one = Busy(number, waiting)
    await one.hold()
    try:
        yield one
    finally:
        await one.free()
        one.slots.close()


def refusal_of(task: asyncio.Task) -> str:
    error = task.exception()
    assert isinstance(error, OAuthError)
    assert error.refusal is Refusal.TEMPORARILY_UNAVAILABLE
    return error.detail


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


@on_a_loop
async def test_f26_what_has_begun_is_finished_and_holds_its_slot_so_long() -> None:
    slots, gate, begun = Slots(1, 0), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        gate.wait()

    running = asyncio.ensure_future(slots.run(work))
    await settle()
    await asyncio.to_thread(begun.wait)
    running.cancel()
    await asyncio.wait([running])
    with pytest.raises(OAuthError):
        await slots.run(lambda: None)
    gate.set()
    slots.close()


@on_a_loop
async def test_no_more_is_done_at_once_than_there_are_slots() -> None:
    slots, lock, both = Slots(2, 100), threading.Lock(), threading.Barrier(2)
    at_once, most, threads = 0, 0, set()

    def work() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
            threads.add(threading.get_ident())
        both.wait()
        with lock:
            at_once -= 1

    for _ in range(10):
        await asyncio.gather(*(slots.run(work) for _ in range(20)))
    assert (most, len(threads)) == (2, 2)
    slots.close()


@on_a_loop
async def test_f29_no_memory_for_one_is_a_refusal_and_the_slot_goes_on() -> None:
    def too_much() -> None:
        raise MemoryError

    slots = Slots(1, 10)
    for _ in range(3):
        with pytest.raises(OAuthError) as refused:
            await slots.run(too_much)
        assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
    assert await slots.run(lambda: "room") == "room"
    slots.close()


@on_a_loop
async def test_f29_where_no_thread_can_be_had_the_caller_is_refused_and_nothing_is_left_behind(monkeypatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    slots = Slots(1, 10)
    with monkeypatch.context() as system:
        system.setattr(threading.Thread, "start", refuse)
        with pytest.raises(OAuthError) as refused:
            await slots.run(lambda: None)
    assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
    assert (slots.running, slots.waiting) == (0, 0)
    assert await slots.run(lambda: "a thread") == "a thread"
    slots.close()


@on_a_loop
async def test_what_goes_wrong_is_told_to_the_caller_alone() -> None:
    slots = Slots(1, 10)
    with pytest.raises(ZeroDivisionError):
        await slots.run(lambda: 1 // 0)
    assert await slots.run(lambda: "next") == "next"
    slots.close()


@on_a_loop
async def test_who_waits_when_it_closes_is_refused_and_the_threads_end() -> None:
    async with busy(number=2) as one:
        waiting = await one.ask("waits")
        one.slots.close()
        await settle()
        assert refusal_of(waiting) == "shutting down"
        with pytest.raises(OAuthError):
            await one.slots.run(lambda: None)
        assert await one.free() == []


@on_a_loop
async def test_a_thread_keeps_nothing_of_its_last_work() -> None:
    import gc
    import weakref

    class Password:
        pass

    slots, password = Slots(1, 1), Password()
    kept = weakref.ref(password)
    await slots.run(partial(id, password))
    del password
    deadline = time.monotonic() + 30
    while kept() is not None and time.monotonic() < deadline:  # the thread may not have got that far yet
        await asyncio.sleep(0.001)
        gc.collect()
    assert kept() is None
    slots.close()


def test_a_loop_that_has_ended_does_not_end_the_thread() -> None:
    slots, gate, begun = Slots(1, 1), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        gate.wait()

    async def leave() -> None:
        running = asyncio.ensure_future(slots.run(work))
        await settle()
        begun.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(leave())
    gate.set()
    deadline = time.monotonic() + 30
    while slots.running and time.monotonic() < deadline:
        time.sleep(0.001)
    assert asyncio.run(slots.run(lambda: "served")) == "served"
    slots.close()
