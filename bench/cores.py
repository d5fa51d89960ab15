"""Whose time the cores' was, and how many hashes they make of it with nothing, or next to nothing, to do besides."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.installation import PASSWORD

from dragoman.hashing.formats.argon2 import Argon2Profile, make_hash
from dragoman.hashing.slots import stand_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HASHING, LOOP, THREADS = "hash threads", "event loop", "its other threads and its parent"
GENERATOR, OTHERS, IDLE = "load generator", "other programs and the system", "idle"
_NICE, _USED, _PARTS = 16, slice(11, 13), 8
"""proc(5): where /proc/PID/stat has these after the name; how many of /proc/stat's numbers are not of guests."""
_IDLE = slice(3, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a machine can hash."""

    a_second: float
    a_core_second: float
    """For each second that a core really spent on it: other programs do not count."""


def bare_capacity(slots: int, seconds: float, load: Callable[[], object] | None = None) -> Capacity:
    """Of so many threads of a process of their own, as nice as the server's; beside `load`, if any."""
    command = (sys.executable, "-m", "bench.cores", str(slots), str(seconds))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 (ours)
        if load is not None:
            load()
        told, _ = process.communicate()
    a_second, a_core_second = map(float, told.split())
    return Capacity(a_second=a_second, a_core_second=a_core_second)


@contextmanager
def constant_answers() -> Iterator[int]:
    """The port of a server that refuses everything in the cheapest way."""
    with subprocess.Popen((sys.executable, "-m", "bench.constant"), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            process.terminate()


def core_seconds(server: int) -> Mapping[str, float]:
    """Whose the cores' time was since the machine was started; `server` is the parent of its workers."""
    ticks = os.sysconf("SC_CLK_TCK")
    machine = [int(one) / ticks for one in Path("/proc/stat").read_text(encoding="ascii").split()[1 : 1 + _PARTS]]
    known = {GENERATOR: time.process_time(), HASHING: 0.0, LOOP: 0.0, THREADS: 0.0}
    children = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii").split()
    for process in (str(server), *children):
        for thread in Path(f"/proc/{process}/task").iterdir():
            numbers = (thread / "stat").read_text(encoding="ascii").rpartition(") ")[2].split()
            answers = thread.name == process and (process in children or not children)
            whose = HASHING if numbers[_NICE] != "0" else LOOP if answers else THREADS
            known[whose] += sum(map(int, numbers[_USED])) / ticks
    idle = sum(machine[_IDLE])
    return {**known, OTHERS: sum(machine) - idle - sum(known.values()), IDLE: idle}


def _hash(slots: int, seconds: float) -> Capacity:
    counts, used = [0] * slots, [0.0] * slots
    began = time.perf_counter()

    def work(number: int) -> None:
        stand_back()
        while time.perf_counter() < began + seconds:
            make_hash(PASSWORD.encode(), os.urandom(16), Argon2Profile())
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
    parser.add_argument("slots", type=int)
    parser.add_argument("seconds", type=float)
    given = parser.parse_args()
    found = _hash(given.slots, given.seconds)
    print(found.a_second, found.a_core_second)
