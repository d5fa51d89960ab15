"""Rounds that Python counts hold its interpreter; other threads, the event loop first of all, get it in between."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUNDS = 256
"""At once: a quarter of a millisecond with a usual password. Left alone, Python would change threads every five."""
_PAUSE = 1e-6
"""Seconds; the system makes some fifty microseconds of it. With none, this thread would be the next one again."""


def in_turns(rounds: int) -> Iterator[range]:
    """All numbers from 0 to `rounds`, in ranges between which the interpreter is let go."""
    for start in range(0, rounds, _ROUNDS):
        if start:
            time.sleep(_PAUSE)
        yield range(start, min(start + _ROUNDS, rounds))
