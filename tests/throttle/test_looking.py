"""An operator sees how counters stand, and nothing changes by looking; nobody else can name a counter."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.throttle import Holding, Outcome, Verdict
from dragoman.throttle.keys import Namer, read_keys, write_keys
from dragoman.throttle.throttle import MemoryThrottle
from tests.throttle.guessers import Elapsed, attempt, in_memory, namer, policy

RULES = policy()


def failing(throttle: MemoryThrottle, number: int, **whose: object) -> None:
    async def fail() -> None:
        for _ in range(number):
            ticket = await throttle.take(attempt(**whose))
            assert not isinstance(ticket, Holding)
            await throttle.settle(ticket, Outcome.WRONG)

    asyncio.run(fail())


def looked(throttle: MemoryThrottle, **whose: object):
    return asyncio.run(throttle.look(namer().keys(attempt(**whose))))


def test_who_looks_is_told_what_the_next_guess_would_meet():
    elapsed = Elapsed()
    throttle = MemoryThrottle(in_memory(RULES, elapsed), namer())
    failing(throttle, 5)
    elapsed.now += 0.5
    found = looked(throttle)
    assert (found.strangers.failures, found.strangers.verdict, found.strangers.closed_for) == (5, Verdict.REFUSED, 2)
    assert (found.known.failures, found.known.verdict) == (0, Verdict.ADMITTED)
    assert (found.address.failures, found.client.failures) == (5, 5)
    elapsed.now += 2
    assert (looked(throttle).strangers.verdict, looked(throttle).strangers.since) == (Verdict.ADMITTED, 2)
    failing(throttle, 1)
    assert looked(throttle).strangers.closed_for == 4


def test_an_address_is_held_until_its_time_is_over():
    elapsed = Elapsed()
    throttle = MemoryThrottle(in_memory(RULES, elapsed), namer())
    for number in range(50):
        failing(throttle, 1, account=f"person {number}")
    elapsed.now += 100
    found = looked(throttle, account="somebody else").address
    assert (found.failures, found.verdict, found.closed_for, found.since) == (50, Verdict.REFUSED, 500, 100)


def test_looking_changes_nothing():
    counters = in_memory(RULES, Elapsed())
    throttle = MemoryThrottle(counters, namer())
    failing(throttle, 4)
    before = asdict(looked(throttle))
    for _ in range(100):
        assert asdict(looked(throttle)) == before
        looked(throttle, account="a name that nobody has tried")
    failing(throttle, 1)
    assert looked(throttle).strangers.failures == 5


def test_a_guess_that_is_being_checked_is_seen():
    throttle = MemoryThrottle(in_memory(RULES, Elapsed()), namer())
    asyncio.run(throttle.take(attempt()))
    assert looked(throttle).strangers.checking == 1


@given(account=st.text(), client=st.text(), known=st.booleans())
def test_the_names_of_counters_are_written_and_read_and_say_nothing(account: str, client: str, known: bool):
    keys = namer().keys(attempt(account, known=known, client=client))
    text = write_keys(keys)
    assert read_keys(text) == keys
    assert len(text) == 100
    other = Namer(b"another key of another installation", ()).keys(attempt(account, known=known, client=client))
    assert write_keys(other)[:96] != text[:96]


@pytest.mark.parametrize(
    "text", ["", "ann", "0" * 99, "0" * 101, "0" * 96 + "0002", "G" * 100, "0" * 100 + "\n", "\u0660" * 100]
)
def test_what_is_no_name_of_counters_is_none(text: str):
    assert read_keys(text) is None
