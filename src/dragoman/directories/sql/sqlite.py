"""An SQLite file with accounts, which somebody else writes: opened for each question, so that SQLite cannot write."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from dragoman.elsewhere.faults import Away, Useless
from dragoman.elsewhere.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dragoman.elsewhere.statement import Statement
    from dragoman.elsewhere.threads import Leash


class File:
    """The file, and threads to read it in."""

    def __init__(self, path: Path, connections: int, seconds: float) -> None:
        """Up to so many questions at once; each waits half of `seconds` at most for a lock on the file."""
        self._address = f"{path.as_uri()}?mode=ro"
        self._seconds = seconds
        self._threads = Threads(connections)

    async def find(self, query: Statement, value: str | None, most: int) -> Sequence[Mapping[str, object]]:
        """The first rows that a query finds. Raises Away, Useless."""
        return await self._threads.run(partial(self._find, query.spelled(lambda _parameter: ":value"), value, most))

    async def close(self) -> None:
        """Let the threads end."""
        self._threads.close()

    def _find(self, text: str, value: str | None, most: int, leash: Leash) -> Sequence[Mapping[str, object]]:
        try:
            with closing(sqlite3.connect(self._address, uri=True, timeout=self._seconds / 2)) as connection:
                leash.tie(connection.interrupt)
                connection.row_factory = sqlite3.Row
                for setting in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON"):
                    connection.execute(f"PRAGMA {setting}")
                return [dict(row) for row in connection.execute(text, {"value": value}).fetchmany(most)]
        except sqlite3.Error as error:
            name = str(getattr(error, "sqlite_errorname", type(error).__name__))
            raise (Useless if name == "SQLITE_ERROR" else Away)(f"the file cannot be read: {name}") from None
