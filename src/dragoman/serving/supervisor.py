"""The parent of the workers: it holds the port and the database's lock, and sees to it that somebody answers.

It has no thread, no event loop, no key and no connection to the database: it forks, and nothing of that may be forked.
"""

from __future__ import annotations

import os
import select
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault
from dragoman.hashing.cores import hash_slots
from dragoman.serving.crew import Crew
from dragoman.serving.forking import Status, fork
from dragoman.serving.signals import Signals, let_in
from dragoman.serving.watching import Positions, Watch

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    from dragoman.config.settings import Configuration
    from dragoman.hashing.processes import HashProcesses
    from dragoman.http.log import Log
    from dragoman.serving.forking import Child, Closing
    from dragoman.serving.meter import Meter, Share
    from dragoman.serving.notification import ServiceManager
    from dragoman.wiring.shared_memory import SharedMemory

_SPARE_SECONDS = 3.0
"""What workers get beyond the time to drain, and for ending at once, before they are killed."""
_LONGEST_WAIT_SECONDS = 5.0
_LOOK_SECONDS = 0.002
"""Between two looks whether those who were killed have gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """All that the supervisor has to do with besides its workers."""

    read: Callable[[], Configuration]
    """The configuration as it stands now; raises Fault."""
    announce: Callable[[Sequence[str]], None]
    """Gets what is switched on against RFC 9700, once the server answers."""
    open_log: Callable[[Configuration], Log]
    manager: ServiceManager
    look: Callable[[], None]
    """Called at each turn; raises Fault where this server must not have the database any more."""
    meter: Meter | None = None
    memory: SharedMemory | None = None
    hashing: HashProcesses | None = None


class Supervisor:
    """Runs until it is told to stop, or until there is no point in going on."""

    def __init__(self, configuration: Configuration, listening: socket.socket, outside: Outside) -> None:
        self._configuration = configuration
        self._listening = listening
        self._outside = outside
        self._log = outside.open_log(configuration)
        self._signals = Signals(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        self._positions = Positions()
        self._coming: tuple[Configuration, Crew] | None = None
        self._dismissed: list[Crew] = []
        self._crew = self._new_crew(configuration)
        self._answered = False
        self._reload_asked = False
        self._deadline: float | None = None
        self._ended: tuple[int, str] = (0, "")

    def supervise(self) -> tuple[int, str]:
        """The exit status, and a sentence for the operator where there is one. Raises Fault before it ever answered."""
        with self._signals:
            let_in(signal.SIGHUP)
            try:
                while self._deadline is None or (self._pids() and time.monotonic() < self._deadline):
                    self._wait()
                    self._outside.manager.turning()
                    for number in self._signals.take():
                        self._obey(number)
                    self._reap()
                    self._judge()
                    self._log.flush()
            finally:
                self._kill_all()
                self._positions.close()
        return self._ended

    def _crews(self) -> Sequence[Crew]:
        coming = () if self._coming is None else (self._coming[1],)
        return (self._crew, *coming, *self._dismissed)

    def _pids(self) -> Sequence[int]:
        return [pid for crew in self._crews() for pid in crew.pids]

    def _new_crew(self, configuration: Configuration) -> Crew:
        meter, hashing = self._outside.meter, self._outside.hashing

        def work(place: int, channel: socket.socket, share: Share | None) -> int:
            from dragoman.serving import answering  # noqa: PLC0415 (in the child alone: the parent stays small)

            post = answering.Post(
                listening=self._listening,
                channel=channel,
                positions=self._positions.writing,
                purges=place == 0,
                memory=self._outside.memory,
                hashing=None if hashing is None else hashing.asking,
                share=share,
            )
            return answering.work(configuration, post)

        def start(place: int) -> Child:
            ends = [end for crew in self._crews() for end in crew.ends]
            strangers: list[Closing] = [self._signals, *ends, self._positions.not_a_workers]
            strangers += [] if hashing is None else [hashing.not_a_workers]
            share = None if meter is None else meter.share()
            child = fork(lambda channel: work(place, channel, share), strangers)
            if meter is not None and share is not None:
                meter.given(share, child.pid)
            return child

        watch = Watch(configuration.server.hang_seconds)
        return Crew(configuration.server.workers, start, self._log, watch=watch, positions=self._positions)

    def _wait(self) -> None:
        """Until a signal comes, a worker tells something, or something is due."""
        spoken = {descriptor: (crew, pid) for crew in self._crews() for descriptor, pid in crew.channels.items()}
        waiting = select.poll()
        hashing = self._outside.hashing
        watched = None if hashing is None else hashing.watched
        for descriptor in (self._signals.fileno(), *spoken, *([] if watched is None else [watched.fileno()])):
            waiting.register(descriptor, select.POLLIN)
        moments = [crew.next_moment() for crew in self._crews()] + [self._deadline]
        now = time.monotonic()
        longest = min(_LONGEST_WAIT_SECONDS, self._outside.manager.turn_seconds or _LONGEST_WAIT_SECONDS)
        until = min((moment for moment in moments if moment is not None), default=now + longest)
        seconds = min(max(until - now, 0.0), longest)
        for descriptor, _ in waiting.poll(seconds * 1000 + 1):
            if descriptor in spoken:
                crew, pid = spoken[descriptor]
                crew.listen(pid)
        if hashing is not None:
            hashing.tend()

    def _obey(self, number: int) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            if self._deadline is None:
                self._stop(0, "")
            else:
                self._hurry()
        elif number == signal.SIGHUP:
            self._reload_asked = True

    def _reap(self) -> None:
        for crew in self._crews():
            for pid in crew.pids:
                ended, wait_status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    crew.bury(pid, wait_status)
                    if self._outside.meter is not None:
                        self._outside.meter.bury(pid)

    def _judge(self) -> None:
        """Go on, or see that there is no point in it."""
        try:
            self._outside.look()
        except Fault as fault:
            self._stop(Status.BROKEN, f"{fault} The lock that this one had was deleted, so it has ended.")
        for crew in self._crews():
            if crew.broken is not None:
                self._stop(Status.BROKEN, f"{crew.broken}; the server has ended: look after the disk, then start it")
        if self._deadline is None and not self._answered:
            self._judge_start()
        if self._deadline is None and self._crew.failing is not None and not self._crew.answers:
            self._stop(Status.GIVEN_UP, self._crew.failing)
        if self._deadline is None:
            self._go_on()

    def _judge_start(self) -> None:
        if self._crew.unusable is not None:
            raise Fault(self._crew.unusable)
        if self._crew.exposures is not None:
            self._answered = True
            self._outside.announce(self._crew.exposures)
            self._outside.manager.ready()

    def _go_on(self) -> None:
        self._judge_coming()
        if self._reload_asked and self._answered and self._coming is None:
            self._begin_reload()
        for crew in self._crews():
            crew.tend()
        self._dismissed = [crew for crew in self._dismissed if crew.pids]

    def _begin_reload(self) -> None:
        self._reload_asked = False
        self._outside.manager.reloading()
        try:
            configuration = self._outside.read()
            _refuse_what_needs_a_restart(self._configuration, configuration)
        except Fault as fault:
            self._not_reloaded(str(fault))
            return
        self._coming = configuration, self._new_crew(configuration)

    def _judge_coming(self) -> None:
        """The new crew takes over once all of it answers; if it never will, all stays as it is."""
        if self._coming is None:
            return
        configuration, crew = self._coming
        if reason := crew.unusable or crew.failing:
            crew.end()
            crew.dismiss(time.monotonic() + _SPARE_SECONDS)
            self._not_reloaded(reason)
        elif crew.complete:
            self._crew.dismiss(time.monotonic() + self._configuration.server.drain_seconds + _SPARE_SECONDS)
            gone = _gone(self._configuration, configuration)
            crew, self._crew, self._configuration = self._crew, crew, configuration
            self._log = self._outside.open_log(configuration)
            if self._outside.hashing is not None:
                self._outside.hashing.resize(hash_slots(configuration.passwords.slots))
            self._log.write("info", "reloaded", against_rfc_9700=list(self._crew.exposures or ()), **gone)
            self._outside.manager.ready()
        else:
            return
        self._coming = None
        self._dismissed.append(crew)

    def _not_reloaded(self, reason: str) -> None:
        self._log.write("error", "not_reloaded", reason=reason)
        self._outside.manager.ready()

    def _stop(self, status: int, sentence: str) -> None:
        """No new connection from here on; what is in flight is finished."""
        if status > self._ended[0]:  # the first of several who tell the same was heard, the others may not have been
            self._ended = (status, sentence)
        if self._deadline is not None:
            return
        self._outside.manager.stopping()
        self._log.write("info", "stopping")
        self._listening.close()
        if self._outside.meter is not None:
            self._outside.meter.leave()
        self._deadline = time.monotonic() + self._configuration.server.drain_seconds + _SPARE_SECONDS
        for crew in self._crews():
            crew.dismiss()

    def _hurry(self) -> None:
        self._deadline = min(self._deadline or 0.0, time.monotonic() + _SPARE_SECONDS)
        for crew in self._crews():
            crew.end()

    def _kill_all(self) -> None:
        """Whoever is still there goes now. Who cannot, stuck in a call of the system's, is left to it."""
        for crew in self._crews():
            crew.end(signal.SIGKILL)
        deadline = time.monotonic() + _SPARE_SECONDS
        while self._pids() and time.monotonic() < deadline:
            self._reap()
            time.sleep(_LOOK_SECONDS)


def _gone(old: Configuration, new: Configuration) -> Mapping[str, Sequence[str]]:
    """What a reload has dropped, as an operator calls it: mounts, and issuers whose JWTs are refused from now on."""
    mounts, left = ([f"{one.dialect} at {one.prefix or '/'}" for one in each.mounts] for each in (old, new))
    accepted = (new.issuer, *new.accepted_issuers)
    return {
        "mounts_gone": [one for one in mounts if one not in left],
        "issuers_gone": [one for one in (old.issuer, *old.accepted_issuers) if one not in accepted],
    }


def _refuse_what_needs_a_restart(old: Configuration, new: Configuration) -> None:
    """Raises Fault where a port or the database would be another: this process holds them."""
    for name, before, after in (
        ("server.host", old.server.host, new.server.host),
        ("server.port", old.server.port, new.server.port),
        ("metrics.host", old.metrics.host, new.metrics.host),
        ("metrics.port", old.metrics.port, new.metrics.port),
        ("database", old.location(), new.location()),
    ):
        if before != after:
            raise Fault(f"{name} has changed, which needs a restart; everything stays as it was")
