"""The server's clock: never backwards, whatever happens to the machine's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TOLERANCE = 60
"""Seconds by which a machine's clock may be behind what was given out before, and still be believed."""


class SteadyClock:
    """Epoch seconds that never go back: what has expired stays expired.

    A machine's clock that is behind by up to TOLERANCE is waited for: the time stands still until it has caught up.
    Farther behind it is not believed, and the seconds go on by a clock that nobody can set.
    """

    def __init__(self, wall: Callable[[], float], elapsed: Callable[[], float]) -> None:
        """`wall` gives epoch seconds; `elapsed` gives seconds since any moment, and only ever more of them."""
        self._wall = wall
        self._elapsed = elapsed
        self._given = 0
        self._latest = 0.0
        self._latest_at = elapsed()

    def __call__(self) -> int:
        """The time now; never less than before."""
        wall, elapsed = self._wall(), self._elapsed()
        counted = self._latest + elapsed - self._latest_at
        if wall >= counted:
            self._latest, self._latest_at = wall, elapsed
        self._given = max(self._given, int(counted if counted - wall > TOLERANCE else wall))
        return self._given

    def count_on_from(self, mark: int, earliest: int = 0) -> None:
        """Go on where earlier servers and other machines were; both are epoch seconds.

        `mark` is the latest time that any of them noted: a machine that is behind it by more than TOLERANCE is not
        believed. `earliest` is a time that is never gone below, whoever is right.
        """
        elapsed = self._elapsed()
        if mark > self._latest + elapsed - self._latest_at:
            self._latest, self._latest_at = float(mark), elapsed
        self._given = max(self._given, earliest)

    @property
    def behind(self) -> int:
        """By how many seconds the machine's clock is behind and not believed; 0 where it is."""
        seconds = self._latest + self._elapsed() - self._latest_at - self._wall()
        return int(seconds) if seconds > TOLERANCE else 0
