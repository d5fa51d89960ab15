"""What the mirror asks of a database, whichever it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dragoman.elsewhere.faults import ElsewhereFault

if TYPE_CHECKING:
    from dragoman.core.secret import Secret
    from dragoman.elsewhere.statement import Statement, Values

# ruff: noqa: PLC0415


class Database(Protocol):
    """Each statement is a transaction of its own. All of it raises Away, Useless, or refuses as unavailable."""

    async def insert(self, statement: Statement, values: Values) -> None:
        """Add a row; it is there when this returns. One that had its key before is as good."""
        ...

    async def change(self, statement: Statement, values: Values) -> int:
        """How many rows it changed or took away. A value that no column could hold finds none."""
        ...

    async def examine(self, statement: Statement) -> None:
        """Have it read by the database, and not run."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


def open_database(setting: str, location: Path | Secret, connections: int, seconds: float) -> Database:
    """The database, of which nothing is asked yet. Only the driver in use is loaded. Raises ElsewhereFault."""
    if isinstance(location, Path):
        from dragoman.mirror.sql.sqlite import File

        return File(location, connections, seconds)
    scheme = location.reveal().partition(":")[0]
    if scheme in {"postgresql", "postgres"}:
        from dragoman.mirror.sql.postgresql import Server

        return Server(setting, location, connections, seconds)
    if scheme in {"mysql", "mariadb"}:
        from dragoman.mirror.sql.mysql import Server as OtherServer

        return OtherServer(setting, location, connections, seconds)
    raise ElsewhereFault(f"{setting}: write the path of an SQLite file, postgresql://… or mysql://…")
