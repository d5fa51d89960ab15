"""Password hashes in processes of their own: they share neither memory nor Python's lock with what answers.

What each process knows is what it was sent last: no key, no database, no socket. It ends with the server, however that
ends. Here are both ends of the pipe between them.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, cast

from dragoman.hashing.formats import argon2
from dragoman.hashing.formats.argon2 import Argon2Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.hashing.format import HashFormat

_CHILD = "from dragoman.hashing.apart import serve; serve()"
_NICENESS = 19
_PASSED_ON = ("PYTHON", "LD_", "LC_", "LANG", "GLIBC_", "MALLOC_")
_LENGTHS = struct.Struct("!cII")
"""What is asked, and how long the two parts of it are."""
_COST = struct.Struct("!III")
_ANSWER = struct.Struct("!cI")
_LONGEST_HASH_SECONDS = 120.0
"""After which a process that has not answered is taken for one that never will: who waits for it has long gone."""
_VERIFY, _MAKE = b"v", b"m"
_READY, _DONE, _NO_MEMORY, _FAULT = b"r", b"d", b"n", b"f"
_RIGHT = b"1"


class CannotStart(Exception):
    """No process can be had here."""


class _Process:
    """One of them, asked by one thread at a time."""

    def __init__(self) -> None:
        """Raises CannotStart."""
        try:
            self._child = subprocess.Popen(  # noqa: S603 (ours)
                (sys.executable, "-P", "-c", _CHILD), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()
            )
        except OSError as refused:
            raise CannotStart from refused
        self._to, self._from = cast("BinaryIO", self._child.stdin), cast("BinaryIO", self._child.stdout)
        if self._hear() != (_READY, b""):
            self.end()
            raise CannotStart

    def ask(self, what: bytes, first: bytes, password: bytes) -> tuple[bytes, bytes] | None:
        """What came of it, and its text; None where the process has ended, or stands still."""
        with suppress(BrokenPipeError):
            self._to.write(_LENGTHS.pack(what, len(first), len(password)) + first + password)
            self._to.flush()
        return self._hear()

    def _hear(self) -> tuple[bytes, bytes] | None:
        answering = select.poll()
        answering.register(self._from, select.POLLIN)
        if not answering.poll(_LONGEST_HASH_SECONDS * 1000):
            return None
        head = self._from.read(_ANSWER.size)
        if len(head) < _ANSWER.size:
            return None
        kind, length = _ANSWER.unpack(head)
        text = self._from.read(length)
        return (kind, text) if len(text) == length else None

    def end(self) -> None:
        """It has nothing to lose."""
        self._child.kill()
        with suppress(BrokenPipeError):
            self._to.close()
        self._from.close()
        self._child.wait()


class Apart:
    """As many processes as threads ask at once, begun when they are first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._resting: list[_Process] = []
        self._closed = False

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether it is the password's hash. Raises MemoryError, CannotStart."""
        return self._ask(_VERIFY, stored.encode(), password) == _RIGHT

    def make(self, password: bytes, salt: bytes, profile: Argon2Profile) -> str:
        """A hash to store. Raises MemoryError, CannotStart."""
        return self._ask(_MAKE, _COST.pack(profile.memory_kib, profile.passes, profile.lanes) + salt, password).decode()

    def close(self) -> None:
        """End those that rest now, and each other one when it is done."""
        with self._lock:
            self._closed = True
            resting, self._resting = self._resting, []
        for process in resting:
            process.end()

    def _ask(self, what: bytes, first: bytes, password: bytes) -> bytes:
        with self._lock:
            process = self._resting.pop() if self._resting else None
        process = process or _Process()
        answer = None
        try:
            answer = process.ask(what, first, password)
        finally:  # one that still owes an answer would give it to the next who asks
            if answer is None:
                process.end()
            else:
                self._give_back(process)
        kind, text = answer or (_NO_MEMORY, b"")  # what ends one, beside its server, is the system in want of memory
        if kind == _NO_MEMORY:
            raise MemoryError
        if kind == _FAULT:
            raise RuntimeError(text.decode())
        return text

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            if not self._closed:
                self._resting.append(process)
                return
        process.end()


def _environment() -> Mapping[str, str]:
    """What Python and the C library need, and nothing else: some of the rest are secrets."""
    return {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}


def serve() -> None:
    """The other end: answer what is asked until nobody is there to ask."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # who stops the server wants this hash finished
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError):  # a service manager may forbid it
        os.nice(_NICENESS)
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    with suppress(BrokenPipeError):
        _tell(answers, _READY, b"")
        while len(head := asked.read(_LENGTHS.size)) == _LENGTHS.size:
            what, first, second = _LENGTHS.unpack(head)
            _tell(answers, *_answer(what, asked.read(first), asked.read(second)))
    os._exit(0)


def _tell(answers: BinaryIO, kind: bytes, text: bytes) -> None:
    answers.write(_ANSWER.pack(kind, len(text)) + text)
    answers.flush()


def _answer(what: bytes, first: bytes, password: bytes) -> tuple[bytes, bytes]:
    try:
        if what == _MAKE:
            memory_kib, passes, lanes = _COST.unpack_from(first)
            profile = Argon2Profile(memory_kib=memory_kib, passes=passes, lanes=lanes)
            return _DONE, argon2.make_hash(password, first[_COST.size :], profile).encode()
        stored = first.decode()
        return _DONE, _RIGHT if _format_of(stored).verify(stored, password) else b""
    except MemoryError:
        return _NO_MEMORY, b""
    except Exception:  # noqa: BLE001 (whoever asked raises it)
        return _FAULT, traceback.format_exc().encode()


def _format_of(stored: str) -> HashFormat:
    if argon2.identify(stored):
        return argon2
    from dragoman.hashing.format import load_formats  # noqa: PLC0415 (most processes never need the others)

    return next(one for one in load_formats() if one.identify(stored))
