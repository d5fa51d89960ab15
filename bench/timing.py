"""Whether times tell one refused log-in from another: `make timing`.

That each outcome is the same work, so many hashes and so many statements, is a test
(tests/attacks/test_log_in_work.py). This asks a real server what a stopwatch sees: pairs of requests, one of each kind,
in an order that chance decides, and a rank test over all of them (Mann and Whitney 1947, two-sided, with the correction
for ties). `p` says how often equal kinds would differ as much; `A > B` how often one of the first kind took longer than
one of the second: 0.5 is no difference.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import math
import random
import statistics
import sys
import tempfile
import time
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import bcrypt
from bench.installation import PASSWORD, SECRET, prepare, running

from dragoman.core.model import ResourceOwner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PEOPLE = 100
LEGACY_SHARE = 0.4
_TENTH = 10
WARM_UP = 50
SUSPICIOUS = 0.001
_CHANCE = random.Random(1)  # noqa: S311 (which request comes first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What hashes cost in one part of the measurement."""

    name: str
    configuration: str
    bcrypt_cost: int


PROFILES = (
    Profile(name="cheapest", configuration="[passwords]\nmemory_kib = 8\niterations = 1\n", bcrypt_cost=4),
    Profile(name="default", configuration="[passwords]\n", bcrypt_cost=8),
)


class Asker:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        basic = b64encode(f"app:{SECRET}".encode()).decode()
        self._headers = {
            "Authorization": f"Basic {basic}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def time(self, username: str, password: str) -> float:
        """Seconds until a log-in was refused."""
        body = urlencode({"grant_type": "password", "username": username, "password": password})
        began = time.perf_counter()
        self._connection.request("POST", "/oauth2/token", body, self._headers)
        answer = self._connection.getresponse()
        answer.read()
        taken = time.perf_counter() - began
        if answer.status != 400:  # noqa: PLR2004 (bad request)
            sys.exit(f"a log-in that should be refused was answered {answer.status}")
        return taken


def people_of(profile: Profile) -> Sequence[ResourceOwner]:
    """People of every kind."""
    legacy = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(profile.bcrypt_cost)).decode()
    made = []
    for number in range(PEOPLE):
        stored = legacy if number % _TENTH < _TENTH * LEGACY_SHARE else None
        person, disabled, locked = (f"{kind}-{number:03}" for kind in ("person", "disabled", "locked"))
        made.append(ResourceOwner(id=person, username=person, password_hash=stored))
        made.append(ResourceOwner(id=disabled, username=disabled, password_hash=stored, enabled=False))
        made.append(ResourceOwner(id=locked, username=locked, password_hash=stored, locked=True))
    return made


def kinds_of_requests() -> Mapping[str, Callable[[int], tuple[str, str]]]:
    """User name and password of the nth request of each kind."""
    return {
        "unknown name": lambda number: (f"nobody-{number:06}", "a wrong password"),
        "wrong password": lambda number: (f"person-{number % PEOPLE:03}", "a wrong password"),
        "disabled, right password": lambda number: (f"disabled-{number % PEOPLE:03}", PASSWORD),
        "locked, right password": lambda number: (f"locked-{number % PEOPLE:03}", PASSWORD),
        "unknown, 1025 bytes": lambda number: (f"nobody-{number:06}", "x" * 1025),
        "known, 1025 bytes": lambda number: (f"person-{number % PEOPLE:03}", "x" * 1025),
    }


PAIRS = (
    ("unknown name", "wrong password"),
    ("wrong password", "disabled, right password"),
    ("wrong password", "locked, right password"),
    ("unknown name", "disabled, right password"),
    ("unknown, 1025 bytes", "known, 1025 bytes"),
)


def measure_pair(asker: Asker, first: str, second: str, pairs: int) -> tuple[list[float], list[float]]:
    """The times of both kinds, taken by turns."""
    kinds = kinds_of_requests()
    times: dict[str, list[float]] = {first: [], second: []}
    for number in range(pairs):
        for kind in _CHANCE.sample((first, second), 2):
            times[kind].append(asker.time(*kinds[kind](number)))
    return times[first], times[second]


def rank_test(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """P (normal approximation), and how often a value of the first exceeds one of the second."""
    ordered = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    size, ranks, ties, before = len(ordered), 0.0, 0.0, 0
    for _value, group in itertools.groupby(ordered, key=lambda one: one[0]):
        members = [kind for _, kind in group]
        ranks += members.count(0) * (before + (len(members) + 1) / 2)
        ties += len(members) ** 3 - len(members)
        before += len(members)
    exceeding = ranks - len(first) * (len(first) + 1) / 2
    mean = len(first) * len(second) / 2
    deviation = math.sqrt(mean / 6 * (size + 1 - ties / (size * (size - 1))))
    return math.erfc(abs(exceeding - mean) / deviation / math.sqrt(2)), exceeding / (2 * mean)


def measure(profile: Profile, pairs: int) -> bool:
    """Measure all pairs and print them; whether none is suspicious."""
    fine = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = f'{profile.configuration}[server]\nport = 0\n[log]\nlevel = "error"\n[throttle]\nenabled = false\n'
        prepare(folder, text, ("app",), people_of(profile))
        legacy = f"{LEGACY_SHARE:.0%} of the people with bcrypt {profile.bcrypt_cost}"
        print(f"\n{profile.name} profile, {pairs} pairs, {legacy}")
        print(f"{'A':<22}{'B':<28}{'median A':>10}{'median B':>10}{'A > B':>8}{'p':>8}")
        with running(folder) as server:
            asker = Asker(server.port)
            for number in range(WARM_UP):
                asker.time(f"warm-up-{number}", PASSWORD)
            for first, second in PAIRS:
                times = measure_pair(asker, first, second, pairs)
                p, exceeding = rank_test(*times)
                medians = [f"{statistics.median(one) * 1000:.2f} ms" for one in times]
                print(f"{first:<22}{second:<28}{medians[0]:>10}{medians[1]:>10}{exceeding:>8.3f}{p:>8.3f}", flush=True)
                fine = fine and p >= SUSPICIOUS
    return fine


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--profile", choices=[one.name for one in PROFILES], help="this one alone")
    given = parser.parse_args()
    chosen = [one for one in PROFILES if given.profile in (None, one.name)]
    fine = [measure(one, given.pairs) for one in chosen]
    if not all(fine):
        sys.exit(f"\nA difference that chance makes less often than {SUSPICIOUS}: look at it.")


if __name__ == "__main__":
    main()
