"""Writes to an SQLite file: statements on the event loop, commits in a thread. All who wait share one commit.

A statement takes some twenty microseconds, a commit waits for the disk. Each call of SQLite gives the interpreter's
lock away, and in a thread beside a busy event loop gets it back late: a thread that runs the statements, too, costs
more in handing the lock over than in writing. So the loop runs them while the thread rests (docs/adr/sql-access.md).
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from dragoman.store.sqlite.connection import WRITER_WAITS
from dragoman.store.sqlite.transactions import (
    LARGEST_BATCH,
    Batch,
    Job,
    Settled,
    Transactions,
    refusal,
    refuse,
    take_batch,
)
from dragoman.store.sqlite.turn import Turn
from dragoman.threads.beginning import NoThread
from dragoman.threads.lone import LoneThread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dragoman.store.sqlite.connection import Connection
    from dragoman.store.sqlite.transactions import Outcome

ResultT = TypeVar("ResultT")

_LONGEST_QUEUE = 8192
_LONGEST_CLOSE = 5.0
_LONGEST_GATHERING = 0.003
"""Seconds after which a batch is begun, although each turn of the event loop brings more."""


class Writer:
    """Runs jobs in order, and acknowledges none before its commit has returned.

    A batch is begun on the loop and handed to the thread, which commits it; whoever comes meanwhile is in the next one.
    What may take longer, and what has to wait for a lock, is done in the thread from the beginning. Writers of several
    processes take turns; whoever has waited for two seconds is refused. Belongs to the event loop that made it. A job
    whose caller gave up is still done.
    """

    def __init__(self, connection: Connection, path: Path) -> None:
        self._connection = connection
        self._transactions = Transactions(connection, path)
        self._turn = Turn(path)
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Job] = deque()
        self._resting = asyncio.Event()
        self._resting.set()
        self._seen = 0
        self._until = 0.0
        self._closing = False
        self._begun: SimpleQueue[Batch | None] = SimpleQueue()
        self._thread = LoneThread(self._work)
        self._ended = asyncio.Event()
        self._begin_thread()

    @property
    def fault(self) -> str | None:
        """Why nothing can be written any more, if so."""
        return self._transactions.fault

    def look_after_files(self) -> str | None:
        """The fault, also where it is that one of the files is not there any more. To be asked now and then."""
        self._transactions.look_after_files()
        return self.fault

    def break_down(self, fault: str) -> None:
        """Refuse every write from now on."""
        self._transactions.break_down(fault)

    def submit(self, work: Callable[[Connection], ResultT], *, brief: bool) -> asyncio.Future[ResultT]:
        """What the job returns, once it is durable. Refuses `temporarily_unavailable`; raises what the job raises.

        `brief` says that it touches a row or two by their keys.
        """
        if self.fault is not None or self._closing:
            raise refusal(self.fault or "the store is closing")
        if len(self._waiting) >= _LONGEST_QUEUE:
            raise refusal("too many writes are waiting")
        if self._thread.is_overdue:
            self._begin_thread()
        future: asyncio.Future[ResultT] = self._loop.create_future()
        self._waiting.append(Job(work, future, brief))
        if self._resting.is_set():
            self._resting.clear()
            self._gather_anew()
        return future

    async def close(self) -> None:
        """Finish what is queued, take nothing more, and end the thread; one whose turn never comes is left behind."""
        self._closing = True
        until = monotonic() + _LONGEST_CLOSE
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_CLOSE):
                await self._resting.wait()
        self._begun.put(None)
        if self._thread.present:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, until - monotonic())):
                    await self._ended.wait()
        if not self._thread.present:
            self._turn.close()

    def _begin_thread(self) -> None:
        """Refuses where there is none to be had. One that ends for want of memory before it arrives is begun anew."""
        try:
            self._thread.begin()
        except NoThread:
            raise refusal("no thread to write") from None

    def _gather_anew(self) -> None:
        self._seen, self._until = 0, monotonic() + _LONGEST_GATHERING
        self._loop.call_soon(self._gather)

    def _gather(self) -> None:
        """Begin a batch once a turn of the loop has brought nobody more, or enough turns have passed.

        A commit costs as much as all else of a refresh, however many share it, and an idle loop waits for nobody here.
        """
        if self._seen < len(self._waiting) < LARGEST_BATCH and monotonic() < self._until:
            self._seen = len(self._waiting)
            self._loop.call_soon(self._gather)
        else:
            self._begin()

    def _begin(self) -> None:
        """On the loop, while the thread rests: begin a batch of those who wait, and wake it."""
        if not self._waiting:
            self._resting.set()
        elif self._waiting[0].brief and self.fault is None and self._has_turn():
            self._hand_on(self._transactions.begin(self._waiting))
        else:
            self._begun.put(Batch(jobs=take_batch(self._waiting)))

    def _hand_on(self, batch: Batch) -> None:
        """To the thread; what has come to its end without it is told at once."""
        if batch.ended:
            self._turn.give_up()
            self._settle(Settled(outcomes=batch.outcomes or ()), more=False)
        else:
            self._begun.put(batch)

    def _has_turn(self) -> bool:
        """Whether the turn is there without waiting; what else may be wrong with it the thread will find."""
        try:
            return self._turn.take_if_free()
        except OSError:
            return False

    def _settle(self, settled: Settled, *, more: bool) -> None:
        """On the loop: tell all whose batch is durable or refused, and see to the next, unless `more` is to be done."""
        _resolve(settled.outcomes)
        if settled.locked is not None:  # those who came meanwhile have waited for the same lock
            self._refuse_waiting(settled.locked)
        if not more:
            self._gather_anew()

    def _work(self) -> None:
        """The thread."""
        try:
            self._run()
        except BaseException:
            self.break_down("the thread that writes has ended")
            raise
        finally:
            self._thread.leave()
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(self._ended.set)

    def _run(self) -> None:
        while (batch := self._begun.get()) is not None:
            try:
                settled = self._settled(batch)
            except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it was
                self.break_down(f"the writer failed: {error!r}")
                settled = Settled(outcomes=refuse(batch.jobs, "the outcome of the write is unknown"))
            folds = self._transactions.folds
            self._tell(settled, more=folds)
            if folds:
                self._transactions.fold()
                self._tell(Settled(outcomes=()), more=False)

    def _settled(self, batch: Batch) -> Settled:
        """The batch, in this process's turn, which the loop may have taken already."""
        waited = 0.0
        try:
            if batch.outcomes is None and not self._turn.take_if_free():
                began = monotonic()
                batch = self._wait_for_turn(batch)
                waited = monotonic() - began
            if not batch.jobs:
                return Settled(outcomes=())
            return self._transactions.finish(batch, WRITER_WAITS - waited)
        finally:
            self._turn.give_up()

    def _wait_for_turn(self, batch: Batch) -> Batch:
        """The batch, once the turn has come; nothing of it if that took too long, and it was refused."""
        held: SimpleQueue[Batch] = SimpleQueue()
        held.put(batch)
        came = Event()
        self._loop.call_soon_threadsafe(self._loop.call_later, WRITER_WAITS, self._refuse_held, held, came)
        self._turn.wait()
        came.set()
        return _taken(held)

    def _refuse_held(self, held: SimpleQueue[Batch], came: Event) -> None:
        """On the loop: as long as the turn does not come, refuse all who wait, and look again after the same time."""
        if came.is_set():
            return
        detail = "another process is writing"
        _resolve(refuse(_taken(held).jobs, detail))
        self._refuse_waiting(detail)
        self._loop.call_later(WRITER_WAITS, self._refuse_held, held, came)

    def _refuse_waiting(self, detail: str) -> None:
        _resolve(refuse(self._waiting, detail))
        self._waiting.clear()

    def _tell(self, settled: Settled, *, more: bool) -> None:
        try:
            self._loop.call_soon_threadsafe(lambda: self._settle(settled, more=more))
        except RuntimeError:  # the loop is closed: nobody is left to be told
            self.break_down("the event loop has ended")


def _taken(held: SimpleQueue[Batch]) -> Batch:
    """What is held, for the one who asks first."""
    try:
        return held.get_nowait()
    except Empty:
        return Batch(jobs=())


def _resolve(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.future.done():
            continue
        if outcome.error is None:
            outcome.future.set_result(outcome.result)
        else:
            outcome.future.set_exception(outcome.error)
