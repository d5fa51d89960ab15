"""Whether workers still turn: each is heard now and then as long as its event loop does, and who is not hangs.

A loop that stands still, in a call that does not return, in a deadlock, or because its process was stopped, answers
nobody, and holds the connections that it has taken. Nobody else would notice.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LONGEST_TURN_SECONDS = 5.0
_TURNS = 4
"""So many times a worker is heard, and looked at, while it may be silent."""
_DUMP_SECONDS = 0.5
_QUIET_SECONDS = 0.05
_LOOK_SECONDS = 0.01
_MOST_BYTES = 2**16

ASKING = signal.SIGUSR2
"""Asks a worker where its threads stand."""


def turn_seconds(patience: float) -> float:
    """How often a worker is heard that may be silent for so many seconds."""
    return min(_LONGEST_TURN_SECONDS, patience / _TURNS)


class Watch:
    """How long each worker has been silent, in seconds in which this process was itself awake.

    A machine that was suspended, or a container that was paused, stops parent and workers alike: nobody hangs for that.
    So a turn of the parent's counts as a turn, however long it seems to have taken.
    """

    def __init__(self, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Who is silent for `patience` seconds hangs; 0: nobody ever does. `clock` is monotonic."""
        self._patience = patience
        self._turn = turn_seconds(patience)
        self._clock = clock
        self._looked = clock()
        self._awake = 0.0
        self._heard: dict[int, float] = {}

    def hear(self, pid: int) -> None:
        """This worker's loop turns; it is watched from now on."""
        self._heard[pid] = self._count()

    def forget(self, pid: int) -> None:
        """Watch this one no more."""
        self._heard.pop(pid, None)

    def look(self) -> Sequence[int]:
        """Who hangs. To be asked at each turn, and by `next_moment` at the latest."""
        awake = self._count()
        return [pid for pid, heard in self._heard.items() if 0 < self._patience <= awake - heard]

    def next_moment(self) -> float | None:
        """When to look again at the latest (monotonic); None where there is nobody to look at."""
        return self._looked + self._turn if self._patience and self._heard else None

    def _count(self) -> float:
        now = self._clock()
        self._awake += min(now - self._looked, self._turn)
        self._looked = now
        return self._awake


class Positions:
    """Where the threads of a worker stand: its interpreter writes it down itself, even if it runs no more Python.

    File, line and function of each call, and no value of anything (`faulthandler`).
    """

    def __init__(self) -> None:
        reading, writing = os.pipe()
        for end in (reading, writing):  # nobody waits here: what finds no room is lost
            os.set_blocking(end, False)
        self.writing = writing
        """The descriptor that workers write to."""
        self.not_a_workers = os.fdopen(reading, "rb", buffering=0)
        """The other end, which a worker has to close."""

    def of(self, pid: int) -> Sequence[str]:
        """The lines that this worker writes, within half a second; none where it is stopped. It has registered."""
        self._read()
        os.kill(pid, ASKING)
        told, until = b"", time.monotonic() + _DUMP_SECONDS
        while (now := time.monotonic()) < until:
            time.sleep(_LOOK_SECONDS)
            if more := self._read():
                told += more
                until = min(until, now + _QUIET_SECONDS) if len(told) >= _MOST_BYTES else now + _QUIET_SECONDS
        return [line.strip() for line in told.decode(errors="replace").splitlines() if line.strip()]

    def close(self) -> None:
        """Let go of both ends."""
        self.not_a_workers.close()
        os.close(self.writing)

    def _read(self) -> bytes:
        return self.not_a_workers.read(_MOST_BYTES) or b""
