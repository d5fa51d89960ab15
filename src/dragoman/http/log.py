"""The log: one JSON object a line, never a secret."""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from dragoman.audit.text import line_of, one_line
from dragoman.http.lines import alone_on, is_file, pieces_of
from dragoman.threads.beginning import NoThread
from dragoman.threads.lone import LoneThread

if TYPE_CHECKING:
    from dragoman.http.lines import Stream

LEVELS = ("debug", "info", "warning", "error")
_RANKS = {level: rank for rank, level in enumerate(LEVELS)}
_MOST_WAITING = 4 * 2**20
"""Bytes that may wait for somebody to read; a line beyond them is lost and counted."""
_DEEPEST_TRACEBACK = 60
_GATHERING_SECONDS = 0.02
"""For how long lines gather before they are handed over."""
_FLUSH_SECONDS = 1.0
_IDLE_SECONDS = 5.0
_RETRY_SECONDS = 0.05
_LONGEST_RETRY_SECONDS = 0.5
"""Less than a flush waits, so that each flush sees a try."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """What every line begins with; whoever writes the same facts each time adds its own."""

    time: float
    level: str
    event: str


class Log:
    """Writes lines of at least one level. Every fact is JSON, so that no text can forge a line."""

    def __init__(self, level: str, stream: Stream | None = None) -> None:
        """`level` is one of LEVELS; without a stream, standard error."""
        self._least = _RANKS[level]
        self._outlet = _Outlet(stream if stream is not None else sys.stderr.buffer)

    def write(self, level: str, event: str, /, **facts: object) -> None:
        """One line; a text over 1024 characters is cut. Never waits for the stream, and never fails with it.

        Where nobody reads, or the disk is full, lines wait; beyond a bound they are lost, counted, and told later.
        """
        if _RANKS[level] >= self._least:
            self._outlet.put(_line(level, event, facts))

    def tell(self, line: Line) -> None:
        """As `write`, at half the price."""
        if _RANKS[line.level] >= self._least:
            self._outlet.put(line_of(line) + b"\n")

    def put(self, line: bytes) -> None:
        """A line that somebody else has made, whatever the level; else as `write`."""
        self._outlet.put(line)

    def flush(self) -> None:
        """Returns when all that was written is out, or after a second in which it could not be."""
        self._outlet.flush()

    def fault(self, fault: Exception, **facts: object) -> None:
        """An unexpected exception with its traceback, without the values of variables."""
        told = traceback.format_exception(fault, limit=-_DEEPEST_TRACEBACK)
        self.write("error", "fault", **facts, traceback=told)


class _Outlet:
    """Lines on their way to a stream, in order and never more than the bound.

    A thread of its own writes to a file, pipe or terminal, past Python's buffer, whose lock a stuck write would keep.
    What has no file descriptor is memory and is written to at once.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._in_memory = not _has_descriptor(stream)
        self._is_file = not self._in_memory and is_file(stream.fileno())
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting: list[bytes] = []
        self._accepted = 0
        self._out = 0
        self._lost = 0
        self._handing_over = False
        self._thread = LoneThread(self._write_all)

    def put(self, line: bytes) -> None:
        """Take this line, or count it as lost."""
        with self._lock:
            if self._accepted - self._out + len(line) > _MOST_WAITING:
                self._lost += 1
            else:
                self._waiting.append(line)
                self._accepted += len(line)
        if not self._handing_over:
            self._soon()

    def _soon(self) -> None:
        """Hand over what waits: inside an event loop a moment later, so that many lines cost one waking."""
        try:
            loop = None if self._in_memory else asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if loop is None:
            self._hand_over()
        else:
            self._handing_over = True
            loop.call_later(_GATHERING_SECONDS, self._hand_over)

    def _hand_over(self) -> None:
        self._handing_over = False
        with self._changed:
            self._see_to_it()

    def flush(self) -> None:
        """Wait until all that was accepted is out, for as long as a flush may take."""
        self._handing_over = False
        with self._changed:
            if self._in_memory:
                self._see_to_it()
                return
            self._tell_lost()
            self._see_to_it()
            accepted = self._accepted
            self._changed.wait_for(lambda: self._out >= accepted, _FLUSH_SECONDS)

    def _accept(self, line: bytes) -> None:
        self._waiting.append(line)
        self._accepted += len(line)

    def _see_to_it(self) -> None:
        """Have what waits written: here, by the thread, or by a new one where it has gone for want of lines."""
        if not self._waiting and not self._lost:
            return
        if self._in_memory:
            self._write_at_once()
            return
        self._changed.notify_all()
        if self._thread.present:
            return
        atexit.unregister(self.flush)
        atexit.register(self.flush)
        with suppress(NoThread):  # the next line tries again
            self._thread.begin()

    def _write_at_once(self) -> None:
        batch = b"".join(self._waiting)
        try:
            self._stream.write(batch)
            self._stream.flush()
        except (OSError, ValueError):  # it is tried again with the next line
            return
        self._waiting.clear()
        self._out += len(batch)
        if self._lost:
            self._tell_lost()
            self._write_at_once()

    def _write_all(self) -> None:
        """The thread: until nothing has come for a while."""
        while batch := self._next_batch():
            self._write_out(batch)

    def _next_batch(self) -> bytes:
        """All that waits, once something does; nothing when the thread is to end."""
        with self._changed:
            if self._changed.wait_for(lambda: self._waiting or self._lost, _IDLE_SECONDS):
                return self._take_all()
            self._thread.leave()
            atexit.unregister(self.flush)
            return b""

    def _take_all(self) -> bytes:
        self._tell_lost()
        batch = b"".join(self._waiting)
        self._waiting.clear()
        return batch

    def _tell_lost(self) -> None:
        """The lost lines came after all that wait, and before all that will."""
        if self._lost:
            self._accept(_line("warning", "log_lines_lost", {"lines": self._lost}))
            self._lost = 0

    def _write_out(self, batch: bytes) -> None:
        """Write all of it, no line torn apart by those of another process."""
        for piece in (batch,) if self._is_file else pieces_of(batch):
            self._write_piece(piece)

    def _write_piece(self, piece: bytes) -> None:
        """However often the stream fails: a full disk or an absent reader may pass."""
        rest, pause = memoryview(piece), _RETRY_SECONDS
        while rest:
            try:
                with alone_on(self._stream.fileno()):
                    written = os.write(self._stream.fileno(), rest)
            except (OSError, ValueError):
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_RETRY_SECONDS)
                continue
            rest, pause = rest[written:], _RETRY_SECONDS
            with self._changed:
                self._out += written
                self._changed.notify_all()


def _has_descriptor(stream: Stream) -> bool:
    try:
        stream.fileno()
    except (OSError, ValueError):
        return False
    return True


def _line(level: str, event: str, facts: dict[str, object]) -> bytes:
    return one_line({"time": round(time.time(), 3), "level": level, "event": event, **facts}) + b"\n"
