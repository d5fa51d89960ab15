"""A circuit breaker: when to try again what has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_SECONDS = 0.1
_LONGEST_SECONDS = 5.0
_LASTING_SECONDS = 10.0
"""What went well for less than this is not taken for a recovery."""
_MOST_DOUBLINGS = 16


class Circuit:
    """Open for a moment after a failure, and longer each time it fails again; half of each wait is left to chance.

    So a server that has just come back is not met by all processes at once.
    """

    def __init__(self, monotonic: Callable[[], float], draw: Callable[[], float]) -> None:
        """`monotonic` gives seconds; `draw` a number from 0 to 1."""
        self._monotonic = monotonic
        self._draw = draw
        self._failures = 0
        self._not_before = 0.0
        self._well_since: float | None = None

    def wait_seconds(self) -> float:
        """How long nothing may be tried yet; 0 where it may be tried now."""
        return max(0.0, self._not_before - self._monotonic()) if self._failures else 0.0

    def succeeded(self) -> None:
        """Note that what is asked works again."""
        if self._well_since is None:
            self._well_since = self._monotonic()

    def failed(self) -> None:
        """Note a failure: nothing is tried for a moment."""
        now = self._monotonic()
        if self._well_since is not None and now - self._well_since >= _LASTING_SECONDS:
            self._failures = 0
        self._well_since = None
        longest = min(_FIRST_SECONDS * (1 << min(self._failures, _MOST_DOUBLINGS)), _LONGEST_SECONDS)
        self._failures += 1
        self._not_before = now + longest * (0.5 + self._draw() / 2)
