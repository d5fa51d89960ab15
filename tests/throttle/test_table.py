"""U20: however many names are tried, the memory does not grow, and nobody who is held is let go."""

from __future__ import annotations

import mmap
import os
import random
import resource
from hashlib import blake2b

from dragoman.core.throttle import Counter, Holding, Outcome, count, give_back, reserve
from dragoman.throttle.memory import MEMORY_BYTES
from dragoman.throttle.table import KEY_BYTES, SET_BYTES, Table
from dragoman.wiring.shared_memory import shared_memory
from tests.throttle.guessers import Elapsed, attempt, in_memory, namer, policy

RULES = policy()
LIMITS = RULES.strangers
NAMES = int(os.environ.get("THROTTLED_NAMES", "300000"))
"""Ten million give the same, and take some minutes."""


def key_of(number: int) -> bytes:
    return blake2b(number.to_bytes(8, "big"), digest_size=KEY_BYTES).digest()


def small(sets: int = 1) -> Table:
    return Table(mmap.mmap(-1, sets * SET_BYTES), 0, sets, LIMITS)


def fail(table: Table, key: bytes, now: float, times: int = 1) -> Counter:
    for _ in range(times):
        slot = table.find(key, LIMITS, now)
        table.put(slot, count(slot.counter, LIMITS, now))
    return table.find(key, LIMITS, now).counter


def test_u20_millions_of_names_take_no_more_memory_and_let_nobody_go():
    table, memory = small(32768), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = [key_of(-1 - number & (1 << 63) - 1) for number in range(500)]
    for key in held:
        fail(table, key, 0.0, LIMITS.free)
    digests = random.Random(20).randbytes(KEY_BYTES * 4096)
    for number in range(NAMES):
        at = KEY_BYTES * (number & 4095)
        key = (number * 0x9E3779B97F4A7C15 & (1 << 64) - 1).to_bytes(8, "little") + digests[at : at + 8]
        slot = table.find(key, LIMITS, 1.0)
        table.put(slot, Counter(failures=slot.counter.failures + 1, since=1.0))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    assert grown < 20 * 1024, f"{grown} KiB"
    assert all(table.find(key, LIMITS, 2.0).counter.failures == LIMITS.free for key in held)


def test_u20_the_whole_memory_is_nineteen_megabytes():
    assert MEMORY_BYTES < 19 * 2**20


def test_u20_a_name_without_free_guesses_is_kept_and_the_fewest_failures_make_room():
    table = small()
    fail(table, key_of(0), 0.0, LIMITS.free)
    fail(table, key_of(1), 0.1, 2)
    for number in range(10, 200):
        fail(table, key_of(number), 1.0)
    assert table.find(key_of(0), LIMITS, 2.0).counter.failures == LIMITS.free
    assert table.find(key_of(1), LIMITS, 2.0).counter.failures == 2
    assert sum(table.find(key_of(number), LIMITS, 2.0).there for number in range(10, 200)) == 6


def test_u20_where_all_are_held_those_who_are_new_share_a_counter_that_no_success_resets():
    elapsed = Elapsed()
    counters, names = in_memory(RULES, elapsed), namer()
    counters._memory.strangers = small()
    for number in range(8):
        for _ in range(LIMITS.free):
            guess(counters, names, f"held {number}", Outcome.WRONG)
    verified = sum(guess(counters, names, f"new {number}", Outcome.WRONG) for number in range(50))
    assert verified == LIMITS.free
    elapsed.now += 2
    assert guess(counters, names, "new and right", Outcome.RIGHT)
    assert guess(counters, names, "new again", Outcome.WRONG)
    assert not guess(counters, names, "new again", Outcome.RIGHT)
    elapsed.now += RULES.strangers.memory
    assert guess(counters, names, "later", Outcome.RIGHT)


def guess(counters, names, account: str, outcome: Outcome) -> bool:
    guess.addresses = getattr(guess, "addresses", 0) + 1
    address = f"10.{guess.addresses >> 8 & 255}.{guess.addresses & 255}.1"
    answer = counters.take(names.keys(attempt(account, address=address)))
    if isinstance(answer, Holding):
        return False
    counters.settle(answer, outcome)
    return True


def test_whoever_is_in_a_shared_counter_takes_it_along():
    table = small()
    for number in range(8):
        fail(table, key_of(number), float(number), LIMITS.free)
    fail(table, key_of(99), 10.0, LIMITS.free)
    after = LIMITS.memory + 5
    assert table.find(key_of(99), LIMITS, after).counter.failures == LIMITS.free
    assert not table.find(key_of(99), LIMITS, after).shared


def test_what_is_being_checked_is_never_forgotten():
    table = small()
    for number in range(8):
        slot = table.find(key_of(number), LIMITS, 0.0)
        table.put(slot, reserve(slot.counter, 0.0, 30.0))
    assert table.find(key_of(100), LIMITS, 1.0).shared
    slot = table.find(key_of(3), LIMITS, 1.0)
    table.put(slot, give_back(slot.counter))
    assert not table.find(key_of(100), LIMITS, 1.0).shared
    assert table.find(key_of(1), LIMITS, 31.0).counter.failures == 1


def test_a_memory_of_a_server_that_has_no_workers_is_its_own():
    with shared_memory("throttle", MEMORY_BYTES) as descriptor:
        together = [in_memory(RULES, Elapsed(), descriptor) for _ in range(2)]
        alone = in_memory(RULES, Elapsed())
        for _ in range(LIMITS.free):
            assert guess(together[0], namer(), "ann", Outcome.WRONG)
        assert not guess(together[1], namer(), "ann", Outcome.WRONG)
        assert guess(alone, namer(), "ann", Outcome.WRONG)
