"""A mirror in an SQLite file that an application keeps: opened for each statement, which waits for its turn."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from dragoman.elsewhere.faults import Away, Useless
from dragoman.elsewhere.threads import Threads

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.elsewhere.statement import Statement, Values
    from dragoman.elsewhere.threads import Leash

_THERE = frozenset({"SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_ROWID"})
_USELESS = ("SQLITE_ERROR", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG")


class File:
    """The file, and threads to wait for it in."""

    def __init__(self, path: Path, connections: int, seconds: float) -> None:
        """Up to so many statements at once; each waits half of `seconds` at most for a lock on the file."""
        self._address = f"{path.as_uri()}?mode=rw"
        self._seconds = seconds
        self._threads = Threads(connections)

    async def insert(self, statement: Statement, values: Values) -> None:
        """Add a row; one that had its key before is as good."""
        await self._threads.run(partial(self._run, _spelled(statement), values))

    async def change(self, statement: Statement, values: Values) -> int:
        """Run it, and say how many rows it changed. Raises Away, Useless."""
        return await self._threads.run(partial(self._run, _spelled(statement), values))

    async def examine(self, statement: Statement) -> None:
        """Have the statement compiled, and run nothing. Raises Away, Useless."""
        values = dict.fromkeys(statement.names)
        await self._threads.run(partial(self._run, f"EXPLAIN {_spelled(statement)}", values))

    async def close(self) -> None:
        """Let the threads end."""
        self._threads.close()

    def _run(self, text: str, values: Values, leash: Leash) -> int:
        try:
            with closing(
                sqlite3.connect(self._address, uri=True, timeout=self._seconds / 2, isolation_level=None)
            ) as connection:
                leash.tie(connection.interrupt)
                return connection.execute(text, values).rowcount
        except sqlite3.Error as error:
            name = str(getattr(error, "sqlite_errorname", type(error).__name__))
            if name in _THERE:
                return 0
            raise (Useless if name.startswith(_USELESS) else Away)(f"the file cannot be written: {name}") from None


def _spelled(statement: Statement) -> str:
    return statement.spelled(lambda name: f":{name}")
