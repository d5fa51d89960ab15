"""A process that computes password hashes and does nothing else: what `processes` begins.

What it knows is what it was sent last: no key, no database, no other socket than the one it was begun with.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from dragoman.hashing.formats import argon2
from dragoman.hashing.formats.argon2 import Argon2Profile
from dragoman.hashing.priority import stand_back
from dragoman.hashing.question import LONGEST, Asked, Outcome, Question, encode_answer, read_cost, read_question

if TYPE_CHECKING:
    from dragoman.hashing.format import HashFormat

READY = b"r"
"""What it says to standard output once it can be asked."""
_RIGHT = b"1"


def serve() -> None:
    """Answer what comes to standard input, a socket, until nobody is left who could ask, or it is told to leave."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # who stops the server wants this hash finished
        signal.signal(number, signal.SIG_IGN)
    stand_back()
    asked = socket.socket(fileno=sys.stdin.fileno())
    os.write(sys.stdout.fileno(), READY)
    os.close(sys.stdout.fileno())
    while True:
        datagram, descriptors, _, _ = socket.recv_fds(asked, LONGEST, 1)
        if not descriptors:
            os._exit(0)
        with socket.socket(fileno=descriptors[0]) as asking, suppress(OSError):  # it may have gone
            asking.send(_answer(read_question(datagram)))


def _answer(question: Question) -> bytes:
    try:
        if question.asked is Asked.MAKE:
            memory_kib, passes, lanes, salt = read_cost(question.about)
            profile = Argon2Profile(memory_kib=memory_kib, passes=passes, lanes=lanes)
            return encode_answer(Outcome.DONE, argon2.make_hash(question.password, salt, profile).encode())
        stored = question.about.decode()
        return encode_answer(Outcome.DONE, _RIGHT if _format_of(stored).verify(stored, question.password) else b"")
    except MemoryError:
        return encode_answer(Outcome.NO_MEMORY)
    except Exception:  # noqa: BLE001 (whoever asked raises it)
        return encode_answer(Outcome.FAULT, traceback.format_exc().encode())


def _format_of(stored: str) -> HashFormat:
    if argon2.identify(stored):
        return argon2
    from dragoman.hashing.format import load_formats  # noqa: PLC0415 (most processes never need the others)

    return next(one for one in load_formats() if one.identify(stored))
