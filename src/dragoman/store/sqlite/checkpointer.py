"""Moves what is committed from the write-ahead log into the database file, beside the writer and not in its stead.

A log that has grown long is folded by the commit that finds it so, and all who wait for a write wait for that too. What
this thread has moved before need not be moved then: of a large database, whose every write is another page, that is
nearly all. If it falls behind, the commit does the rest, so that the log stays as short without it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from threading import Event, Thread
from typing import TYPE_CHECKING

from dragoman.store.sqlite.connection import Trouble, trouble_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.store.sqlite.connection import Connection

_WRITES_BETWEEN = 1000
_LONGEST_CLOSE = 5.0


class Checkpointer:
    """A thread that begins with the first long log. Several processes may each have one: SQLite lets one work."""

    def __init__(self, connection: Connection, break_down: Callable[[str], None]) -> None:
        """Takes the connection, which nobody else may use; `break_down` hears why the file cannot be trusted."""
        self._connection = connection
        self._break_down = break_down
        self._written = 0
        self._due = Event()
        self._ending = False
        self._thread: Thread | None = None

    def count(self, writes: int) -> None:
        """So many more were committed. Belongs to the thread that writes."""
        self._written += writes
        if self._written < _WRITES_BETWEEN:
            return
        self._written = 0
        self._due.set()
        if self._thread is None:
            self._thread = Thread(target=self._run, name="store-checkpointer", daemon=True)
            self._thread.start()

    async def close(self) -> None:
        """End the thread when the writer's has ended; one that the disk holds up is left behind."""
        self._ending = True
        self._due.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _LONGEST_CLOSE)
        if self._thread is None or not self._thread.is_alive():
            self._connection.close()

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._ending:
                return
            try:
                # Never waits for readers or writers, and keeps none of them waiting.
                self._connection.rows("PRAGMA wal_checkpoint(PASSIVE)", {})
            except sqlite3.Error as error:
                if trouble_of(error) is Trouble.BROKEN:
                    self._break_down(f"moving the log into the database failed: {error}")
                    return
