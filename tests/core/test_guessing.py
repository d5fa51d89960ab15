"""What becomes of a guess that cannot be checked now."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from tests.throttle.guessers import Elapsed, attempt, in_memory, namer, policy

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.guessing import Guess, check_guess
from dragoman.core.model import Sender
from dragoman.core.throttle import Holding, Outcome
from dragoman.throttle.throttle import MemoryThrottle, Patience

GUESS = Guess(owner=None, login="ann", client_id="shop", sender=Sender(address="192.0.2.1"), dialect="standard")
RULES = policy()


async def no_check() -> bool:
    raise AssertionError("it was checked")


def test_too_many_at_once_are_told_to_come_again():
    async def come_at_once() -> None:
        throttle = MemoryThrottle(in_memory(RULES, Elapsed()), namer())
        throttle._patience = Patience(most_waiting=0)
        for _ in range(RULES.strangers.free):
            assert not isinstance(await throttle.take(attempt("name ann")), Holding)
        services = SimpleNamespace(throttle=throttle, directory=None)
        with pytest.raises(OAuthError) as refused:
            await check_guess(services, GUESS, no_check, bool)
        assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE

    asyncio.run(come_at_once())


def test_whoever_hangs_up_has_guessed_and_whoever_is_shed_has_not():
    async def hang_up() -> None:
        throttle = MemoryThrottle(in_memory(RULES, Elapsed()), namer())
        services = SimpleNamespace(throttle=throttle, directory=None, audit=None)

        async def shed() -> bool:
            raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE)

        for _ in range(20):
            with pytest.raises(OAuthError) as refused:
                await check_guess(services, GUESS, shed, bool)
            assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
        for _ in range(RULES.strangers.free):
            task = asyncio.create_task(check_guess(services, GUESS, lambda: asyncio.sleep(60, True), bool))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        with pytest.raises(OAuthError) as refused:
            await check_guess(services, GUESS, no_check, bool)
        assert refused.value.refusal is Refusal.WRONG_CREDENTIALS

    asyncio.run(hang_up())


def test_right_ones_that_come_at_once_go_on_as_soon_as_others_are_done():
    async def come_at_once() -> None:
        throttle = MemoryThrottle(in_memory(RULES, Elapsed()), namer())
        tickets = [await throttle.take(attempt()) for _ in range(RULES.strangers.free)]
        waiting = asyncio.create_task(throttle.take(attempt()))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert await throttle.settle(tickets[0], Outcome.RIGHT) == ()
        await asyncio.wait_for(waiting, 60)
        gone = asyncio.create_task(throttle.take(attempt()))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert throttle._patience._lines == {}
        with pytest.raises(TypeError):
            await throttle.settle(object(), Outcome.RIGHT)

    asyncio.run(come_at_once())
