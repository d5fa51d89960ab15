"""Whole lines on a stream that several processes share, such as the standard error of all workers."""

from __future__ import annotations

import fcntl
import io
import os
import select
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator


def pieces_of(batch: bytes) -> Iterator[bytes]:
    """The batch in pieces of whole lines that a pipe takes at once (pipe(7)); a line longer than that is its own piece.

    So a process that is killed while it writes leaves no half of a short line.
    """
    begin = 0
    while begin < len(batch):
        end = batch.rfind(b"\n", begin, begin + select.PIPE_BUF) + 1
        if end == 0:
            end = batch.find(b"\n", begin) + 1 or len(batch)
        yield batch[begin:end]
        begin = end


def is_file(descriptor: int) -> bool:
    """Whether one write there follows the other by itself, however long they are."""
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


@contextmanager
def alone_on(descriptor: int, *, wait: bool = True) -> Iterator[None]:
    """Nobody else who comes through here writes to it meanwhile; the kernel ends it with the process.

    A file needs none of this, and what knows no locks is written to all the same. Without `wait`, raises
    BlockingIOError where somebody else is writing.
    """
    if is_file(descriptor):
        yield
        return
    locked = _lock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield
    finally:
        if locked:
            fcntl.lockf(descriptor, fcntl.LOCK_UN)


def _lock(descriptor: int, operation: int) -> bool:
    try:
        fcntl.lockf(descriptor, operation)
    except (BlockingIOError, PermissionError):  # POSIX lets a taken lock be either
        if operation & fcntl.LOCK_NB:
            raise BlockingIOError from None
        return False
    except OSError:
        return False
    return True


class Stream(Protocol):
    """Where lines can be written."""

    def write(self, lines: bytes, /) -> object:
        """Take them. Raises OSError, ValueError."""
        ...

    def flush(self) -> None:
        """Pass on what was taken."""
        ...

    def fileno(self) -> int:
        """The file descriptor behind it. Raises OSError, ValueError where there is none."""
        ...


class Unhurried:
    """A stream in front of another that never keeps its writer waiting, for a process that must not wait."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rest: list[bytes] = []

    def fileno(self) -> int:
        """Its descriptor is none that others may write to."""
        raise io.UnsupportedOperation

    def flush(self) -> None:
        """Nothing to pass on: what is taken is written, or goes with the next lines."""

    def write(self, lines: bytes, /) -> None:
        """Take all or nothing. Raises BlockingIOError while nobody reads, or another process is writing.

        All is taken once any of it is written; what is left of it goes before the next lines.
        """
        waiting = [*self._rest, *pieces_of(lines)]
        old = len(self._rest)
        for number, piece in enumerate(waiting):
            written = self._write_now(piece)
            if written < len(piece):
                left = [piece[written:], *waiting[number + 1 :]]
                if number < old or (number == old and not written):
                    self._rest = left[: max(0, old - number)]
                    raise BlockingIOError
                self._rest = left
                return
        self._rest = []

    def _write_now(self, piece: bytes) -> int:
        """How many bytes were written without waiting; a pipe that can be written to takes so many at once."""
        try:
            descriptor = self._stream.fileno()
        except OSError:
            self._stream.write(piece.decode())
            return len(piece)
        written = 0
        try:
            with alone_on(descriptor, wait=False):
                while written < len(piece) and select.select([], [descriptor], [], 0)[1]:
                    written += os.write(descriptor, piece[written : written + select.PIPE_BUF])
        except BlockingIOError:  # somebody else is writing, or took the room
            pass
        return written
