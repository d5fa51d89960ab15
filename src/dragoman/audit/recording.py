"""The audit as files: whoever has an event leaves it here and goes on; a thread writes (core.ports.Audit)."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from dragoman.audit.entry import begin_event
from dragoman.audit.writing import ChainWriter
from dragoman.threads.beginning import NoThread
from dragoman.threads.lone import LoneThread

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.audit.writing import Files, Telling
    from dragoman.core.ports import Event

MOST_ARRIVING = 50_000
"""Events that may wait for the thread, should it be stuck in a write; those beyond are lost, counted, and told."""
_GATHERING_SECONDS = 0.02
_ENOUGH = 500
_RETRY_SECONDS = 0.5
_LEAVING_SECONDS = 5.0
_LEAVING_RETRY_SECONDS = 0.1


class FolderAudit:
    """Events in the order in which they came, each in a line of this process's own chain."""

    def __init__(self, files: Files, log: Telling, clock: Callable[[], float]) -> None:
        """`clock` gives epoch seconds. Raises AuditFault where the folder is of no use."""
        self._writer = ChainWriter(files, log, clock)
        self._log = log
        self._clock = clock
        self._arriving: deque[tuple[float, Event]] = deque()
        self._turned_away = 0
        self._asleep = False
        self._wake = threading.Event()
        self._leaving: float | None = None
        self._thread = LoneThread(self._write_all)
        self._ended = threading.Event()
        self._begin()

    def record(self, event: Event) -> None:
        """Leave it for the thread; an alarm is told in the log at once, too. Never waits, and never fails."""
        if len(self._arriving) < MOST_ARRIVING:
            self._arriving.append((self._clock(), event))
        else:
            self._turned_away += 1
        if self._asleep:
            self._asleep = False
            self._wake.set()
        if self._thread.is_overdue and not self._ended.is_set():
            self._begin()
        if event.alarm:
            _tell_alarm(self._log, event)

    @property
    def waiting(self) -> int:
        """Events that are not written yet."""
        return len(self._arriving) + self._writer.waiting

    @property
    def lost(self) -> int:
        """Events that found no room, since the start."""
        return self._turned_away + self._writer.lost

    @property
    def writable(self) -> bool:
        """Whether the last try to write came to its end."""
        return self._writer.failing is None

    def close(self) -> None:
        """Write what waits, and note the end of the chain; for some five seconds at most."""
        self._leaving = time.monotonic() + _LEAVING_SECONDS
        self._wake.set()
        if not self._thread.present:
            self._begin()
        self._ended.wait(_LEAVING_SECONDS + _RETRY_SECONDS)
        if left := self.waiting:
            self._log.write("error", "audit_lost_at_end", events=left, reason=self._writer.failing)

    def _begin(self) -> None:
        """Have a thread see to it; where none can be had, or it ends for want of memory, an event tries again."""
        with suppress(NoThread):
            self._thread.begin()

    def _write_all(self) -> None:
        """The thread, until the end. Whatever goes wrong here must end neither the thread nor what waits."""
        while not self._is_over():
            try:
                self._sleep()
                for _ in range(len(self._arriving)):
                    moment, event = self._arriving.popleft()
                    self._writer.take(begin_event(event, moment))
                self._writer.turn(self._turned_away)
            except Exception as fault:  # noqa: BLE001 (the edge of the thread; the next turn tries again)
                self._writer.fail(f"{type(fault).__name__}: {fault}")
        self._writer.end()
        self._ended.set()

    def _is_over(self) -> bool:
        return self._leaving is not None and (self.waiting == 0 or time.monotonic() > self._leaving)

    def _sleep(self) -> None:
        """Until something comes or is due; then a moment longer, so that many events cost one turn."""
        if self._writer.failing is not None:
            self._wake.wait(_RETRY_SECONDS if self._leaving is None else _LEAVING_RETRY_SECONDS)
        elif self._leaving is None:
            self._asleep = True
            if not self._arriving:  # what comes from here on finds it asleep
                due = self._writer.due
                self._wake.wait(None if due is None else max(0.0, due - time.monotonic()))
            self._asleep = False
            if len(self._arriving) < _ENOUGH and self._leaving is None:
                time.sleep(_GATHERING_SECONDS)
        self._wake.clear()


def _tell_alarm(log: Telling, event: Event) -> None:
    """A line of the log, for whoever watches that."""
    log.write(
        "warning",
        "audit",
        outcome=event.name,
        dialect=event.dialect,
        client=event.client_id,
        subject=event.subject,
        grant=event.grant_id,
        address=event.sender.address,
        request_id=event.sender.request_id,
        **event.facts,
    )
