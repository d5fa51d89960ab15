"""Ten times the password requests that the machine can hash, beside everything else a server does: `make flood`.

In each round: the other requests alone, what the machine hashes with nothing around it, then the flood beside the
others, and the hashes again. What offers the load takes its part of the same cores, which is measured too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import uvloop
from bench.installation import PASSWORD, SECRET, Running, prepare, running
from bench.offering import Measured, Offer, Stream

from dragoman.core.model import ResourceOwner
from dragoman.hashing.cores import usable_cores
from dragoman.hashing.formats.argon2 import Argon2Profile, make_hash
from dragoman.hashing.slots import stand_back

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RATE = 40.0
"""Requests a second of each of the others."""
OVER = 10
PEOPLE = 40
SESSIONS = 200
WARM_UP = 3.0
BARE_SECONDS = 3
OTHERS = ("refresh", "introspection", "client credentials", "health")
OTHER_CLIENT = "another client's log-ins"
FLOOD = "flood"
MOST_MILLISECONDS = 100
MOST_TIMES = 5
LEAST_SHARE = 0.9
SLACK_MIB = 64
_CONFIGURATION = """\
[log]
level = "error"
[throttle]
enabled = false
"""
"""Everything comes from one address, and right passwords at once wait for each other: another guard's business."""


def bare_capacity(slots: int, seconds: float) -> float:
    """Hashes a second in so many threads of a process of their own, as nice as the server's, with nothing beside."""
    command = (sys.executable, "-m", "bench.flood", "--bare", str(slots), "--seconds", str(seconds))
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # noqa: S603 (ours)


