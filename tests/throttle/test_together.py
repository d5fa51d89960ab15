"""F14, F15: several machines count together in a Redis or Valkey, and each is strict where it cannot be asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dragoman.core.throttle import Alarm, Held, Holding, Outcome, Standings, Verdict
from dragoman.throttle.counters import Reserved
from dragoman.throttle.throttle import MemoryThrottle
from dragoman.wiring.throttle import halved
from tests.throttle.guessers import Elapsed, attempt, in_memory, namer, over, policy, remote_over

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from dragoman.core.throttle import Throttle
    from tests.redis_server import RedisServer

RULES = policy()
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "take", "right", "wrong", "wrong", "not_checked", "secret", "wait"]),
        st.sampled_from(["ann", "bob"]),
        st.booleans(),
        st.sampled_from(["192.0.2.1", "192.0.2.2"]),
    ),
    max_size=60,
)


def run(work: Coroutine[object, object, object]) -> object:
    return asyncio.run(work)


async def guess(throttle: Throttle, name: str, address: str, outcome: Outcome = Outcome.WRONG, *, known: bool = False):
    """How the guess was answered: None where it was checked."""
    answer = await throttle.take(attempt(name, known=known, address=address))
    if isinstance(answer, Holding):
        return answer.by
    await throttle.settle(answer, outcome)
    return None


async def verified(throttle: Throttle, name: str, count: int, start: int = 0) -> int:
    answers = [
        await guess(throttle, name, f"10.0.{number >> 8}.{number & 255}") for number in range(start, start + count)
    ]
    return answers.count(None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_script_says_what_the_rules_say(shared_server: RedisServer, steps: list[tuple[str, str, bool, str]]):
    rules = policy(wait=1000.0)  # so long that no clock matters; what waits do, the rules' own tests say
    shared_server.run("FLUSHALL")
    names, elapsed = namer(), Elapsed()

    async def compare() -> None:
        local, remote = in_memory(rules, elapsed), remote_over(shared_server, rules)
        tickets: list[tuple[Reserved, Reserved]] = []
        for verb, account, known, address in steps:
            keys = names.keys(attempt(account, known=known, address=address))
            if verb == "take":
                here, there = local.take(keys), await remote.take(keys)
                assert here == there
                if isinstance(here, Reserved):
                    tickets.append((here, there))
            elif verb == "secret":
                keys = names.keys_of_client(address, account)
                assert local.count_wrong_secret(keys) == await remote.count_wrong_secret(keys)
            elif verb != "wait" and tickets:
                here, there = tickets.pop(0)
                assert local.settle(here, Outcome(verb)) == await remote.settle(there, Outcome(verb))
            assert _shown(local.look(keys)) == _shown(await remote.look(keys))
        await remote.close()

    run(compare())


def _shown(standings: Standings | None) -> list[tuple[int, int, Verdict, bool]]:
    """Without what hangs on a clock."""
    assert standings is not None
    each = (standings.known, standings.strangers, standings.address, standings.client)
    return [(one.failures, one.checking, one.verdict, one.closed_for > 0) for one in each]


def test_f14_two_machines_verify_together_what_one_may(each_shared_server: RedisServer):
    async def attack() -> None:
        machines = [over(each_shared_server, RULES, user="dragoman") for _ in range(2)]

        async def one(number: int) -> Held | None:
            return await guess(machines[number % 2], "victim", f"10.1.{number >> 8}.{number & 255}")

        answers = await asyncio.gather(*(one(number) for number in range(200)))
        assert answers.count(None) == RULES.strangers.free
        assert await guess(machines[0], "victim", "192.0.2.1", Outcome.RIGHT, known=True) is None
        assert await guess(machines[1], "victim", "192.0.2.2") is Held.ACCOUNT
        assert await guess(machines[1], "other", "192.0.2.2", Outcome.RIGHT) is None

    run(attack())
    assert 0 < int(each_shared_server.run("GET", "dragoman:throttle:names")) < 220
    assert all(int(each_shared_server.run("PTTL", key)) > 0 for key in each_shared_server.run("KEYS", "dragoman:*"))


def test_right_passwords_at_two_machines_leave_nothing_behind(shared_server: RedisServer):
    async def log_in() -> list[Held | None]:
        machines = [over(shared_server, RULES) for _ in range(2)]
        return await asyncio.gather(
            *(guess(machines[number % 2], "ann", "192.0.2.1", Outcome.RIGHT) for number in range(40))
        )

    assert set(run(log_in())) == {None}
    assert shared_server.run("KEYS", "dragoman:throttle:a*") == []
    assert int(shared_server.run("GET", "dragoman:throttle:names")) == 0


def test_waits_leases_and_windows_end_by_the_shared_clock(shared_server: RedisServer):
    rules = policy(wait=2.0, window=10.0, lease=1.0)

    async def wait() -> None:
        remote, names = remote_over(shared_server, rules), namer()
        keys = names.keys(attempt("ann"))
        for _ in range(5):
            assert isinstance(await remote.take(keys), Reserved)
        assert (await remote.take(keys)).by is Held.BUSY
        await asyncio.sleep(rules.lease)
        assert (await remote.take(keys)).by is Held.ACCOUNT
        await asyncio.sleep(rules.strangers.first_wait)
        ticket = await remote.take(keys)
        assert isinstance(ticket, Reserved)
        assert (await remote.take(keys)).by is Held.BUSY
        assert await remote.settle(ticket, Outcome.WRONG) == ()
        assert (await remote.take(keys)).by is Held.ACCOUNT

    run(wait())


def test_u12_a_held_address_is_told_how_long_and_raises_one_alarm(shared_server: RedisServer):
    async def stuff() -> None:
        remote, names, alarms = remote_over(shared_server, RULES), namer(), []
        for number in range(60):
            answer = await remote.take(names.keys(attempt(f"name {number}")))
            if isinstance(answer, Reserved):
                alarms.extend(await remote.settle(answer, Outcome.WRONG))
        assert answer.by is Held.ADDRESS
        assert 590 < answer.retry_after <= 600
        assert alarms == [Alarm.ADDRESS_HELD]

    run(stuff())


def test_u20_beyond_a_number_of_names_those_who_are_new_share_counters(shared_server: RedisServer):
    async def flood() -> None:
        remote, names = remote_over(shared_server, RULES, most_names=20), namer()
        throttled = 0
        for number in range(3000):
            address = f"10.2.{number >> 8}.{number & 255}"
            answer = await remote.take(names.keys(attempt(f"name {number}", address=address)))
            if isinstance(answer, Reserved):
                await remote.settle(answer, Outcome.WRONG)
            else:
                throttled += answer.by is Held.ACCOUNT
        assert throttled < 3000 * 0.2
        assert int(shared_server.run("DBSIZE")) < 20 + 2 * 1024 + 10

    run(flood())


def strictly_alone(throttle: Throttle) -> Coroutine[object, object, None]:
    async def check() -> None:
        assert await verified(throttle, "somebody", 50) == 1
        assert await guess(throttle, "another", "192.0.2.9", Outcome.RIGHT) is None

    return check()


def test_f14_without_it_each_machine_keeps_to_its_part(shared_server: RedisServer):
    told: list[str | None] = []

    async def lose_it() -> None:
        throttle = over(shared_server, RULES, told)
        assert await verified(throttle, "victim", 4) == 4
        shared_server.kill()
        assert await verified(throttle, "victim", 50, 100) == 0
        await strictly_alone(throttle)

    run(lose_it())
    assert len(told) == 1
    assert "refused" in told[0] or "closed" in told[0]


def test_f14_standing_still_it_costs_one_time_out_and_lets_nobody_guess(shared_server: RedisServer):
    async def stand_still() -> None:
        throttle = over(shared_server, RULES, seconds=1.0)
        assert await verified(throttle, "victim", 5) == 5
        with shared_server.paused():
            assert await verified(throttle, "victim", 20, 100) == 0
            await strictly_alone(throttle)

    run(stand_still())


def test_f14_read_only_or_without_the_right_it_is_as_good_as_away(shared_server: RedisServer):
    async def be_refused(**more: str) -> None:
        told: list[str | None] = []
        await strictly_alone(over(shared_server, RULES, told, **more))
        assert len(told) == 1
        assert "refuses" in told[0] or "may not" in told[0]

    shared_server.run("REPLICAOF", "127.0.0.1", "1")
    run(be_refused())
    shared_server.run("REPLICAOF", "NO", "ONE")
    shared_server.run("ACL", "SETUSER", "dragoman", "-evalsha")
    run(be_refused(user="dragoman"))


def test_f14_when_it_is_back_it_is_asked_again(shared_server: RedisServer):
    told: list[str | None] = []

    async def come_back() -> None:
        remote = remote_over(shared_server, RULES, told)
        keys = namer().keys(attempt("ann"))
        shared_server.stop()
        assert await remote.take(keys) is None
        shared_server.start()
        assert await remote.take(keys) is None  # not tried again at once
        remote._server._circuit._monotonic.now += 10
        assert isinstance(await remote.take(keys), Reserved)
        shared_server.run("SCRIPT", "FLUSH")
        assert await remote.take(keys) is None
        remote._server._circuit._monotonic.now += 10
        assert isinstance(await remote.take(keys), Reserved)
        await remote.close()

    run(come_back())
    assert [reason is None for reason in told] == [False, True, False, True]


def test_f15_emptied_it_begins_anew_and_nothing_fails(shared_server: RedisServer):
    async def empty() -> None:
        throttle = over(shared_server, RULES)
        assert await verified(throttle, "victim", 20) == 5
        ticket = await throttle.take(attempt("other"))
        shared_server.run("FLUSHALL")
        assert await throttle.settle(ticket, Outcome.RIGHT) == ()
        assert await verified(throttle, "victim", 20, 100) == 5

    run(empty())


def test_in_memory_it_is_the_same_port():
    async def use() -> None:
        throttle = MemoryThrottle(in_memory(RULES, Elapsed()), namer())
        assert await verified(throttle, "victim", 20) == 5
        assert (await throttle.count_wrong_secret("192.0.2.1", "shop")).held_for is None

    run(use())


def test_f14_outages_however_many_add_nothing_to_the_limit(shared_server: RedisServer):
    """What a machine verified by itself the shared server never learns, but each remembers its own."""
    rules = policy(wait=0.0)
    limit = rules.strangers.most + rules.known.most

    async def come_and_go() -> tuple[int, int]:
        machines = [over(shared_server, halved(rules), user="dragoman") for _ in range(4)]
        counts = [0, 0]
        for turn in range(6):
            shared_server.run("ACL", "SETUSER", "dragoman", "+evalsha" if turn % 2 else "-evalsha")
            for number, machine in enumerate(machines):
                machine._remote._server._circuit._monotonic.now += 100
                for known in (True, False):
                    for guessed in range(limit):
                        address = f"10.{turn}.{number}.{guessed}"
                        answer = await guess(machine, "victim", address, known=known)
                        counts[turn % 2] += answer is None
        return counts[0], counts[1]

    alone, together = run(come_and_go())
    assert alone > 0
    assert together > 0
    assert alone + together <= limit
