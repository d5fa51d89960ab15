"""What the accounts in a table ask of a database, whichever it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dragoman.elsewhere.faults import ElsewhereFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.core.secret import Secret
    from dragoman.elsewhere.statement import Statement

# ruff: noqa: PLC0415


class Rows(Protocol):
    """A database that is only read."""

    async def find(self, query: Statement, value: str | None, most: int) -> Sequence[Mapping[str, object]]:
        """The first rows that a query finds, each by the names of its columns. Raises Away, Useless.

        It may also refuse `temporarily_unavailable`.
        """
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


def open_rows(location: Path | Secret, connections: int, seconds: float) -> Rows:
    """The database, of which nothing is asked yet. Only the driver in use is loaded. Raises ElsewhereFault."""
    if isinstance(location, Path):
        from dragoman.directories.sql.sqlite import File

        return File(location, connections, seconds)
    scheme = location.reveal().partition(":")[0]
    if scheme in {"postgresql", "postgres"}:
        from dragoman.directories.sql.postgresql import Server

        return Server(location, connections)
    if scheme in {"mysql", "mariadb"}:
        from dragoman.directories.sql.mysql import Server as OtherServer

        return OtherServer(location, connections, seconds)
    raise ElsewhereFault("directory.sql.url: write the path of an SQLite file, postgresql://… or mysql://…")
