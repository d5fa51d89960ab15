"""The transactions of the one connection that writes: many jobs share a commit, and each fails alone."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dragoman.core.errors import OAuthError, Refusal
from dragoman.store.sqlite.connection import NoMemory, Trouble, trouble_of
from dragoman.store.sqlite.file import beside

if TYPE_CHECKING:
    from asyncio import Future
    from collections import deque
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from dragoman.store.sqlite.connection import Connection

LARGEST_BATCH = 256
_LONGEST_ON_LOOP = 0.001
"""Seconds after which no further job of a batch is begun on the event loop: who waits behind them waits no longer."""
_WRITES_BETWEEN_FOLDS = 1000
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ROOM_BYTES = 65536
"""So much must find room before a write that failed is taken for more than a want of it."""


class Job(Struct, frozen=True, eq=False):
    """Something to be written, and who waits for it."""

    work: Callable[[Connection], object]
    future: Future[Any]
    brief: bool
    """Whether it touches a row or two by their keys, so that the event loop may do it itself."""


class Outcome(Struct, frozen=True, eq=False):
    """What a job came to."""

    future: Future[Any]
    result: object = None
    error: BaseException | None = None


class Batch(Struct, frozen=True, eq=False):
    """Jobs of one transaction."""

    jobs: Sequence[Job]
    outcomes: Sequence[Outcome] | None = None
    """Where all were done on the event loop: nothing is left but to commit them."""
    error: Exception | None = None
    """What kept the event loop from doing so."""
    ended: bool = False
    """Whether nothing was changed, so that not even a commit is left."""


class Settled(Struct, frozen=True, eq=False):
    """A batch that is durable, or refused."""

    outcomes: Sequence[Outcome]
    locked: str | None = None
    """Why, where another program had the database for so long that all who wait behind the batch are refused, too."""


class Transactions:
    """Used by the event loop and by one thread, never by both at once: whoever begins a batch hands it on whole.

    A job may be run more than once: where one of a batch fails all are undone, and run again each in a savepoint.
    """

    def __init__(self, connection: Connection, path: Path) -> None:
        connection.wait_for_locks(0)
        self._connection = connection
        self._path = path
        self._identities = {file: _identity(file) for file in (path, beside(path, "-wal"), beside(path, "-shm"))}
        self._unfolded = 0
        self.fault: str | None = None
        """Why nothing can be written any more, if so."""

    def break_down(self, fault: str) -> None:
        """Refuse every write from now on."""
        self.fault = self.fault or fault

    def look_after_files(self) -> None:
        """Break down where one of them was taken away by its name. SQLite itself never does that while they are open.

        Whoever opens the database after that has a log or locks of its own, and a crash would lose what is written to
        a log without a name. Who ends in order still folds it into the database.
        """
        for file in self._identities:
            with suppress(OSError):  # what cannot be looked at now may be there
                self._look_after(file)

    def _look_after(self, file: Path) -> None:
        """Raises OSError where nobody can tell now, as in a folder that is closed to this account."""
        if self.fault is None and _identity(file) != self._identities[file]:
            self.break_down(f"the file {file} was removed or replaced while it was open; restart the server")

    def begin(self, waiting: deque[Job]) -> Batch:
        """On the event loop: brief jobs, as many as there is time for, all but committed; or why not.

        It waits for no lock. What it reads and writes are the pages of a few rows, most of which have just been read.
        Where they changed nothing (who asks again, who lost a race, who brings what was spent), the disk is not asked.
        """
        jobs: list[Job] = []
        outcomes: list[Outcome] = []
        until = monotonic() + _LONGEST_ON_LOOP
        try:
            before = self._connection.changes
            self._connection.command("BEGIN IMMEDIATE")
            while waiting and waiting[0].brief and len(jobs) < LARGEST_BATCH and (not jobs or monotonic() < until):
                job = waiting.popleft()
                jobs.append(job)
                outcomes.append(Outcome(job.future, job.work(self._connection)))
            ended = self._connection.changes == before
            if ended:
                self._connection.command("ROLLBACK")
        except Exception as error:  # noqa: BLE001 - whatever it was, the thread judges it
            return Batch(jobs=jobs or take_batch(waiting), error=error)
        return Batch(jobs=jobs, outcomes=outcomes, ended=ended)

    def finish(self, batch: Batch, wait: float) -> Settled:
        """In the thread, which may wait: for a lock of another program for so many seconds, and for the disk."""
        committing = False
        try:
            self._look_after(self._path)
            if self.fault is not None:
                self._undo()
                return Settled(outcomes=refuse(batch.jobs, self.fault))
            outcomes = batch.outcomes or self._done_here(batch, wait)
            committing = True
            self._connection.commit()
        except sqlite3.Error as error:
            return self._give_up(batch, error, committing=committing)
        except OSError as error:
            self._undo()
            return Settled(outcomes=refuse(batch.jobs, f"{self._path} cannot be looked at: {error.strerror}"))
        self._unfolded += len(outcomes)
        return Settled(outcomes=outcomes)

    @property
    def folds(self) -> bool:
        """Whether it is time to fold."""
        return self._unfolded >= _WRITES_BETWEEN_FOLDS and self.fault is None

    def fold(self) -> None:
        """Move the log into the database, when all who wait have been told, and hear if the disk fails.

        A commit that finds the log too long would do so by itself, but before it returns, and without a word of a disk
        that did not take it: a later attempt may then succeed although the pages are gone.
        """
        self._unfolded = 0
        try:
            self._connection.rows("PRAGMA wal_checkpoint(PASSIVE)", {})
        except sqlite3.Error as error:
            if self._trouble_of(error) is Trouble.BROKEN:
                self.break_down(f"moving the log into {self._path} failed: {error}")

    def _done_here(self, batch: Batch, wait: float) -> Sequence[Outcome]:
        """All jobs, from the beginning; those of one that failed on the event loop by itself, too."""
        if isinstance(batch.error, sqlite3.Error) and trouble_of(batch.error) not in {
            Trouble.STATEMENT,
            Trouble.LOCKED,
        }:
            raise batch.error
        self._undo()
        self._connection.wait_for_locks(wait)
        try:
            self._connection.command("BEGIN IMMEDIATE")
            return self._done_together(batch.jobs) or [self._isolated(job) for job in batch.jobs]
        finally:
            self._connection.wait_for_locks(0)

    def _done_together(self, jobs: Sequence[Job]) -> Sequence[Outcome] | None:
        """All jobs; None if one of them failed by itself: then none has been done, in a transaction anew."""
        connection = self._connection
        try:
            return [Outcome(job.future, job.work(connection)) for job in jobs]
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

    def _isolated(self, job: Job) -> Outcome:
        """One job; if it fails it leaves no trace, and its neighbours are not touched."""
        connection = self._connection
        connection.command("SAVEPOINT job")
        try:
            result = job.work(connection)
        except Exception as error:  # noqa: BLE001 - its caller hears of it
            self._raise_unless_alone(error)
            connection.command("ROLLBACK TO job")
            connection.command("RELEASE job")
            return Outcome(future=job.future, error=error)
        connection.command("RELEASE job")
        return Outcome(future=job.future, result=result)

    def _give_up(self, batch: Batch, error: sqlite3.Error, *, committing: bool) -> Settled:
        """Nothing of the batch is written, unless a commit failed halfway: nobody can know, so nobody goes on."""
        trouble = self._trouble_of(error)
        if trouble is Trouble.BROKEN or (committing and trouble is Trouble.STATEMENT):
            self.break_down(f"writing {self._path} failed: {error}")
        self._undo()
        detail = f"{trouble.name.lower()}: {error}"
        return Settled(outcomes=refuse(batch.jobs, detail), locked=detail if trouble is Trouble.LOCKED else None)

    def _trouble_of(self, error: sqlite3.Error) -> Trouble:
        """Here, where it may take a moment: SQLite knows a full disk, and takes a quota for a device that fails."""
        trouble = trouble_of(error)
        failed_to_write = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_IOERR_WRITE
        return Trouble.FULL if failed_to_write and _lacks_room(self._path) else trouble

    def _undo(self) -> None:
        """Who finds no memory for that leaves it to the next one, who can begin nothing before."""
        if self._connection.in_transaction:
            with suppress(NoMemory):
                self._connection.command("ROLLBACK")


def take_batch(waiting: deque[Job]) -> Sequence[Job]:
    """The first of those who wait, as many as may share a commit."""
    return [waiting.popleft() for _ in range(min(len(waiting), LARGEST_BATCH))]


def refuse(jobs: Iterable[Job], detail: str) -> Sequence[Outcome]:
    """What becomes of jobs that are not done."""
    return [Outcome(future=job.future, error=refusal(detail)) for job in jobs]


def refusal(detail: str) -> OAuthError:
    """`temporarily_unavailable`."""
    return OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, detail)


def _lacks_room(path: Path) -> bool:
    """Whether nothing more can be written beside this file because it is too much."""
    probe = beside(path, ".room")
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            written = os.write(descriptor, bytes(_ROOM_BYTES))
        finally:
            os.close(descriptor)
    except OSError as error:
        return error.errno in _NO_ROOM
    finally:
        with suppress(OSError):
            probe.unlink()
    return written < _ROOM_BYTES


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
