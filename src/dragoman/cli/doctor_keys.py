"""What `dragoman doctor` looks at in the keys, and the clock that they are judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.cli.finding import Finding, fault_found, ok, problem, warning
from dragoman.cli.showing import told_time
from dragoman.core.errors import Fault
from dragoman.tokens.key_files import read_keys
from dragoman.tokens.keys import Purpose
from dragoman.wiring import needed_algorithms, read_keyring

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dragoman.config import Configuration
    from dragoman.dialects.dialect import Dialect
    from dragoman.tokens.keyring import Keyring

_SOON = 7 * 86400


def check_keys(configuration: Configuration, dialects: Mapping[str, Dialect], now: int) -> Iterator[Finding]:
    """Whether they can be trusted and used, and whether what is mounted has those it needs."""
    folder = configuration.path(configuration.keys)
    try:
        keyring = read_keyring(folder)
    except Fault as fault:
        yield fault_found("keys", fault)
        return
    findings = [
        finding
        for algorithm, who in needed_algorithms(configuration, dialects).items()
        for finding in _check_algorithm(keyring, algorithm, who, now)
    ]
    yield from findings or [ok("keys", f"{folder}: {len(keyring.keys)} keys, all that is mounted can sign")]


def _check_algorithm(keyring: Keyring, algorithm: str, who: str, now: int) -> Iterator[Finding]:
    if keyring.find_signing_key(Purpose.ACCESS, algorithm, now) is None:
        remedy = f"run `dragoman key rotate access --algorithm {algorithm}`"
        yield problem("keys", f"{who} needs an {algorithm} key, and none is in force", remedy)
    elif keyring.find_signing_key(Purpose.ACCESS, algorithm, now + _SOON) is None:
        remedy = f"run `dragoman key rotate access --algorithm {algorithm}` in time"
        yield warning("keys", f"the last {algorithm} key, which {who} needs, retires within seven days", remedy)


def check_clock(folder: Path, now: int) -> Iterator[Finding]:
    """Whether it is later than when the newest key was made."""
    try:
        newest = max((key.created_at for key in read_keys(folder)), default=0)
    except Fault:
        return
    if now < newest:
        text = f"this machine's clock says {told_time(now)}, but a key was made at {told_time(newest)}"
        yield problem("clock", text, "set the clock, and keep it right with NTP")
    else:
        yield ok("clock", told_time(now))
