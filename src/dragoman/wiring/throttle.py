"""The throttle of a server, as the configuration has it."""

from __future__ import annotations

import ipaddress
import random
import secrets
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dragoman.core.circuit import Circuit
from dragoman.core.errors import Fault
from dragoman.core.throttle import Attempt, Limits, Outcome, Policy, account_of, share
from dragoman.shared_server.address import read_address
from dragoman.throttle.counters import Counters, Reserved
from dragoman.throttle.keys import Namer
from dragoman.throttle.memory import Memory
from dragoman.throttle.throttle import MemoryThrottle, NoThrottle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from dragoman.config.settings import Configuration, ThrottleTable
    from dragoman.core.throttle import Standings, Throttle
    from dragoman.http.log import Log
    from dragoman.shared_server.address import Address
    from dragoman.throttle.keys import Keys
    from dragoman.throttle.remote import RemoteCounters

_KNOWN_PART: Final = 5
_LONGEST_WAIT_OF_KNOWN: Final = 60.0
_LEASE_SECONDS: Final = 30.0
"""Longer than any password waits for its hash."""
_PATIENT_SECONDS: Final = 5.0
"""For a command of the shared server, where no request waits."""
_LEAST_PARTS_ALONE: Final = 4
"""While the shared server is away, nobody knows how many others there are: up to four hold every limit together."""


def policy_of(table: ThrottleTable) -> Policy:
    """The limits of every kind of counter."""
    kept = max(1, table.account_limit // _KNOWN_PART)
    longest, memory = float(table.longest_wait_seconds), float(table.account_memory_seconds)

    def of_account(most: int, longest_wait: float) -> Limits:
        return Limits(
            free=min(table.account_failures, most),
            most=most,
            first_wait=float(table.first_wait_seconds),
            longest_wait=longest_wait,
            memory=memory,
        )

    def of_window(most: int) -> Limits:
        return Limits(free=most, most=most, memory=float(table.address_seconds), since_first=True)

    return Policy(
        strangers=of_account(table.account_limit - kept, longest),
        known=of_account(kept, min(longest, _LONGEST_WAIT_OF_KNOWN)),
        address=of_window(table.address_failures),
        shared_address=of_window(table.shared_address_failures),
        client=of_window(table.client_failures),
        lease=_LEASE_SECONDS,
    )


def halved(policy: Policy) -> Policy:
    """What machines with a shared server hold: half of what an account may take together, and half by themselves.

    What is verified in an outage the shared server never learns, and it knows what the others had before. So each has
    its own half, and both are never more than the whole.
    """

    def half(limits: Limits) -> Limits:
        most = max(1, limits.most // 2)
        return replace(limits, most=most, free=min(limits.free, most))

    return replace(policy, strangers=half(policy.strangers), known=half(policy.known))


def part_of(policy: Policy, parts: int) -> Policy:
    """The policy of one of so many machines that cannot count together."""
    return replace(
        policy,
        strangers=share(policy.strangers, parts),
        known=share(policy.known, parts),
        address=share(policy.address, parts),
        shared_address=share(policy.shared_address, parts),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a throttle is put together from, besides the configuration."""

    key: bytes
    """Of the digests by which counters are kept; the same on all machines."""
    memory: int | None
    """The descriptor of the memory that workers share, if there are any."""
    elapsed: Callable[[], float]
    """Seconds of a clock that nobody can set, and that all workers have in common."""
    log: Log


@asynccontextmanager
async def opened_throttle(configuration: Configuration, around: Surroundings) -> AsyncIterator[Throttle]:
    """The throttle, until the block ends. Raises SharedFault."""
    table = configuration.throttle
    if not table.enabled:
        yield NoThrottle()
        return
    namer = namer_of(configuration, around.key)
    shared = configuration.shared_location() is not None
    policy = halved(policy_of(table)) if shared else policy_of(table)
    parts = max(table.machines, _LEAST_PARTS_ALONE) if shared else table.machines
    counters = Counters(part_of(policy, parts), Memory(policy, around.memory), around.elapsed)
    remote = _remote(configuration, policy, around.log)
    if remote is None:
        yield MemoryThrottle(counters, namer)
        return
    from dragoman.throttle.together import SharedThrottle  # noqa: PLC0415 (a server alone needs no such driver)

    try:
        yield SharedThrottle(remote, counters, namer)
    finally:
        await remote.close()


def _remote(configuration: Configuration, policy: Policy, log: Log) -> RemoteCounters | None:
    url = configuration.shared_location()
    if url is None:
        return None
    address = read_address(url)

    def tell(reason: str | None) -> None:
        if reason is None:
            log.write("info", "throttle_together", server=address.shown)
        else:
            log.write("warning", "throttle_alone", server=address.shown, reason=reason)

    return _remote_at(address, configuration, policy, tell)


def _remote_at(
    address: Address,
    configuration: Configuration,
    policy: Policy,
    tell: Callable[[str | None], None],
    seconds: float | None = None,
) -> RemoteCounters:
    """`seconds` are for one command; as long as a request may wait for it, where none are given."""
    from dragoman.throttle.remote import RemoteCounters  # noqa: PLC0415 (same)
    from dragoman.throttle.script_server import SECONDS, ScriptServer  # noqa: PLC0415 (same)

    circuit = Circuit(time.monotonic, random.SystemRandom().random)
    server = ScriptServer(address, circuit, tell, seconds or SECONDS)
    return RemoteCounters(server, policy, configuration.shared_prefix)


def namer_of(configuration: Configuration, key: bytes) -> Namer:
    """What makes the digests by which counters are kept, under this key of the installation."""
    return Namer(key, [ipaddress.ip_network(one) for one in configuration.throttle.shared_addresses])


async def look_together(configuration: Configuration, address: Address, keys: Keys) -> Standings:
    """How the counters of all machines stand. Raises Fault where the shared server does not tell."""
    told: list[str | None] = [None]
    policy = halved(policy_of(configuration.throttle))
    remote = _remote_at(address, configuration, policy, told.append, _PATIENT_SECONDS)
    try:
        found = await remote.look(keys)
    finally:
        await remote.close()
    if found is None:
        raise Fault(f"{address.shown} is of no use: {told[-1]}; until it is, each machine counts by itself")
    return found


async def find_why_alone(configuration: Configuration, address: Address) -> str | None:
    """Why guesses cannot be counted in this shared server; None if they can. Tries it with an account of nobody."""
    told: list[str | None] = [None]
    remote = _remote_at(address, configuration, halved(policy_of(configuration.throttle)), told.append)
    nobody = secrets.token_hex(16)
    attempt = Attempt(account=account_of(None, 0, nobody), known=False, address="", client_id=nobody)
    try:
        taken = await remote.take(Namer(nobody.encode(), ()).keys(attempt))
        if isinstance(taken, Reserved):
            await remote.settle(taken, Outcome.NOT_CHECKED)
    finally:
        await remote.close()
    return told[-1]
