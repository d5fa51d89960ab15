"""How often a secret may be guessed: the rules, as plain functions of counters, and the port (docs/throttling.md).

The source of the numbers is NIST SP 800-63B-4 §3.2.2: at most 100 failures in a row for one account, growing waits.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Protocol

from dragoman.core.value import value

_MOST_DOUBLINGS = 30


@value
class Limits:
    """What one kind of counter allows."""

    free: int
    """So many failures in a row cost nothing but themselves."""
    most: int
    """After so many nothing more is tried until the counter is forgotten."""
    first_wait: float = 0.0
    """Seconds after the last free failure; each further failure doubles them."""
    longest_wait: float = 0.0
    memory: float
    """Seconds after which a counter is forgotten."""
    since_first: bool = False
    """Whether these are counted from the first failure, and not from the last one."""


@value
class Counter:
    """Failures in a row. All moments are seconds of one clock that nobody can set."""

    failures: int = 0
    reserved: int = 0
    """Guesses that are being checked: each counts as a failure until it is known."""
    opens_at: float = 0.0
    """Before this no further guess is taken."""
    lease_ends_at: float = 0.0
    """From then on whoever reserved is taken for dead, and what it reserved for failures."""
    since: float = 0.0
    """What the memory is counted from."""


class Verdict(StrEnum):
    """What a counter says of one more guess."""

    ADMITTED = "admitted"
    BUSY = "busy"
    """It depends on guesses that are being checked just now."""
    REFUSED = "refused"


def lapse(counter: Counter, limits: Limits, now: float) -> Counter:
    """The counter as it stands now: what was reserved for too long has failed, what is old is forgotten."""
    if counter.reserved and now >= counter.lease_ends_at:
        counter = _with_failures(counter, limits, counter.reserved, 0, counter.lease_ends_at)
    if counter.failures and now >= counter.since + limits.memory:
        counter = forget(counter)
    return counter


def judge(counter: Counter, limits: Limits, now: float) -> Verdict:
    """Whether one more guess may be checked. Beyond the free ones it is one at a time, each after its wait."""
    failures = counter.failures
    if failures >= limits.most or (failures >= limits.free and now < counter.opens_at):
        return Verdict.REFUSED
    if failures >= limits.free:
        return Verdict.BUSY if counter.reserved else Verdict.ADMITTED
    return Verdict.ADMITTED if failures + counter.reserved < limits.free else Verdict.BUSY


def reserve(counter: Counter, now: float, lease: float) -> Counter:
    """The counter with one more check under way, for `lease` seconds at most."""
    return Counter(
        failures=counter.failures,
        reserved=counter.reserved + 1,
        opens_at=counter.opens_at,
        lease_ends_at=max(counter.lease_ends_at, now + lease),
        since=counter.since,
    )


def fail(counter: Counter, limits: Limits, now: float) -> Counter:
    """What was reserved has failed. Where its lease had ended, it has been counted already."""
    if not counter.reserved:
        return counter
    return _with_failures(counter, limits, 1, counter.reserved - 1, now)


def count(counter: Counter, limits: Limits, now: float) -> Counter:
    """A failure that nothing was reserved for."""
    return _with_failures(counter, limits, 1, counter.reserved, now)


def give_back(counter: Counter) -> Counter:
    """What was reserved was not tried, or says nothing about this counter."""
    if not counter.reserved:
        return counter
    return Counter(
        failures=counter.failures,
        reserved=counter.reserved - 1,
        opens_at=counter.opens_at,
        lease_ends_at=counter.lease_ends_at,
        since=counter.since,
    )


def forget(counter: Counter) -> Counter:
    """The row of failures has ended."""
    return Counter(reserved=counter.reserved, lease_ends_at=counter.lease_ends_at)


def ease(counter: Counter, limits: Limits) -> Counter:
    """The right person has come by another way: the row has ended, and the waits stay as long as they are."""
    return replace(counter, failures=min(counter.failures, _longest_waits_from(limits)))


def seconds_closed(counter: Counter, limits: Limits, now: float) -> int:
    """For how long a counter that refuses will do so; whole seconds, one at least."""
    until = counter.since + limits.memory if counter.failures >= limits.most else counter.opens_at
    return max(1, -int(-(until - now) // 1))


@value
class Standing:
    """What somebody who asks is told of a counter."""

    failures: int
    checking: int
    """Guesses of which it is not known yet."""
    verdict: Verdict
    """What it says of one more guess."""
    closed_for: int
    """Seconds until it takes a guess again, where it refuses; else 0."""
    since: int
    """Seconds ago: from then on the failures are remembered for the time of the limits. 0 where there are none."""


def standing(counter: Counter, limits: Limits, now: float) -> Standing:
    """The counter as it stands now; it has been brought up to now (`lapse`)."""
    verdict = judge(counter, limits, now)
    return Standing(
        failures=counter.failures,
        checking=counter.reserved,
        verdict=verdict,
        closed_for=seconds_closed(counter, limits, now) if verdict is Verdict.REFUSED else 0,
        since=int(now - counter.since) if counter.failures else 0,
    )


@value
class Standings:
    """How the counters stand that an attempt would meet."""

    known: Standing
    """Of the account, for its known addresses."""
    strangers: Standing
    address: Standing
    client: Standing


def share(limits: Limits, parts: int) -> Limits:
    """The part of one of so many who cannot count together: all of them hold the limit, and each may try once."""
    if parts == 1:
        return limits
    return replace(limits, free=max(1, limits.free // parts), most=max(1, limits.most // parts))


def _with_failures(counter: Counter, limits: Limits, more: int, reserved: int, now: float) -> Counter:
    failures = counter.failures + more
    return Counter(
        failures=failures,
        reserved=reserved,
        opens_at=now + _wait(limits, failures) if failures >= limits.free else 0.0,
        lease_ends_at=counter.lease_ends_at,
        since=counter.since if limits.since_first and counter.failures else now,
    )


def _wait(limits: Limits, failures: int) -> float:
    doublings = min(failures - limits.free, _MOST_DOUBLINGS)
    return min(limits.longest_wait, limits.first_wait * (1 << doublings))


def _longest_waits_from(limits: Limits) -> int:
    """The number of failures from which on the wait grows no more; less than closes the counter, at any rate."""
    failures = limits.free
    while failures < limits.most - 1 and _wait(limits, failures) < limits.longest_wait:
        failures += 1
    return min(failures, limits.most - 1)


@value
class Policy:
    """The limits of every kind of counter."""

    strangers: Limits
    """Of an account, for whoever comes from elsewhere than its owner ever did."""
    known: Limits
    """Of an account, for all addresses from which its owner has logged in."""
    address: Limits
    shared_address: Limits
    """Of an address that many people have in common."""
    client: Limits
    """Beyond them an alarm is raised and nobody refused: a lockout of a client would lock out all its people."""
    lease: float
    """Seconds after which a guess that is still being checked counts as failed."""


@value
class Attempt:
    """Somebody who wants a secret to be checked."""

    account: str
    """What all login names of one account have in common, known or not (`account_of`)."""
    known: bool
    """Whether its owner has logged in from this address before."""
    address: str
    client_id: str


class Held(StrEnum):
    """What keeps an attempt from being checked."""

    ACCOUNT = "account"
    ADDRESS = "address"
    BUSY = "busy"
    """Too many attempts at the same are being checked; nobody knows yet whether they fail."""


@value
class Holding:
    """The attempt is not checked."""

    by: Held
    retry_after: int
    """Seconds; to be told where an address is held."""


class Ticket(Protocol):
    """The right to check one secret once; to be handed back with how it went."""


class Outcome(StrEnum):
    """How a check went."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_CHECKED = "not_checked"


