"""The hash processes of a server: begun when they are first needed, never more than there are slots.

All of them take what is asked from one socket, which all workers share: whoever is free takes the next. So slots are
the server's, not a worker's, and a worker that ends takes none along. They end with the server, however that ends.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, cast

from dragoman.hashing.question import LEAVE, LONGEST, Outcome, encode_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHILD = "from dragoman.hashing.computing import serve; serve()"
_START_SECONDS = 20.0
_WAKING_SECONDS = 0.005
_TRIES = 3
_NEXT_TRY_SECONDS = 60.0
"""After a process that could not be had: a want of memory or of processes may pass."""
_PASSED_ON = ("PYTHON", "LD_", "LC_", "LANG", "GLIBC_", "MALLOC_")


class CannotStart(Exception):
    """No process can be had here."""


class HashProcesses:
    """Held by one process of a server; no two threads of it may use this at once."""

    def __init__(self, number: int) -> None:
        """At most so many."""
        self.number = number
        self.asking, self._asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._living: list[subprocess.Popen[bytes]] = []
        self._next_try = 0.0

    @property
    def watched(self) -> socket.socket | None:
        """What can be read while a question waits and another process might take it; to be tended then."""
        if self._living and (len(self._living) >= self.number or time.monotonic() < self._next_try):
            return None
        return self._asked

    @property
    def not_a_workers(self) -> socket.socket:
        """What a forked worker has to close: it asks, and never answers."""
        return self._asked

    def tend(self) -> None:
        """Bury who has ended; begin another process if a question waits for one, and if none can be had now, say so."""
        self._bury()
        if self.watched is None or not self._somebody_waits():
            return
        with suppress(CannotStart):
            if time.monotonic() >= self._next_try:
                self._begin()
                return
        if not self._living:
            self._turn_away()

    def _somebody_waits(self) -> bool:
        """Longer than one who rests takes to wake up."""
        if _is_readable(self._asked) and self._living:
            time.sleep(_WAKING_SECONDS)
        return _is_readable(self._asked)

    def begin_up_to(self, number: int) -> None:
        """So many live now, or all that may. Raises CannotStart."""
        self._bury()
        while len(self._living) < min(number, self.number):
            self._begin()

    def resize(self, number: int) -> None:
        """At most so many from now on; of those who are too many, each leaves when it is asked next."""
        surplus = len(self._living) - number
        self.number = number
        with suppress(BlockingIOError):  # so much to do that nobody is asked: they stay until the server ends
            for _ in range(surplus):
                self.asking.send(LEAVE, socket.MSG_DONTWAIT)

    def close(self) -> None:
        """End all of them, and begin none any more. They have nothing to lose."""
        self.number = 0
        self.asking.close()
        self._asked.close()
        for one in self._living:
            one.kill()
        for one in self._living:
            one.wait()
        self._living.clear()

    def _bury(self) -> None:
        """Who was stopped is ended: nobody would ever be answered by him."""
        for one in self._living:
            if one.poll() is None and os.waitid(os.P_PID, one.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT):
                one.kill()
                one.wait()
        self._living = [one for one in self._living if one.poll() is None]

    def _begin(self) -> None:
        """Raises CannotStart. Who was killed before he was ready says nothing about the next."""
        for _ in range(_TRIES):
            try:
                child = subprocess.Popen(  # noqa: S603 (ours)
                    (sys.executable, "-P", "-c", _CHILD),
                    stdin=self._asked.fileno(),
                    stdout=subprocess.PIPE,
                    env=_environment(),
                )
            except OSError:
                break
            with cast("BinaryIO", child.stdout) as told:
                heard = _is_readable(told, _START_SECONDS)
                if heard and told.read(1):
                    self._living.append(child)
                    return
            child.kill()
            if child.wait() >= 0 or not heard:
                break
        self._next_try = time.monotonic() + _NEXT_TRY_SECONDS
        raise CannotStart

    def _turn_away(self) -> None:
        """Tell all who wait that there is nobody to compute for them."""
        while _is_readable(self._asked):
            _, descriptors, _, _ = socket.recv_fds(self._asked, LONGEST, 1)
            for descriptor in descriptors:
                with socket.socket(fileno=descriptor) as asking, suppress(OSError):
                    asking.send(encode_answer(Outcome.NOBODY))


def _is_readable(what: socket.socket | BinaryIO, seconds: float = 0.0) -> bool:
    poll = select.poll()
    poll.register(what, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _environment() -> Mapping[str, str]:
    """What Python and the C library need, and nothing else: some of the rest are secrets."""
    return {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
