"""Ten times the password requests that the machine can hash, beside everything else a server does: `make flood`.

In each round: the other requests alone; what the machine hashes with nothing around it, in one program's threads and in
processes; the others beside half as many log-ins again as that, which the server cannot all accept; the flood beside
them; what is hashed beside just as many requests that are answered in the cheapest way there is; and alone again. What
offers the load takes its part of the same cores, so the table says whose time the cores' was. At the end one account is
attacked while its owner logs in.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.aims import Aims
from bench.cores import (
    GENERATOR,
    HASHING,
    IDLE,
    LOOP,
    OTHERS,
    THREADS,
    constant_answers,
    core_seconds,
)
from bench.forms import HEALTH, PEOPLE, Sessions, anybody, post
from bench.hashing import Capacity, Implementation, bare_capacity
from bench.installation import Running, prepare, running
from bench.offering import Measured, Stream, offer
from bench.victim import measure_victim

from dragoman.core.model import ResourceOwner
from dragoman.hashing.cores import usable_cores
from dragoman.hashing.formats.argon2 import Argon2Profile
from dragoman.hashing.huge_pages import setting_without_huge_pages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RATE = 40.0
"""Requests a second of each of the others."""
OVER = 10
SATURATED = 1.5
"""Times what can be hashed: the line is never empty, and little is refused."""
SESSIONS = 200
WARM_UP = 3.0
BARE_SECONDS = 4
OTHER_REQUESTS = ("refresh", "introspection", "client credentials", "health")
OTHER_CLIENT = "another client's log-ins"
FLOOD = "flood"
MOST_MILLISECONDS = 100
MOST_TIMES = 5
LEAST_SHARE = 0.9
SLACK_MIB = 64
_BARE = "bare argon2id"
_CONFIGURATION = """\
[server]
port = 0
[log]
level = "error"
[throttle]
enabled = false
"""
"""Everything comes from one address, which is another guard's business."""


def others(sessions: Sessions) -> list[Stream]:
    """All that is not a password."""
    return [
        Stream(name="refresh", rate=RATE, write=sessions.refresh, read=sessions.keep),
        Stream(name="introspection", rate=RATE, write=sessions.introspect),
        Stream(
            name="client credentials",
            rate=RATE,
            write=lambda: post("/oauth2/token", "app", grant_type="client_credentials"),
        ),
        Stream(name="health", rate=RATE, write=lambda: HEALTH),
    ]


