"""One account attacked from ten thousand addresses, through the app that its owner uses, while he logs in (U13, U14).

Everybody's address is what a proxy in front tells, as it is behind one; throttling is as it is by default.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.forms import post
from bench.installation import PASSWORD, prepare, running
from bench.offering import Stream, offer

from dragoman.core.model import ResourceOwner

if TYPE_CHECKING:
    from bench.aims import Aims

VICTIM, HOME = "victim", "198.51.100.7"
OWNERS_RATE = 3.0
"""Log-ins a second of the owner: far more than a person makes, to have seen enough of them."""
ADDRESSES = 10_000
MOST_MILLISECONDS = 2000
_CONFIGURATION = """\
[log]
level = "error"
[server]
port = 0
trusted_proxies = ["127.0.0.1/32"]
"""


def measure_victim(aims: Aims, rate: float, seconds: float) -> None:
    """Offer so many guesses a second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, _CONFIGURATION, ("app",), [ResourceOwner(id=VICTIM, username=VICTIM)])
        with running(folder) as server:
            owner = Stream(name="owner", rate=OWNERS_RATE, write=lambda: _log_in(PASSWORD, HOME))
            offer(server.port, [owner], 2, 0)  # from here on HOME is known
            attack = Stream(name="attack", rate=rate, write=_guess)
            found = offer(server.port, [owner, attack], seconds, 0)
    theirs, others = found["owner"], found["attack"]
    print(
        f"\nOne account attacked: {rate:.0f} guesses a second from {ADDRESSES} addresses for {seconds:.0f} s, "
        f"answered {dict(others.statuses)}: 400 as a wrong password, p99 {others.percentile(0.99, 400):.1f} ms"
    )
    print(f"its owner from home: {dict(theirs.statuses)}, within {theirs.percentile(0.5):.0f} ms (p50)")
    slowest = theirs.percentile(1)
    aims.add(
        "the owner of an account under attack, from a known address",
        f"always in, < {MOST_MILLISECONDS} ms",
        f"{theirs.statuses[200]} of {theirs.statuses.total()}, the slowest {slowest:.0f} ms",
        held=set(theirs.statuses) == {200} and slowest < MOST_MILLISECONDS,
    )


def _guess() -> bytes:
    number = random.randrange(ADDRESSES)  # noqa: S311 (load)
    return _log_in(f"wrong {number}", f"10.9.{number >> 8}.{number & 255}")


def _log_in(password: str, address: str) -> bytes:
    told = f"X-Forwarded-For: {address}\r\nX-Forwarded-Proto: https\r\n"
    return post("/oauth2/token", "app", told, grant_type="password", username=VICTIM, password=password)
