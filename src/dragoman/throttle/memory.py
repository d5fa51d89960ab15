"""The piece of memory that the counters are in, for one process or for all workers of a server."""

from __future__ import annotations

import fcntl
import mmap
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from dragoman.throttle.table import SET_BYTES, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from dragoman.core.throttle import Policy

_ACCOUNTS: Final = 32768
_KNOWN: Final = 4096
"""A table of its own: only where somebody has logged in is there anything in it, so junk cannot fill it."""
_ADDRESSES: Final = 8192
_CLIENTS: Final = 128
MEMORY_BYTES: Final = (_ACCOUNTS + _KNOWN + _ADDRESSES + _CLIENTS) * SET_BYTES
"""Nineteen megabytes, of which nothing is taken that was never used. The same for every configuration: a server that is
reloaded keeps it."""
_TRIES = 50
_PAUSE_SECONDS = 0.0002


class Stuck(Exception):
    """Another worker has the memory and does not let go of it: it was stopped in a moment of microseconds."""


class Memory:
    """The counters of every kind, and how to be alone with them."""

    def __init__(self, policy: Policy, descriptor: int | None = None) -> None:
        """`descriptor` is of the memory that workers share; without one it is this process's own."""
        whole = mmap.mmap(-1 if descriptor is None else descriptor, MEMORY_BYTES)
        self.strangers = Table(whole, 0, _ACCOUNTS, policy.strangers)
        self.known = Table(whole, _ACCOUNTS * SET_BYTES, _KNOWN, policy.known)
        self.addresses = Table(whole, (_ACCOUNTS + _KNOWN) * SET_BYTES, _ADDRESSES, policy.address)
        self.clients = Table(whole, (_ACCOUNTS + _KNOWN + _ADDRESSES) * SET_BYTES, _CLIENTS, policy.client)
        self.alone: Callable[[], AbstractContextManager[None]]
        """For as long as the block lasts. Raises Stuck."""
        self.alone = nullcontext if descriptor is None else _Turns(descriptor).take


class _Turns:
    """One process at a time. The kernel ends the turn of one that is killed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @contextmanager
    def take(self) -> Iterator[None]:
        """A turn takes microseconds, so this waits for ten milliseconds at most. Raises Stuck."""
        for _ in range(_TRIES):
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(_PAUSE_SECONDS)
        else:
            raise Stuck
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)
