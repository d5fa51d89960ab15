"""The log and, written into it, the audit: one JSON object a line, never a secret."""

from __future__ import annotations

import asyncio
import json
import select
import sys
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, BinaryIO

import msgspec

if TYPE_CHECKING:
    from dragoman.core.ports import Event

LEVELS = ("debug", "info", "warning", "error")
_MOST_WAITING = 10_000
_CERTAIN_BYTES = select.PIPE_BUF
"""A writable pipe takes so many bytes at once without blocking (POSIX)."""
_RETRY_SECONDS = 0.05
_encode = msgspec.json.Encoder().encode


class Log:
    """Writes lines of at least one level. Every fact is JSON, so that no text can forge a line.

    Inside an event loop the lines of one turn are written together at its end.
    """

    def __init__(self, level: str, stream: BinaryIO | None = None) -> None:
        """`level` is one of LEVELS; without a stream, standard error."""
        self._least = LEVELS.index(level)
        self._stream = stream if stream is not None else sys.stderr.buffer
        self._waiting: deque[bytes] = deque()
        self._lost = 0

    def write(self, level: str, event: str, **facts: object) -> None:
        """One line. Never blocks: where nobody reads, lines wait, and beyond a bound they are lost and counted."""
        if LEVELS.index(level) < self._least:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._lost += 1
            return
        line = {"time": round(time.time(), 3), "level": level, "event": event, **facts}
        self._waiting.append(_in_ascii(line))
        if len(self._waiting) == 1:
            self._soon(0)

    def flush(self) -> None:
        """Write what waits, as far as somebody reads; a stream that fails must not fail a request."""
        try:
            while self._waiting and self._is_read():
                batch = [self._waiting.popleft()]
                while self._waiting and sum(map(len, batch)) + len(self._waiting[0]) < _CERTAIN_BYTES:
                    batch.append(self._waiting.popleft())
                self._stream.write(b"\n".join([*batch, b""]))
                self._stream.flush()
        except OSError:
            return
        if self._waiting:
            self._soon(_RETRY_SECONDS)
        elif self._lost:
            lost, self._lost = self._lost, 0
            self.write("warning", "log_lines_lost", lines=lost)

    def _soon(self, seconds: float) -> None:
        try:
            asyncio.get_running_loop().call_later(seconds, self.flush)
        except RuntimeError:
            if not seconds:
                self.flush()

    def _is_read(self) -> bool:
        """Whether a pipe or terminal takes some bytes now; files and memory always do."""
        try:
            _, writable, _ = select.select((), (self._stream,), (), 0)
        except (OSError, ValueError):
            return True
        return bool(writable)

    def fault(self, fault: Exception, **facts: object) -> None:
        """An unexpected exception with its traceback, without the values of variables."""
        self.write("error", "fault", **facts, traceback=traceback.format_exception(fault))


def _in_ascii(line: dict[str, object]) -> bytes:
    """The line without any character that a terminal or a viewer could take for more than text."""
    text = _encode(line)
    return text if text.isascii() and b"\x7f" not in text else json.dumps(line).replace("\x7f", "\\u007f").encode()


class LoggedAudit:
    """The audit as log lines (core.ports.Audit)."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def record(self, event: Event) -> None:
        """One line with the outcome and the true reason."""
        self._log.write(
            "info",
            "audit",
            outcome=event.name,
            dialect=event.dialect,
            client=event.client_id,
            subject=event.subject,
            grant=event.grant_id,
            address=event.sender.address,
            **event.facts,
        )
