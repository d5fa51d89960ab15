"""Threads that hash, never more at once than there are slots, and a bounded, fair line before them.

What is to be done is handed from thread to thread under one lock, so that a slot is never empty while the event loop
is busy. Nothing here knows what a hash is.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from dragoman.core.errors import OAuthError, Refusal
from dragoman.hashing.telling import Telling
from dragoman.hashing.waiting_line import WaitingLine
from dragoman.threads.beginning import NoThread, begin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Whose share of the slots something is done from."""

    client: str = ""
    address: str = ""
    hung_up: Callable[[], Awaitable[bool]] | None = None
    """Returns once nobody waits for the result any more; False if that cannot be known."""


_NOBODYS = Turn()
_SHUTTING_DOWN = "shutting down"
_FULL = "the queue of password hashes is full"


class _Job(Generic[Result]):
    """Something to be done in a slot, and who waits for it on which loop."""

    __slots__ = ("_outcome", "_telling", "_work", "settled", "turn")

    def __init__(self, work: Callable[[], Result], turn: Turn, telling: Telling) -> None:
        self._work = work
        self.turn = turn
        self._telling = telling
        self.settled: asyncio.Future[Result] = telling.loop.create_future()
        self._outcome = self._refusal("no memory for a password hash")  # made while there is memory to say so

    def perform(self) -> None:
        """Do it, in whichever thread this is, and tell nobody yet."""
        try:
            self._outcome = partial(self.settled.set_result, self._work())
        except MemoryError:
            return
        except BaseException as error:  # noqa: BLE001 (whoever waits for it raises it)
            self._outcome = partial(self.settled.set_exception, error)

    def tell(self, *, others_wait: bool = False) -> None:
        """Tell who waits for it what came of it."""
        self._telling.tell(self._settle, others_wait=others_wait)

    def refuse(self, detail: str) -> None:
        """It is not done."""
        self._outcome = self._refusal(detail)
        self.tell()

    def _refusal(self, detail: str) -> Callable[[], None]:
        return partial(self.settled.set_exception, OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, detail))

    def _settle(self) -> None:
        if not self.settled.done():
            self._outcome()


class Slots:
    """Does so many things at once, lets so many wait, and refuses the rest at once."""

    def __init__(self, number: int, waiting: int) -> None:
        self._number = number
        self._lock = threading.Lock()
        self._work_is_there = threading.Condition(self._lock)
        self._line: WaitingLine[_Job[object]] = WaitingLine(waiting)
        self._begun: deque[_Job[object]] = deque()
        self._taken = 0
        self._threads = 0
        """Those that have arrived: one that ends for want of memory before that counts nowhere."""
        self._idle = 0
        """Those of them that take, or will take at once, what is begun."""
        self._closed = False
        self._telling: Telling | None = None
        self.shed = 0
        """How many were refused because too many waited."""
        self.abandoned = 0
        """How many hung up before it was their turn."""

    @property
    def running(self) -> int:
        """How many slots are taken."""
        return self._taken

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return len(self._line)

    def admit(self, turn: Turn) -> None:
        """Refuses `temporarily_unavailable` where `run` would do so now: before anything is prepared for it."""
        with self._lock:
            self._refuse_if_closed()
            if self._taken < self._number or self._line.has_place(turn.client, turn.address):
                return
            self.shed += 1
        raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, _FULL)

    async def run(self, work: Callable[[], Result], turn: Turn = _NOBODYS) -> Result:
        """What `work` returns, done in a thread when it is its turn. Refuses `temporarily_unavailable`.

        Whoever hangs up or gives up while waiting leaves the line; what has begun is finished, and holds its slot so
        long.
        """
        job = _Job(work, turn, self._telling_here())
        if self._begin_or_wait(job):
            return await job.settled
        watching = None if turn.hung_up is None else asyncio.create_task(self._watch(job, turn.hung_up))
        try:
            return await job.settled
        finally:
            if watching is not None:
                watching.cancel()
            self._leave(job)

    def close(self) -> None:
        """Refuse whoever waits, and let the threads end once they have done what they do."""
        with self._lock:
            self._closed = True
            while (job := self._line.next()) is not None:
                job.refuse(_SHUTTING_DOWN)
            self._work_is_there.notify_all()

    def _telling_here(self) -> Telling:
        """Of the loop that runs: one, for as long as it is the same."""
        loop = asyncio.get_running_loop()
        if self._telling is None or self._telling.loop is not loop:
            self._telling = Telling(loop)
        return self._telling

    def _begin_or_wait(self, job: _Job[Result]) -> bool:
        """Whether it has a slot already."""
        with self._lock:
            self._refuse_if_closed()
            if self._taken < self._number:
                self._begin(job)
                return True
            gone = self._line.join(job.turn.client, job.turn.address, job)  # type: ignore[arg-type]  # whatever it results in
            if gone is not None:
                self.shed += 1
            if gone is job:
                raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, _FULL)
        if gone is not None:
            gone.refuse(f"{_FULL}, and others have fewer in it")
        return False

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, _SHUTTING_DOWN)

    def _begin(self, job: _Job[Result]) -> None:
        if self._idle > len(self._begun):
            self._work_is_there.notify()
        else:
            try:
                begin(self._serve)
            except NoThread:
                raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, "no thread for a password hash") from None
        self._begun.append(job)  # type: ignore[arg-type]  # whatever it results in
        self._taken += 1

    def _leave(self, job: _Job[Result]) -> bool:
        with self._lock:
            return self._line.leave(job.turn.client, job.turn.address, job)  # type: ignore[arg-type]  # same

    async def _watch(self, job: _Job[Result], hung_up: Callable[[], Awaitable[bool]]) -> None:
        if await hung_up() and self._leave(job):
            self.abandoned += 1
            job.refuse("the client hung up before its password was checked")

    def _serve(self) -> None:
        """One thread. Between two jobs it knows nothing of the last, which holds a password."""
        if not self._arrive():
            return
        while (job := self._wait()) is not None:
            while job is not None:
                job = self._do(job)

    def _arrive(self) -> bool:
        """Whether it is needed still: another may have done what it was begun for, and one more been begun."""
        with self._lock:
            if self._threads >= self._number:
                self._work_is_there.notify()
                return False
            self._threads += 1
            self._idle += 1
            return True

    def _do(self, job: _Job[object]) -> _Job[object] | None:
        """The next one for the same slot. Who hears that his is done finds the slot free."""
        job.perform()
        with self._lock:
            following = self._line.next()
            if following is None:
                self._taken -= 1
                self._idle += 1
        job.tell(others_wait=following is not None)
        return following

    def _wait(self) -> _Job[object] | None:
        """Something that was given a slot; None: no more."""
        with self._lock:
            while not self._begun:
                if self._closed:
                    return None
                self._work_is_there.wait()
            self._idle -= 1
            return self._begun.popleft()
