"""Whose time the cores' was, and the least that answers as many requests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HASHING, LOOP, THREADS = "hashing", "event loop", "its other threads and its parent"
GENERATOR, OTHERS, IDLE = "load generator", "other programs and the system", "idle"
_NICE, _USED, _PARTS = 16, slice(11, 13), 8
"""proc(5): where /proc/PID/stat has these after the name; how many of /proc/stat's numbers are not of guests."""
_IDLE = slice(3, 5)
_PROCESS = 2
"""Where a thread's path has the id of its process."""


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
    threads = [thread for one in Tree(server).members() for thread in Path(f"/proc/{one}/task").iterdir()]
    numbers = {thread: (thread / "stat").read_text(encoding="ascii").rpartition(") ")[2].split() for thread in threads}
    main = {thread for thread in threads if thread.name == thread.parts[_PROCESS] and numbers[thread][_NICE] == "0"}
    loops = {thread for thread in main if thread.name != str(server)} or main
    for thread, fields in numbers.items():
        whose = HASHING if fields[_NICE] != "0" else LOOP if thread in loops else THREADS
        known[whose] += sum(map(int, fields[_USED])) / ticks
    idle = sum(machine[_IDLE])
    return {**known, OTHERS: sum(machine) - idle - sum(known.values()), IDLE: idle}
