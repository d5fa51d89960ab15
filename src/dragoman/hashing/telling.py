"""What came of password hashes, told to the event loop several at a time while others wait (docs/adr/hash-slots.md)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_TOGETHER = 4
_LONGEST_SECONDS = 0.025
"""Two hashes. Who waits for his result has waited in line for longer than that."""


class Telling:
    """Tells one event loop.

    A hash reads and writes 19 MiB, and leaves nothing of the loop in the processor's caches. A result by itself costs
    the loop twice as much as the second of two.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._untold: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None

    def tell(self, settle: Callable[[], None], *, others_wait: bool) -> None:
        """Have the loop call it: at once, or, while others wait for a slot, with the next few. From any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self.loop.call_soon_threadsafe(self._take, settle, others_wait)

    def _take(self, settle: Callable[[], None], others_wait: bool) -> None:
        self._untold.append(settle)
        if not others_wait or len(self._untold) >= _TOGETHER:
            self._tell_all()
        elif self._timer is None:
            self._timer = self.loop.call_later(_LONGEST_SECONDS, self._tell_all)

    def _tell_all(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        untold, self._untold = self._untold, []
        for settle in untold:
            self.loop.call_soon(settle)  # what goes wrong with one is not its neighbours'
