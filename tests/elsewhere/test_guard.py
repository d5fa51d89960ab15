"""What stands before whatever is elsewhere: bounds, patience, and a moment of rest for one that fails."""

from __future__ import annotations

import asyncio
import threading

import pytest

from dragoman.core.circuit import Circuit
from dragoman.core.errors import OAuthError
from dragoman.elsewhere.faults import Away, Useless
from dragoman.elsewhere.guard import Guard
from dragoman.elsewhere.threads import Threads


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _guard(told: list[str | None] | None = None, clock: _Clock | None = None, **settings) -> Guard:
    circuit = Circuit(clock or _Clock(), lambda: 1.0)
    tell = (told if told is not None else []).append
    return Guard(**{"asked": "directory", "seconds": 60.0, "at_once": 1, "circuit": circuit, "tell": tell, **settings})


def _raise(error: Exception):
    async def question() -> None:
        raise error

    return question


async def _yes() -> str:
    return "yes"


def test_it_rests_after_three_failures_in_a_row_and_tells_once() -> None:
    told, clock, asked = [], _Clock(), []

    async def failing() -> None:
        asked.append(clock.now)
        raise Away("gone")

    async def story() -> None:
        guard = _guard(told, clock)
        for _ in range(5):
            with pytest.raises(OAuthError) as refused:
                await guard.ask(failing)
            assert refused.value.refusal.value == "temporarily_unavailable"
        assert len(asked) == 3
        clock.now += 1
        with pytest.raises(OAuthError):
            await guard.ask(failing)
        assert len(asked) == 4
        clock.now += 10
        assert await guard.ask(_yes) == "yes"
        with pytest.raises(OAuthError):
            await guard.ask(failing)
        assert await guard.ask(_yes) == "yes"

    asyncio.run(story())
    assert told == ["gone", None]


def test_an_answer_that_means_nothing_shuts_nobody_else_out() -> None:
    told = []

    async def story() -> None:
        guard = _guard(told)
        for _ in range(10):
            with pytest.raises(OAuthError, match="temporarily_unavailable"):
                await guard.ask(_raise(Useless("nonsense")))
        assert await guard.ask(_yes) == "yes"

    asyncio.run(story())
    assert told == []


def test_so_many_ask_so_many_wait_and_the_rest_is_refused_at_once() -> None:
    async def story() -> None:
        guard, gate = _guard(at_once=2), asyncio.Event()

        async def slow() -> str:
            await gate.wait()
            return "yes"

        asking = [asyncio.create_task(guard.ask(slow)) for _ in range(2 + 16)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(OAuthError) as refused:
            await guard.ask(slow)
        assert "too many" in refused.value.detail
        gate.set()
        assert await asyncio.gather(*asking) == ["yes"] * 18

    asyncio.run(story())


def test_patience_ends_also_for_who_waits_for_a_turn() -> None:
    async def story() -> None:
        guard, both_refused = _guard(seconds=0.05), asyncio.Event()

        async def keep_the_turn() -> str:
            try:
                return await asyncio.sleep(3600, "late")
            finally:
                await both_refused.wait()

        first = asyncio.create_task(guard.ask(keep_the_turn))
        await asyncio.sleep(0)
        with pytest.raises(OAuthError) as second:
            await guard.ask(_yes)
        both_refused.set()
        with pytest.raises(OAuthError) as refused:
            await first
        assert "no answer within" in second.value.detail
        assert "no answer within" in refused.value.detail
        assert await guard.ask(_yes) == "yes"

    asyncio.run(story())


def test_threads_that_hang_are_called_back_and_none_is_begun_meanwhile() -> None:
    async def story() -> None:
        threads, hanging, called_back = Threads(1), threading.Event(), threading.Event()

        def hang(leash) -> None:
            leash.tie(called_back.set)
            hanging.set()
            called_back.wait(60)
            late.wait(60)

        late = threading.Event()
        asked = asyncio.create_task(threads.run(hang))
        await asyncio.to_thread(hanging.wait, 60)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert called_back.is_set()
        with pytest.raises(Away):
            await threads.run(lambda _leash: None)
        late.set()
        async with asyncio.timeout(60):
            while True:
                try:
                    assert await threads.run(lambda _leash: "yes") == "yes"
                except Away:
                    await asyncio.sleep(0.01)
                else:
                    break
        threads.close()

    asyncio.run(story())


def test_a_thread_that_begins_to_wait_too_late_is_called_back_at_once() -> None:
    async def story() -> None:
        threads, begun, cancelled, ended = Threads(1), threading.Event(), threading.Event(), threading.Event()

        def begin(leash) -> None:
            begun.set()
            cancelled.wait(60)
            leash.tie(ended.set)

        asked = asyncio.create_task(threads.run(begin))
        await asyncio.to_thread(begun.wait, 60)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        cancelled.set()
        assert await asyncio.to_thread(ended.wait, 60)
        threads.close()

    asyncio.run(story())
