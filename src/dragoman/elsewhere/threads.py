"""Threads for what can only be waited for in one: never more than so many, and called back when nobody waits."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from dragoman.elsewhere.faults import Away

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


class Leash:
    """A means to call a waiting thread back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cut: Callable[[], object] | None = None
        self._pulled = False

    @property
    def pulled(self) -> bool:
        """Whether nobody waits any more."""
        return self._pulled

    def tie(self, cut: Callable[[], object]) -> None:
        """What ends the wait of this thread, from another one; at once where nobody waits any more."""
        with self._lock:
            self._cut = cut
            pulled = self._pulled
        if pulled:
            _end(cut)

    def pull(self) -> None:
        """Call the thread back: nobody waits for it any more."""
        with self._lock:
            self._pulled = True
            cut = self._cut
        if cut is not None:
            _end(cut)


class Threads:
    """Does so many things at once, each in a thread; what finds none free is not begun."""

    def __init__(self, number: int) -> None:
        """`number` is how many threads there may be; each is begun when it is needed first."""
        self._number = number
        self._busy = 0
        self._executor = ThreadPoolExecutor(number, thread_name_prefix="elsewhere")

    async def run(self, work: Callable[[Leash], Found]) -> Found:
        """What the work comes to. Raises Away where all threads hang, and what the work raises."""
        if self._busy >= self._number:
            raise Away("all threads wait for it in vain")
        leash = Leash()
        self._busy += 1
        begun = asyncio.get_running_loop().run_in_executor(self._executor, work, leash)
        begun.add_done_callback(self._ended)
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            leash.pull()
            raise

    def close(self) -> None:
        """Let the threads end; nobody waits for them."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _ended(self, begun: asyncio.Future[Found]) -> None:
        self._busy -= 1
        if not begun.cancelled():
            begun.exception()  # nobody else may be there to hear of it


def _end(cut: Callable[[], object]) -> None:
    with suppress(Exception):  # it has ended by itself
        cut()
