"""Bare argon2id with the parameters of all systems: by its reference implementation, and by what Dragoman has."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from argon2.low_level import Type, hash_secret
from bench.work import ARGON2, PASSWORD

from dragoman.hashing.formats.argon2 import Argon2Profile, make_hash
from dragoman.hashing.priority import stand_back

if TYPE_CHECKING:
    from collections.abc import Callable

_SALT_BYTES, _DIGEST_BYTES = 16, 32
_PROFILE = Argon2Profile(memory_kib=ARGON2["memory_kib"], passes=ARGON2["iterations"], lanes=ARGON2["parallelism"])


class Implementation(StrEnum):
    """Who computes it. Both release the interpreter's lock meanwhile."""

    REFERENCE = "argon2-cffi"
    """The reference implementation as PyPI has it: what a Python server has."""
    OURS = "libsodium"

    def hash_once(self) -> None:
        """With a salt of its own."""
        salt = os.urandom(_SALT_BYTES)
        if self is Implementation.OURS:
            make_hash(PASSWORD.encode(), salt, _PROFILE)
        else:
            cost = (_PROFILE.passes, _PROFILE.memory_kib, _PROFILE.lanes)
            hash_secret(PASSWORD.encode(), salt, *cost, _DIGEST_BYTES, Type.ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a machine can hash."""

    a_second: float
    a_core_second: float
    """For each second that a core really spent on it: other programs do not count."""


def bare_capacity(
    implementation: Implementation,
    slots: int,
    seconds: float,
    load: Callable[[], object] | None = None,
    *,
    processes: int = 1,
) -> Capacity:
    """Of so many threads, as nice as the server's, in one program or in several; beside `load`, if any."""
    command = (sys.executable, "-m", "bench.hashing", implementation, str(slots // processes), str(seconds))
    with ExitStack() as stack:
        begun = [
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))  # noqa: S603 (ours)
            for _ in range(processes)
        ]
        if load is not None:
            load()
        told = [tuple(map(float, one.communicate()[0].split())) for one in begun]
    return Capacity(
        a_second=sum(a_second for a_second, _ in told),
        a_core_second=sum(a_core_second for _, a_core_second in told) / processes,
    )


def _hash(implementation: Implementation, slots: int, seconds: float) -> Capacity:
    counts, used = [0] * slots, [0.0] * slots
    began = time.perf_counter()

    def work(number: int) -> None:
        stand_back()
        while time.perf_counter() < began + seconds:
            implementation.hash_once()
            counts[number] += 1
        used[number] = time.thread_time()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(slots)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Capacity(a_second=sum(counts) / (time.perf_counter() - began), a_core_second=sum(counts) / sum(used))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Only hash, in so many threads; prints what Capacity has.")
    parser.add_argument("implementation", type=Implementation)
    parser.add_argument("slots", type=int)
    parser.add_argument("seconds", type=float)
    given = parser.parse_args()
    found = _hash(given.implementation, given.slots, given.seconds)
    print(found.a_second, found.a_core_second)
