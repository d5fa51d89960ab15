"""What a server asks its hash processes, and what they answer: a datagram each way (docs/adr/hash-slots.md)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum

LONGEST = 2**16
"""Bytes of a datagram; hashes and passwords are far shorter."""
LEAVE = b"l"
"""Asks for the end of one process, whichever takes it."""
_HEAD = struct.Struct("!cI")
_COST = struct.Struct("!III")


class Asked(Enum):
    """What a question is about."""

    VERIFY = b"v"
    """Whether a password is that of a stored hash."""
    MAKE = b"m"
    """A hash to store."""


class Outcome(Enum):
    """What came of it."""

    DONE = b"d"
    NO_MEMORY = b"n"
    FAULT = b"f"
    """The text is the traceback."""
    NOBODY = b"0"
    """No process can be had now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One hash to compute."""

    asked: Asked
    about: bytes
    """The stored hash, or cost and salt of the one to make."""
    password: bytes

    def encode(self) -> bytes:
        """As a datagram."""
        return _HEAD.pack(self.asked.value, len(self.about)) + self.about + self.password


def read_question(datagram: bytes) -> Question:
    """What was asked."""
    asked, length = _HEAD.unpack_from(datagram)
    about, password = datagram[_HEAD.size : _HEAD.size + length], datagram[_HEAD.size + length :]
    return Question(asked=Asked(asked), about=about, password=password)


def encode_answer(outcome: Outcome, text: bytes = b"") -> bytes:
    """As a datagram."""
    return outcome.value + text[: LONGEST - 1]


def read_answer(datagram: bytes) -> tuple[Outcome, bytes]:
    """What came of it, and its text."""
    return Outcome(datagram[:1]), datagram[1:]


def encode_cost(memory_kib: int, passes: int, lanes: int) -> bytes:
    """Of a hash to make; its salt follows."""
    return _COST.pack(memory_kib, passes, lanes)


def read_cost(about: bytes) -> tuple[int, int, int, bytes]:
    """Memory in KiB, passes, lanes, and the salt."""
    memory_kib, passes, lanes = _COST.unpack_from(about)
    return memory_kib, passes, lanes, about[_COST.size :]
