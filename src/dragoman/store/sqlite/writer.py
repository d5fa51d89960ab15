"""The one thread that writes to an SQLite file. All who wait share one commit, and each fails alone.

Each call of SQLite gives the interpreter's lock away, and waits for it afterwards while the event loop is at work.
So what is written is written with as few calls as can be.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from dragoman.core.errors import OAuthError, Refusal
from dragoman.store.sqlite.connection import WRITER_WAITS, Connection, Trouble, trouble_of
from dragoman.store.sqlite.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

ResultT = TypeVar("ResultT")

_LARGEST_BATCH = 256
_LONGEST_QUEUE = 8192
_WRITES_BETWEEN_FOLDS = 1000
_LONGEST_CLOSE = 5.0
_HARDLY_WAITED = 0.05
"""Seconds by which a wait may be longer than promised, rather than ask SQLite for a shorter one each time."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Connection], object]
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    future: asyncio.Future[Any]
    result: object = None
    error: BaseException | None = None


class Writer:
    """Runs jobs in order, and acknowledges none before its commit has returned.

    A job may be run twice: where one of a batch fails, all are undone and run again, each in a savepoint of its own.
    Writers of several processes take turns; whoever has waited for two seconds is refused. Belongs to the event loop
    that made it. A job whose caller gave up is still done.
    """

    def __init__(self, connection: Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._identity = _identity(path)
        self._turn = Turn(path)
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._unfolded = 0
        self._closing = False
        self._ending = False
        self._fault: str | None = None
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def fault(self) -> str | None:
        """Why nothing can be written any more, if so."""
        return self._fault

    async def submit(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """What the job returns, once it is durable. Refuses `temporarily_unavailable`; raises what the job raises."""
        if self._fault is not None or self._closing:
            raise _refusal(self._fault or "the store is closing")
        if self._queue.qsize() >= _LONGEST_QUEUE:
            raise _refusal("too many writes are waiting")
        future: asyncio.Future[ResultT] = self._loop.create_future()
        self._queue.put(_Job(work, future))
        return await future

    def break_down(self, fault: str) -> None:
        """Refuse every write from now on."""
        self._fault = self._fault or fault

    async def close(self) -> None:
        """Finish what is queued, take nothing more, and end the thread; one whose turn never comes is left behind."""
        self._closing = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, _LONGEST_CLOSE)
        if not self._thread.is_alive():
            self._turn.close()

    def _run(self) -> None:
        while not self._ending:
            first = self._queue.get()
            if first is None:
                return
            batch = [first, *self._waiting(_LARGEST_BATCH - 1)]
            try:
                outcomes = self._write_in_turn(batch)
            except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it was
                self.break_down(f"the writer failed: {error!r}")
                outcomes = self._refuse(batch, "the outcome of the write is unknown")
            self._tell(outcomes)
            self._fold(len(outcomes))

    def _waiting(self, most: int) -> Iterable[_Job]:
        for _ in range(most):
            try:
                job = self._queue.get_nowait()
            except Empty:
                return
            if job is None:
                self._ending = True
                return
            yield job

    def _write_in_turn(self, batch: list[_Job]) -> list[_Outcome]:
        waited = 0.0
        if not self._turn.take_if_free():
            began = monotonic()
            batch = self._wait_for_turn(batch)
            waited = monotonic() - began
        try:
            if not batch:
                return []
            if waited <= _HARDLY_WAITED:
                return self._write(batch)
            with self._connection.waiting(WRITER_WAITS - waited):
                return self._write(batch)
        finally:
            self._turn.give_up()

    def _wait_for_turn(self, batch: list[_Job]) -> list[_Job]:
        """The batch, once the turn has come; nothing of it if that took too long, and it was refused."""
        held: SimpleQueue[list[_Job]] = SimpleQueue()
        held.put(batch)
        came = Event()
        self._loop.call_soon_threadsafe(self._loop.call_later, WRITER_WAITS, self._refuse_held, held, came)
        self._turn.wait()
        came.set()
        return _taken(held)

    def _refuse_held(self, held: SimpleQueue[list[_Job]], came: Event) -> None:
        """On the loop: as long as the turn does not come, refuse all who wait, and look again after the same time."""
        if came.is_set():
            return
        batch = [*_taken(held), *self._waiting(_LONGEST_QUEUE)]
        if self._ending:
            self._queue.put(None)  # that was for the thread
        _resolve(self._refuse(batch, "another process is writing"))
        self._loop.call_later(WRITER_WAITS, self._refuse_held, held, came)

    def _write(self, batch: list[_Job]) -> list[_Outcome]:
        if self._fault is None and _identity(self._path) != self._identity:
            self.break_down(f"the file {self._path} was replaced while it was open; restart the server")
        if self._fault is not None:
            return self._refuse(batch, self._fault)
        committing = False
        try:
            self._connection.command("BEGIN IMMEDIATE")
            outcomes = self._done_together(batch) or [self._isolated(job) for job in batch]
            committing = True
            self._connection.command("COMMIT")
        except sqlite3.Error as error:
            return self._give_up(batch, error, committing=committing)
        return outcomes

    def _done_together(self, batch: list[_Job]) -> list[_Outcome] | None:
        """All jobs; None if one of them failed by itself: then none has been done, in a transaction anew."""
        connection = self._connection
        try:
            return [_Outcome(job.future, result=job.work(connection)) for job in batch]
        except Exception as error:  # noqa: BLE001 - whatever it was, it is met again where it is alone
            self._raise_unless_alone(error)
            connection.command("ROLLBACK")
            connection.command("BEGIN IMMEDIATE")
            return None

    def _raise_unless_alone(self, error: Exception) -> None:
        """Raises the error again if more is at fault than the one job that met it."""
        lost = isinstance(error, sqlite3.Error) and trouble_of(error) is not Trouble.STATEMENT
        if lost or not self._connection.in_transaction:
            raise error

    def _isolated(self, job: _Job) -> _Outcome:
        """One job; if it fails it leaves no trace, and its neighbours are not touched."""
        connection = self._connection
        connection.command("SAVEPOINT job")
        try:
            result = job.work(connection)
        except Exception as error:  # noqa: BLE001 - its caller hears of it
            self._raise_unless_alone(error)
            connection.command("ROLLBACK TO job")
            connection.command("RELEASE job")
            return _Outcome(job.future, error=error)
        connection.command("RELEASE job")
        return _Outcome(job.future, result=result)

    def _give_up(self, batch: list[_Job], error: sqlite3.Error, *, committing: bool) -> list[_Outcome]:
        """Nothing of the batch is written, unless a commit failed halfway: nobody can know, so nobody goes on."""
        trouble = trouble_of(error)
        if trouble is Trouble.BROKEN or (committing and trouble is Trouble.STATEMENT):
            self.break_down(f"writing {self._path} failed: {error}")
        if self._connection.in_transaction:
            self._connection.command("ROLLBACK")
        if trouble is Trouble.LOCKED:  # those who queued meanwhile have waited for the same lock
            batch = [*batch, *self._waiting(_LONGEST_QUEUE)]
        return self._refuse(batch, f"{trouble.name.lower()}: {error}")

    def _fold(self, writes: int) -> None:
        """Move the log into the database now and then, when all who wait have been told, and hear if the disk fails.

        A commit that finds the log too long would do so by itself, but before it returns, and without a word of a disk
        that did not take it: a later attempt may then succeed although the pages are gone.
        """
        self._unfolded += writes
        if self._unfolded < _WRITES_BETWEEN_FOLDS or self._fault is not None:
            return
        self._unfolded = 0
        try:
            self._connection.rows("PRAGMA wal_checkpoint(PASSIVE)", {})
        except sqlite3.Error as error:
            if trouble_of(error) is Trouble.BROKEN:
                self.break_down(f"moving the log into {self._path} failed: {error}")

    def _refuse(self, batch: Iterable[_Job], detail: str) -> list[_Outcome]:
        return [_Outcome(job.future, error=_refusal(detail)) for job in batch]

    def _tell(self, outcomes: list[_Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(_resolve, outcomes)
        except RuntimeError:  # the loop is closed: nobody is left to be told
            self.break_down("the event loop has ended")


def _taken(held: SimpleQueue[list[_Job]]) -> list[_Job]:
    """What is held, for the one who asks first."""
    try:
        return held.get_nowait()
    except Empty:
        return []


def _resolve(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        if outcome.future.done():
            continue
        if outcome.error is None:
            outcome.future.set_result(outcome.result)
        else:
            outcome.future.set_exception(outcome.error)


def _refusal(detail: str) -> OAuthError:
    return OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, detail)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
