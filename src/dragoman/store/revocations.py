"""The account of revocations: how many grants ended before their time, whose, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dragoman.store import statement_names as sql
from dragoman.store.rows import grant_of

if TYPE_CHECKING:
    from dragoman.core.model import Grant
    from dragoman.store.database import Database
    from dragoman.store.rows import Values


class RevocationCount(NamedTuple):
    """How many grants of one client ended for one reason."""

    client_id: str
    because: str
    looked_like_retry: bool | None
    """None where the question does not arise."""
    grants: int


class Revocations:
    """What is still there of it: a revoked grant is kept for the time that the purge is told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, since: int) -> tuple[RevocationCount, ...]:
        """How many grants were revoked from this time on, by client, reason, and whether it looked like a retry."""
        rows = await self._database.rows(sql.COUNT_REVOCATIONS, {"since": since})
        return tuple(RevocationCount(row[0], row[1], None if row[2] is None else bool(row[2]), row[3]) for row in rows)

    async def list(self, since: int, limit: int) -> tuple[Grant, ...]:
        """The grants that were revoked from this time on, the latest first, at most so many."""
        return tuple(map(grant_of, await self._database.rows(sql.LIST_REVOCATIONS, {"since": since, "limit": limit})))

    async def list_of_client(self, client_id: str, since: int, limit: int) -> tuple[Grant, ...]:
        """Those of one client, from this time on, the latest first, at most so many."""
        values: Values = {"client_id": client_id, "since": since, "limit": limit}
        return tuple(map(grant_of, await self._database.rows(sql.LIST_REVOCATIONS_OF_CLIENT, values)))