def passwords(capacity: float, over: float = OVER) -> list[Stream]:
    """The flood, so many times what can be hashed, and another client's few log-ins."""
    return [
        Stream(name=FLOOD, rate=capacity * over, write=lambda: anybody("flood")),
        Stream(name=OTHER_CLIENT, rate=capacity / 10, write=lambda: anybody("backend")),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of all phases gave."""

    bare: Capacity
    """The mean of what was measured before the flood and after."""
    apart: Capacity
    """In a process for each slot, which do not wait for each other's memory; as the server has it."""
    beside: Capacity
    """Beside as many requests that are answered in the cheapest way."""
    reference: Capacity
    """Of argon2id's reference implementation, alone."""
    calm: Mapping[str, Measured]
    stormy: Mapping[str, Measured]
    saturated: float
    """Log-ins a second that the server accepts of half as many again as can be hashed."""
    accepted: float
    """Log-ins a second in the flood."""
    cores: Mapping[str, float]
    """The part of all cores' time that each had during the flood."""
    most_mib: float


def measure_round(server: Running, sessions: Sessions, slots: int, seconds: float) -> Round:
    """All phases."""
    calm = offer(server.port, others(sessions), seconds, WARM_UP)
    before = bare_capacity(Implementation.OURS, slots, BARE_SECONDS)
    some = [*others(sessions), *passwords(before.a_second, SATURATED)]
    saturated = accepted_a_second(offer(server.port, some, seconds, WARM_UP), seconds)
    server.forget_most()
    began = core_seconds(server.process)
    stormy = offer(server.port, [*others(sessions), *passwords(before.a_second)], seconds, WARM_UP)
    used = {whose: now - began[whose] for whose, now in core_seconds(server.process).items()}
    most = server.memory_mib("VmHWM")
    with constant_answers() as port:
        load = [replace(one, write=lambda: HEALTH, read=None) for one in others(sessions)] + passwords(before.a_second)
        beside = bare_capacity(Implementation.OURS, slots, BARE_SECONDS, lambda: offer(port, load, BARE_SECONDS + 1, 0))
    after = bare_capacity(Implementation.OURS, slots, BARE_SECONDS)
    apart = bare_capacity(Implementation.OURS, slots, BARE_SECONDS, processes=slots)
    reference = bare_capacity(Implementation.REFERENCE, slots, BARE_SECONDS)
    accepted = accepted_a_second(stormy, seconds)
    print(
        f"hashes/s alone {before.a_second:.1f}, then {after.a_second:.1f}, in processes {apart.a_second:.1f}, by the "
        f"reference implementation {reference.a_second:.1f}, beside as many requests {beside.a_second:.1f}; "
        f"accepted of half as many again {saturated:.1f}/s, of {before.a_second * OVER:.0f}/s {accepted:.1f}/s",
        flush=True,
    )
    return Round(
        bare=Capacity(
            a_second=(before.a_second + after.a_second) / 2,
            a_core_second=(before.a_core_second + after.a_core_second) / 2,
        ),
        apart=apart,
        beside=beside,
        reference=reference,
        calm=calm,
        stormy=stormy,
        saturated=saturated,
        accepted=accepted,
        cores={whose: part / sum(used.values()) for whose, part in used.items()},
        most_mib=most,
    )


def accepted_a_second(measured: Mapping[str, Measured], seconds: float) -> float:
    """Log-ins, of both clients."""
    return sum(measured[name].statuses[200] for name in (FLOOD, OTHER_CLIENT)) / (seconds - WARM_UP)


def measure(aims: Aims, rounds: int, seconds: float) -> float:
    """Measure and print; what the machine hashes a second."""
    slots = usable_cores()
    pages = setting_without_huge_pages() or "always, or not told"
    print(f"{os.cpu_count()} cores, {slots} slots, huge pages: {pages}, {rounds} rounds, {seconds:.0f} s each part")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"person-{number}" for number in range(PEOPLE)]
        owners = [ResourceOwner(id=one, username=one) for one in names]
        prepare(folder, _CONFIGURATION, ("app", "flood", "backend"), owners)
        with running(folder) as server:
            idle = server.memory_mib()
            sessions = Sessions()
            beginning = Stream(name="log-ins", rate=15, write=lambda: anybody("app"), read=sessions.keep)
            offer(server.port, [beginning], SESSIONS / 15, 0)
            measured = [measure_round(server, sessions, slots, seconds) for _ in range(rounds)]
    tell_latency(aims, *(pooled([getattr(one, part) for one in measured]) for part in ("calm", "stormy")))
    tell_log_ins(aims, measured)
    bound = idle + slots * Argon2Profile().memory_kib / 1024 + SLACK_MIB
    most = max(one.most_mib for one in measured)
    told = f"{most:.0f} MiB, {idle:.0f} before"
    aims.add("memory of parent and worker, at most", f"<= {bound:.0f} MiB", told, held=most <= bound)
    return statistics.median(one.bare.a_second for one in measured)


def pooled(rounds: Sequence[Mapping[str, Measured]]) -> Mapping[str, Measured]:
    """All rounds as one."""
    whole = {name: Measured() for name in rounds[0]}
    for one in rounds:
        for name, measured in one.items():
            for status, seconds in measured.seconds.items():
                whole[name].seconds.setdefault(status, []).extend(seconds)
    return whole


