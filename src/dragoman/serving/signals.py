"""Signals as something to wait for beside other descriptors."""

from __future__ import annotations

import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

_LONGEST_TURN = 4096


class Signals:
    """These signals do nothing by themselves any more until the block ends; they can be taken one after the other."""

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers
        self._ours, self._theirs = socket.socketpair()

    def __enter__(self) -> Self:
        for end in (self._ours, self._theirs):
            end.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._handlers = [signal.signal(number, _do_nothing) for number in self._numbers]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in zip(self._numbers, self._handlers, strict=True):
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self.close()

    def fileno(self) -> int:
        """Readable when a signal has come."""
        return self._ours.fileno()

    def take(self) -> Sequence[int]:
        """The signals that have come since the last call, in order."""
        try:
            return tuple(self._ours.recv(_LONGEST_TURN))
        except BlockingIOError:
            return ()

    def close(self) -> None:
        """Let go of the descriptors alone, as a child has to."""
        self._ours.close()
        self._theirs.close()


@contextmanager
def kept(*numbers: signal.Signals) -> Iterator[None]:
    """These signals wait until `let_in`; what then still waits at the end of the block is forgotten."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        while waiting := signal.sigpending() & set(numbers):
            signal.sigwait(waiting)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_in(*numbers: signal.Signals) -> None:
    """What was kept of these signals comes now, and the next ones as they come."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Python writes the number to the descriptor by itself."""
