"""A machine's two clocks, for tests of time."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.core.clock import SteadyClock

START = 1_800_000_000


@dataclass
class Machine:
    """One clock that can be set, and one that cannot."""

    wall: float = START
    up: float = 5.0

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.up += seconds

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.up)