class Alarm(StrEnum):
    """What somebody should look at; each is raised once, when it begins."""

    ADDRESS_HELD = "address_throttled"
    ACCOUNT_CLOSED = "account_closed_to_strangers"
    CLIENT_GUESSED_AT = "client_guessed_at"


@value
class Wrong:
    """What came of one more wrong client secret."""

    alarms: tuple[Alarm, ...]
    held_for: int | None
    """For how many seconds its address is held, if it is."""


class Throttle(Protocol):
    """One for every door at which a secret can be guessed. Whatever fails in it, it fails to the strict side."""

    def place_of(self, account_id: str, address: str) -> str:
        """What is kept of an address from which this account was used: nobody can tell the address by it."""
        ...

    async def take(self, attempt: Attempt) -> Ticket | Holding:
        """Reserve before the check. Whoever gets a ticket calls `settle` with it, once."""
        ...

    async def settle(self, ticket: Ticket, outcome: Outcome) -> tuple[Alarm, ...]:
        """Say how the check went; what somebody should look at."""
        ...

    async def count_wrong_secret(self, address: str, client_id: str) -> Wrong:
        """A client's secret was wrong, or no client has this id. A right one is never counted, and never refused."""
        ...


def account_of(owner_id: str | None, resets: int, login: str) -> str:
    """What a throttle calls an account: all its names together, and a new one after each reset."""
    return f"name {login}" if owner_id is None else f"account {resets} {owner_id}"
