"""Throttles for tests: in memory, by an own clock, over one Redis; and who tries what at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.circuit import Circuit
from dragoman.core.throttle import Attempt, Limits, Policy
from dragoman.shared_server.address import read_address
from dragoman.throttle.counters import Counters
from dragoman.throttle.keys import Namer
from dragoman.throttle.memory import Memory
from dragoman.throttle.remote import RemoteCounters
from dragoman.throttle.script_server import ScriptServer
from dragoman.throttle.together import SharedThrottle
from dragoman.wiring.throttle import part_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.throttle import Throttle
    from tests.redis_server import RedisServer

KEY = b"k" * 32


@dataclass(slots=True)
class Elapsed:
    """Seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def policy(*, wait: float = 2.0, memory: float = 86400.0, window: float = 600.0, lease: float = 30.0) -> Policy:
    """The defaults, but for what is said; and budgets of addresses that a test reaches soon."""
    of_window = {"memory": window, "since_first": True}
    return Policy(
        strangers=Limits(free=5, most=80, first_wait=wait, longest_wait=450 * wait, memory=memory),
        known=Limits(free=5, most=20, first_wait=wait, longest_wait=30 * wait, memory=memory),
        address=Limits(free=50, most=50, **of_window),
        shared_address=Limits(free=1000, most=1000, **of_window),
        client=Limits(free=200, most=200, **of_window),
        lease=lease,
    )


def attempt(account: str = "ann", *, known: bool = False, address: str = "192.0.2.1", client: str = "shop") -> Attempt:
    return Attempt(account=account, known=known, address=address, client_id=client)


def in_memory(rules: Policy, elapsed: Callable[[], float], descriptor: int | None = None) -> Counters:
    return Counters(rules, Memory(rules, descriptor), elapsed)


def namer() -> Namer:
    return Namer(KEY, ())


def over(server: RedisServer, rules: Policy, told: list[str | None] | None = None, **more: object) -> Throttle:
    """The throttle of one of several machines; `told` gets what its log would say."""
    remote = remote_over(server, rules, told, **more)
    return SharedThrottle(remote, in_memory(part_of(rules, 4), Elapsed()), namer())


def remote_over(
    server: RedisServer, rules: Policy, told: list[str | None] | None = None, **more: object
) -> RemoteCounters:
    clock = Elapsed()
    circuit = Circuit(clock, lambda: 0.0)
    tell = (lambda _reason: None) if told is None else told.append
    user = str(more.pop("user", ""))
    seconds = more.pop("seconds", 30.0)  # the machine may be slow
    asked = ScriptServer(read_address(server.url(user=user)), circuit, tell, seconds)
    return RemoteCounters(asked, rules, "dragoman", **more)
