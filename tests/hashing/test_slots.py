"""Work in slots is bounded, is finished once begun, and what goes wrong in it is its caller's alone (faults F26, F29)."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from functools import partial

import pytest

from dragoman.core.errors import OAuthError, Refusal
from dragoman.hashing.slots import Slots
from dragoman.threads import beginning as beginning_module
from tests.coroutines import on_a_loop
from tests.hashing.busy_slots import busy, refusal_of, settle


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
    def refuse(*_arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    slots = Slots(1, 10)
    with monkeypatch.context() as system:
        system.setattr(beginning_module, "start_new_thread", refuse)
        with pytest.raises(OAuthError) as refused:
            await slots.run(lambda: None)
    assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
    assert (slots.running, slots.waiting) == (0, 0)
    assert await slots.run(lambda: "a thread") == "a thread"
    slots.close()


@on_a_loop
async def test_f29_a_thread_that_ends_before_it_begins_holds_nobody_up(monkeypatch) -> None:
    slots = Slots(2, 10)
    with monkeypatch.context() as system:
        system.setattr(beginning_module, "start_new_thread", lambda *_arguments: None)
        first = asyncio.ensure_future(slots.run(lambda: "first"))
        await settle()
    assert not first.done()
    assert await slots.run(lambda: "second") == "second"
    assert await first == "first"
    both = threading.Barrier(2)  # and each slot has its thread
    await asyncio.gather(*(slots.run(partial(both.wait, 60)) for _ in range(2)))
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
