"""Password hashes in processes of their own: they share neither memory nor Python's lock with what answers."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

from dragoman.hashing.processes import CannotStart, HashProcesses
from dragoman.hashing.question import LONGEST, Asked, Outcome, Question, encode_cost, read_answer

if TYPE_CHECKING:
    from dragoman.hashing.formats.argon2 import Argon2Profile

_LOOK_SECONDS = 1.0


class HashesApart:
    """Asks the hash processes of a server, from as many threads as there are slots."""

    def __init__(self, asking: socket.socket, number: int, own: HashProcesses | None = None) -> None:
        """Asks there, so many things at once. `own`: the processes behind it, where this one begins and ends them."""
        self.number = number
        self._asking = asking
        self._own = own
        self._lock = threading.Lock()
        self._asked = 0

    @classmethod
    def alone(cls, number: int) -> HashesApart:
        """With at most so many processes of its own."""
        own = HashProcesses(number)
        return cls(own.asking, number, own)

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether it is the password's hash. Raises MemoryError, CannotStart."""
        return self._ask(Question(asked=Asked.VERIFY, about=stored.encode(), password=password)) != b""

    def make(self, password: bytes, salt: bytes, profile: Argon2Profile) -> str:
        """A hash to store. Raises MemoryError, CannotStart."""
        cost = encode_cost(profile.memory_kib, profile.passes, profile.lanes)
        return self._ask(Question(asked=Asked.MAKE, about=cost + salt, password=password)).decode()

    def close(self) -> None:
        """End the processes, if they are its own."""
        with self._lock:
            if self._own is not None:
                self._own.close()

    def _ask(self, question: Question) -> bytes:
        with self._lock:
            self._asked += 1
        try:
            self._begin_enough()
            answer = self._exchange(question.encode())
        finally:
            with self._lock:
                self._asked -= 1
        match read_answer(answer):
            case Outcome.DONE, text:
                return text
            case Outcome.FAULT, text:
                raise RuntimeError(text.decode())
            case Outcome.NOBODY, _:
                raise CannotStart
            case _:
                raise MemoryError

    def _begin_enough(self) -> None:
        if self._own is not None:
            with self._lock:
                self._own.begin_up_to(self._asked)

    def _exchange(self, question: bytes) -> bytes:
        """The answer. What ends a process before it gives one is, beside its server, the system in want of memory."""
        lost = Outcome.NO_MEMORY.value
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours:
                with theirs:  # whoever answers is then the only one who has it, so that its end is heard
                    socket.send_fds(self._asking, [question], [theirs.fileno()])
                return self._wait_at(ours) or lost
        except OSError:  # no descriptor left, or nobody there any more
            return lost

    def _wait_at(self, ours: socket.socket) -> bytes:
        if self._own is None:
            return ours.recv(LONGEST)
        ours.settimeout(_LOOK_SECONDS)
        while True:
            try:
                return ours.recv(LONGEST)
            except TimeoutError:  # the one who was to take it may have ended
                self._begin_enough()
