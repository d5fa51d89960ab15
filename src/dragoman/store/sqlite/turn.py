"""Whose turn it is to write: one process after the other, handed on by the kernel.

SQLite's own lock is waited for by sleeping and asking again, and who asks more often gets it more often: beside three
busy writers the fourth waited for seconds. The kernel wakes whoever waits for a file lock, and drops the lock of a
process that was killed. SQLite's lock still stands behind it, for programs that know nothing of this one.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from dragoman.store.faults import StoreFault
from dragoman.store.sqlite.file import beside

if TYPE_CHECKING:
    from pathlib import Path


class Turn:
    """One process's claim to write. Belongs to the one thread that writes."""

    def __init__(self, path: Path) -> None:
        """`path` is the database's. Raises StoreFault."""
        file = beside(path, ".turn")
        try:
            self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreFault(f"The lock file {file} cannot be opened: {error.strerror}.") from error

    def take_if_free(self) -> bool:
        """Take it, unless another process has it."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self) -> None:
        """Take it when those before have given it up, however long that takes."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def give_up(self) -> None:
        """Let the next one have it."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give it up for good."""
        os.close(self._descriptor)
