"""Beginning a thread where memory may end."""

from __future__ import annotations

from _thread import start_new_thread
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable


class NoThread(Fault):
    """The system has no thread to give now."""


def begin(work: Callable[..., object], *arguments: object) -> None:
    """Have the work done in a thread of its own. Never waits, and does not promise that the thread arrives.

    `Thread.start` does wait for its arrival, and for ever where it ends for want of memory before.
    Raises NoThread.
    """
    try:
        start_new_thread(work, arguments)
    except (RuntimeError, MemoryError):
        raise NoThread("no thread can be begun now") from None
