"""The one thread that sees to a piece of work."""

from __future__ import annotations

from threading import Lock, get_ident
from time import monotonic
from typing import TYPE_CHECKING

from dragoman.threads.beginning import begin

if TYPE_CHECKING:
    from collections.abc import Callable

ARRIVAL_SECONDS = 0.5
"""After which a thread that has not arrived is taken for one that ended for want of memory."""


class LoneThread:
    """Does the work in a thread, and never in two: of several that were begun, the first to arrive does it."""

    def __init__(self, work: Callable[[], object]) -> None:
        """`work` is done from the thread's arrival on; when it returns or raises, the thread ends."""
        self._work = work
        self._lock = Lock()
        self._present: int | None = None
        self._begun = float("-inf")

    @property
    def present(self) -> bool:
        """Whether a thread has arrived, and not left."""
        return self._present is not None

    @property
    def is_overdue(self) -> bool:
        """Whether none is there, and none that was begun can be on its way still."""
        return self._present is None and monotonic() - self._begun >= ARRIVAL_SECONDS

    def begin(self) -> None:
        """Begin one, also where another may be on its way. Raises NoThread."""
        self._begun = monotonic()
        begin(self._run)

    def leave(self) -> None:
        """Said by the work once it has decided to end, so that whoever finds none present may rely on it.

        Where somebody may want the work just then, decision and word belong under the lock of those who want it.
        """
        self._present = None

    def _run(self) -> None:
        this = get_ident()
        with self._lock:
            if self._present is not None:
                return
            self._present = this
        try:
            self._work()
        finally:
            with self._lock:
                if self._present == this:  # else it has left, and another may be there
                    self._present = None
