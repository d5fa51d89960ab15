"""The workers of one configuration: started, heard, replaced when they die, sent away together."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.serving.forking import Child, Ready, Status, Turning, Unusable, hear, how_it_ended

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    from dragoman.http.log import Log
    from dragoman.serving.watching import Positions, Watch

_START_SECONDS = 60.0
"""How long a worker may take until it answers."""
_LASTING_SECONDS = 5.0
"""Who dies sooner is replaced with some delay, which grows."""
_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 5.0
_MOST_FAILED_STARTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One of the crew."""

    child: Child
    place: int
    """From 0 on; the one at 0 is started first."""
    since: float
    """When it was forked (monotonic)."""


class Crew:
    """One worker at each place. The first goes ahead: what is at fault with the configuration is told once."""

    def __init__(
        self, size: int, start: Callable[[int], Child], log: Log, *, watch: Watch, positions: Positions
    ) -> None:
        self._start = start
        self._log = log
        self._watch = watch
        self._positions = positions
        self._size = size
        self._workers: dict[int, Worker] = {}
        self._answering: set[int] = set()
        self._silent: set[int] = set()
        self._reasons: dict[int, str] = {}
        self._due = {0: time.monotonic()}
        self._dismissed = False
        self._until: float | None = None
        self._killed: set[int] = set()
        self._failed_starts = 0
        self._early_deaths = 0
        self._last_end = ""
        self._last_reason: str | None = None
        self.exposures: Sequence[str] | None = None
        """What the first worker told; None as long as none has answered."""
        self.broken: str | None = None
        """Why the store cannot be trusted any more, if a worker found that."""

    @property
    def channels(self) -> Mapping[int, int]:
        """Descriptors on which a worker may tell something, each with its worker's process id."""
        if self._dismissed:
            return {}
        return {one.child.channel.fileno(): pid for pid, one in self._workers.items() if pid not in self._silent}

    @property
    def ends(self) -> Sequence[socket.socket]:
        """The parent's ends of the channels to all workers."""
        return tuple(worker.child.channel for worker in self._workers.values())

    @property
    def pids(self) -> Sequence[int]:
        """The process numbers of the workers that live."""
        return tuple(self._workers)

    @property
    def complete(self) -> bool:
        """Whether every place has a worker that answers."""
        return len(self._answering) == self._size

    @property
    def unusable(self) -> str | None:
        """What an operator has to mend before any worker of this crew can answer, if its first one found that."""
        return self._last_reason if self.exposures is None and not self._workers else None

    @property
    def answers(self) -> bool:
        """Whether somebody does."""
        return bool(self._answering)

    @property
    def failing(self) -> str | None:
        """Why one after the other could not begin, if so."""
        if self._failed_starts < _MOST_FAILED_STARTS:
            return None
        return f"workers keep ending before they answer, the last one with {self._last_reason or self._last_end}"

    def next_moment(self) -> float | None:
        """When to tend it again at the latest (monotonic)."""
        look = () if self._dismissed else (self._watch.next_moment(),)
        moments = (*self._due.values(), *self._deadlines().values(), *look)
        return min((moment for moment in moments if moment is not None), default=None)

    def _deadlines(self) -> Mapping[int, float]:
        """When to kill whom. A process that is killed may still take its time, in a call of the system's."""
        living = {pid: one for pid, one in self._workers.items() if pid not in self._killed}
        if self._dismissed:
            return {} if self._until is None else dict.fromkeys(living, self._until)
        return {pid: one.since + _START_SECONDS for pid, one in living.items() if pid not in self._answering}

    def tend(self) -> None:
        """Start who is due, and end who has taken too long to answer, or to leave, or who hangs."""
        now = time.monotonic()
        for place in [place for place, moment in self._due.items() if moment <= now]:
            del self._due[place]
            try:
                child = self._start(place)
            except OSError as error:  # no process, no memory: those who live go on
                self._not_started(place, error)
                continue
            self._workers[child.pid] = Worker(child=child, place=place, since=now)
            self._log.write("debug", "worker_started", process=child.pid)
        for pid, deadline in self._deadlines().items():
            if now >= deadline:
                self._killed.add(pid)
                self._log.write("warning", "worker_killed", process=pid, leaving=self._dismissed)
                os.kill(pid, signal.SIGKILL)
        if not self._dismissed:
            self._end_who_hangs()

    def _end_who_hangs(self) -> None:
        """One at a time, as it takes a moment to hear where it stands."""
        for pid in self._watch.look()[:1]:
            where = self._positions.of(pid)
            self._killed.add(pid)
            self._watch.forget(pid)
            self._log.write("error", "worker_hung", process=pid, where=where)
            os.kill(pid, signal.SIGKILL)

    def _not_started(self, place: int, error: OSError) -> None:
        self._failed_starts += 1
        self._early_deaths += 1
        self._last_end, self._last_reason = "no process", f"no process could be started: {error}"
        self._due[place] = time.monotonic() + self._delay()
        self._log.write("warning", "worker_not_started", reason=self._last_reason)

    def listen(self, pid: int) -> bool:
        """Take in what this worker tells next, if it tells something; does not wait."""
        try:
            word = hear(self._workers[pid].child.channel)
        except BlockingIOError:
            return False
        match word:
            case Turning():
                self._watch.hear(pid)
            case Ready(exposures=exposures):
                self._watch.hear(pid)
                self._answering.add(pid)
                self._failed_starts = 0
                self._log.write("info", "worker_ready", process=pid)
                if self.exposures is None:
                    self.exposures = exposures
                    self._due.update(dict.fromkeys(range(1, self._size), time.monotonic()))
            case Unusable(reason=reason):
                self._reasons[pid] = reason
            case None:
                self._silent.add(pid)
        return word is not None

    def bury(self, pid: int, wait_status: int) -> None:
        """Note that this worker has ended: another takes its place, unless all were sent away."""
        if not self._dismissed:
            while self.listen(pid):  # what it told with its last breath may still lie there
                pass
        worker = self._workers.pop(pid)
        worker.child.channel.close()
        answered = pid in self._answering
        self._answering.discard(pid)
        self._silent.discard(pid)
        self._killed.discard(pid)
        self._watch.forget(pid)
        self._last_end, self._last_reason = how_it_ended(wait_status), self._reasons.pop(pid, None)
        status = os.waitstatus_to_exitcode(wait_status)
        if status == Status.BROKEN:
            self.broken = self.broken or self._last_reason or "the store is broken"
        if self._dismissed or self.unusable is not None:
            return
        self._log.write("warning", "worker_ended", process=pid, how=self._last_end, reason=self._last_reason)
        self._failed_starts += not answered and status != Status.WAITING  # what is away may come back at any time
        lasted = answered and time.monotonic() - worker.since >= _LASTING_SECONDS
        self._early_deaths = 0 if lasted else self._early_deaths + 1
        self._due[worker.place] = time.monotonic() + self._delay()

    def _delay(self) -> float:
        """The first who dies is replaced at once; then it takes longer and longer."""
        if self._early_deaths <= 1:
            return 0.0
        return min(_FIRST_DELAY_SECONDS * (1 << min(self._early_deaths - 2, 16)), _LONGEST_DELAY_SECONDS)

    def dismiss(self, until: float | None = None) -> None:
        """Have all of them finish what they do and leave; nobody is replaced any more.

        Who is still there at `until` (monotonic) is killed, as long as the crew is tended.
        """
        self._dismissed = True
        self._until = until if self._until is None else self._until
        self._due.clear()
        for worker in self._workers.values():
            worker.child.channel.close()

    def end(self, number: signal.Signals = signal.SIGUSR1) -> None:
        """Have all of them end at once; with SIGKILL, however they are."""
        self.dismiss()
        for pid in self._workers:
            os.kill(pid, number)