def hash_bare(slots: int, seconds: float) -> float:
    """The same, in this process."""
    counts = [0] * slots
    began = time.perf_counter()

    def work(number: int) -> None:
        stand_back()
        while time.perf_counter() < began + seconds:
            make_hash(PASSWORD.encode(), os.urandom(16), Argon2Profile())
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(slots)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def post(path: str, client: str, **fields: str) -> bytes:
    """A form of a client that authenticates."""
    body = urlencode(fields).encode()
    basic = b64encode(f"{client}:{SECRET}".encode()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {basic}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Sessions:
    """Live refresh tokens, each of which is out with one request at most."""

    def __init__(self) -> None:
        self._tokens: deque[str] = deque()
        self._access_token = ""

    def log_in(self) -> bytes:
        """Begin one."""
        return self.password("app")

    def password(self, client: str) -> bytes:
        """Some person's log-in."""
        name = f"person-{random.randrange(PEOPLE)}"  # noqa: S311 (load)
        return post("/oauth2/token", client, grant_type="password", username=name, password=PASSWORD)

    def refresh(self) -> bytes:
        """Go on with the one that rested longest."""
        return post("/oauth2/token", "app", grant_type="refresh_token", refresh_token=self._tokens.popleft())

    def keep(self, status: int, body: bytes) -> None:
        """Remember what a log-in or a refresh gave."""
        if status == 200:  # noqa: PLR2004 (OK)
            answer = json.loads(body)
            self._tokens.append(answer["refresh_token"])
            self._access_token = answer["access_token"]

    def introspect(self) -> bytes:
        """Ask about some access token."""
        return post("/oauth2/introspect", "app", token=self._access_token)


def others(sessions: Sessions) -> list[Stream]:
    """All that is not a password."""
    health = b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    return [
        Stream(name="refresh", rate=RATE, write=sessions.refresh, read=sessions.keep),
        Stream(name="introspection", rate=RATE, write=sessions.introspect),
        Stream(
            name="client credentials",
            rate=RATE,
            write=lambda: post("/oauth2/token", "app", grant_type="client_credentials"),
        ),
        Stream(name="health", rate=RATE, write=lambda: health),
    ]


def offer(server: Running, streams: list[Stream], seconds: float, warm_up: float = WARM_UP) -> Mapping[str, Measured]:
    """What came of them."""
    chance = random.Random(1)  # noqa: S311 (load)
    with_loop = uvloop.new_event_loop()
    try:
        return with_loop.run_until_complete(Offer(server.port, streams, chance).run(seconds, warm_up))
    finally:
        with_loop.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of all phases gave."""

    bare: float
    """Hashes a second: the mean of what was measured just before the flood and just after."""
    calm: Mapping[str, Measured]
    stormy: Mapping[str, Measured]
    generator: float
    """The part of all cores that the load generator took during the flood."""
    most_mib: float


def measure_round(server: Running, sessions: Sessions, slots: int, seconds: float) -> Round:
    """The others alone, hashing alone, the flood beside the others, hashing alone."""
    calm = offer(server, others(sessions), seconds)
    before = bare_capacity(slots, BARE_SECONDS)
    server.forget_most()
    flood = Stream(name=FLOOD, rate=before * OVER, write=lambda: sessions.password("flood"))
    honest = Stream(name=OTHER_CLIENT, rate=before / 10, write=lambda: sessions.password("backend"))
    began, used = time.perf_counter(), time.process_time()
    stormy = offer(server, [*others(sessions), flood, honest], seconds)
    share = (time.process_time() - used) / (time.perf_counter() - began) / slots
    most = server.memory_mib("VmHWM")
    after = bare_capacity(slots, BARE_SECONDS)
    print(f"bare argon2id {before:.1f}/s, then {after:.1f}/s; offered {before * OVER:.0f} log-ins/s", flush=True)
    return Round(bare=(before + after) / 2, calm=calm, stormy=stormy, generator=share, most_mib=most)


def measure(rounds: int, seconds: float) -> bool:
    """Measure and print; whether all that was promised holds."""
    slots = usable_cores()
    print(f"{os.cpu_count()} cores, {slots} slots, {rounds} rounds, {seconds:.0f} s each part")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"person-{number}" for number in range(PEOPLE)]
        owners = [ResourceOwner(id=one, username=one) for one in names]
        prepare(folder, _CONFIGURATION, ("app", "flood", "backend"), owners)
        with running(folder) as server:
            idle = server.memory_mib()
            sessions = Sessions()
            beginning = Stream(name="log-ins", rate=15, write=sessions.log_in, read=sessions.keep)
            offer(server, [beginning], SESSIONS / 15, 0)
            measured = [measure_round(server, sessions, slots, seconds) for _ in range(rounds)]
    calm, stormy = (pooled([getattr(one, part) for one in measured]) for part in ("calm", "stormy"))
    return all(
        [*tell_latency(calm, stormy), *tell_log_ins(measured, stormy, seconds), tell_memory(measured, idle, slots)]
    )


def pooled(rounds: Sequence[Mapping[str, Measured]]) -> Mapping[str, Measured]:
    """All rounds as one."""
    whole = {name: Measured() for name in rounds[0]}
    for one in rounds:
        for name, measured in one.items():
            for status, seconds in measured.seconds.items():
                whole[name].seconds.setdefault(status, []).extend(seconds)
    return whole


def tell_latency(calm: Mapping[str, Measured], stormy: Mapping[str, Measured]) -> list[bool]:
    """The others' times without and with the flood."""
    print(f"\n{'p50 / p99 in ms':<24}{'alone':>14}{'in the flood':>16}{'times':>8}   answers but 200")
    held = []
    for name in OTHERS:
        alone, beside = calm[name].percentile(0.99), stormy[name].percentile(0.99)
        wrong = {status: count for status, count in stormy[name].statuses.items() if status != 200}  # noqa: PLR2004
        spans = [f"{one[name].percentile(0.5):.1f} / {one[name].percentile(0.99):.1f}" for one in (calm, stormy)]
        times = beside / alone if alone else float("inf")
        print(f"{name:<24}{spans[0]:>14}{spans[1]:>16}{times:>8.1f}   {wrong or 'none'}")
        held.append(beside < MOST_MILLISECONDS and times <= MOST_TIMES and not wrong)
    return held


def tell_log_ins(rounds: Sequence[Round], stormy: Mapping[str, Measured], seconds: float) -> list[bool]:
    """What became of the passwords."""
    flood, honest = stormy[FLOOD], stormy[OTHER_CLIENT]
    accepted = [
        sum(one.stormy[name].statuses[200] for name in (FLOOD, OTHER_CLIENT)) / (seconds - WARM_UP) for one in rounds
    ]
    shares = sorted(now / one.bare for now, one in zip(accepted, rounds, strict=True))
    left = sorted(now / one.bare / (1 - one.generator) for now, one in zip(accepted, rounds, strict=True))
    refused = flood.percentile(0.99, 503)
    print(f"\naccepted log-ins: {statistics.median(accepted):.1f}/s; of bare argon2id {told(shares)}")
    print(f"the same, of what the load generator left of the cores: {told(left)}")
    print(f"the flood's answers: {dict(flood.statuses)}, refused within {refused:.1f} ms (p99)")
    within = f"{honest.percentile(0.5):.0f} / {honest.percentile(0.99):.0f} ms (p50 / p99)"
    print(f"another client's log-ins: {dict(honest.statuses)}, within {within}")
    return [statistics.median(left) >= LEAST_SHARE, refused < MOST_MILLISECONDS, set(honest.statuses) == {200}]


def told(shares: Sequence[float]) -> str:
    """The median, and the ends."""
    return f"{statistics.median(shares):.2f} ({shares[0]:.2f} to {shares[-1]:.2f})"


def tell_memory(rounds: Sequence[Round], idle: float, slots: int) -> bool:
    """Resident memory, and the same before the first log-in."""
    most = max(one.most_mib for one in rounds)
    bound = idle + slots * Argon2Profile().memory_kib / 1024 + SLACK_MIB
    print(f"memory: {idle:.0f} MiB before, at most {most:.0f} MiB; the bound is {bound:.0f} MiB")
    return most <= bound


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15, help="how long each part of a round takes")
    parser.add_argument("--bare", type=int, metavar="SLOTS", help="only hash, in so many threads")
    given = parser.parse_args()
    if given.bare:
        print(hash_bare(given.bare, given.seconds))
    elif not measure(given.rounds, given.seconds):
        sys.exit("\nNot all of what docs/hash-guard.md promises held in this run.")


if __name__ == "__main__":
    main()