def tell_latency(aims: Aims, calm: Mapping[str, Measured], stormy: Mapping[str, Measured]) -> None:
    """The others' times without and with the flood, and those of passwords."""
    print(f"\n{'p50 / p99 in ms':<24}{'alone':>14}{'in the flood':>16}{'times':>8}   answers but 200")
    for name in OTHER_REQUESTS:
        alone, beside = calm[name].percentile(0.99), stormy[name].percentile(0.99)
        wrong = {status: count for status, count in stormy[name].statuses.items() if status != 200}  # noqa: PLR2004
        spans = [f"{one[name].percentile(0.5):.1f} / {one[name].percentile(0.99):.1f}" for one in (calm, stormy)]
        times = beside / alone if alone else float("inf")
        print(f"{name:<24}{spans[0]:>14}{spans[1]:>16}{times:>8.1f}   {wrong or 'none'}")
        aims.add(
            f"{name}, p99 in the flood",
            f"< {MOST_MILLISECONDS} ms, <= {MOST_TIMES} times",
            f"{beside:.1f} ms, {times:.1f} times",
            held=beside < MOST_MILLISECONDS and times <= MOST_TIMES and not wrong,
        )
    flood, honest = stormy[FLOOD], stormy[OTHER_CLIENT]
    refused = flood.percentile(0.99, 503)
    print(f"the flood's answers: {dict(flood.statuses)}, refused within {flood.percentile(0.5, 503):.1f} ms (p50)")
    aims.add("the excess refused, p99", "< 100 ms", f"{refused:.1f} ms", held=refused < MOST_MILLISECONDS)
    told = f"{honest.statuses[200]} of {honest.statuses.total()}, p99 {honest.percentile(0.99):.0f} ms"
    aims.add("another client's log-ins accepted", "all", told, held=set(honest.statuses) == {200})


def tell_log_ins(aims: Aims, rounds: Sequence[Round]) -> None:
    """What became of the cores' time and of the passwords."""
    print("\nthe cores' time in the flood, of 1:")
    for whose in (HASHING, LOOP, THREADS, GENERATOR, OTHERS, IDLE):
        print(f"  {whose:<36}{told([one.cores[whose] for one in rounds])}")
    part: tuple[tuple[str, Callable[[Round], float]], ...] = (
        ("what the server can accept at all", lambda one: one.accepted / one.saturated),
        (f"{_BARE} by its reference implementation", lambda one: one.accepted / one.reference.a_second),
        (f"{_BARE} alone on the cores", lambda one: one.accepted / one.bare.a_second),
        (f"{_BARE} alone, in processes", lambda one: one.accepted / one.apart.a_second),
        (f"{_BARE} beside as many requests", lambda one: one.accepted / one.beside.a_second),
        (
            f"{_BARE} in what the generator and others left",
            lambda one: _of_time(one, 1 - one.cores[GENERATOR] - one.cores[OTHERS]),
        ),
        (f"{_BARE} in the time of its own hashing", lambda one: _of_time(one, one.cores[HASHING])),
    )
    for where, share in part:
        shares = [share(one) for one in rounds]
        held = statistics.median(shares) >= LEAST_SHARE
        aims.add(f"accepted, of {where}", f">= {LEAST_SHARE}", told(shares), held=held)


def _of_time(one: Round, share: float) -> float:
    """What was accepted, of what so large a share of the cores' time makes in bare hashes."""
    return one.accepted / (one.bare.a_core_second * usable_cores() * share)


def told(shares: Sequence[float]) -> str:
    """The median, and the ends."""
    return f"{statistics.median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f})"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15, help="how long each part of a round takes")
    given = parser.parse_args()
    aims = Aims()
    capacity = measure(aims, given.rounds, given.seconds)
    measure_victim(aims, capacity * OVER, given.seconds)
    if not aims.print_all():
        sys.exit("\nNot all of what docs/hash-guard.md promises held in this run.")


if __name__ == "__main__":
    main()
