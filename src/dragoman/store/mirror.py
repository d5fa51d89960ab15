"""What ended and a mirror has not been told of: it stays here until it was, whoever ended it and wherever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.model import GrantId, TokenId
from dragoman.core.value import value
from dragoman.store import statement_names as sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.store.database import Database, Transaction


@value
class EndedGrant:
    """A grant that has ended, and whose it was."""

    id: GrantId
    client_id: str
    subject: str | None


class UntoldEnds:
    """Grants and access tokens that ended, until they are marked as told: a mark on each row decides, and no clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ended_grants(self, limit: int) -> tuple[EndedGrant, ...]:
        """The latest grants that ended and were not told, at most so many."""
        rows = await self._database.rows(sql.LIST_UNTOLD_GRANTS, {"limit": limit})
        return tuple(EndedGrant(id=GrantId(row[0]), client_id=row[1], subject=row[2]) for row in rows)

    async def ended_access_tokens(self, limit: int) -> tuple[TokenId, ...]:
        """The latest access tokens that were revoked by themselves and not told, at most so many."""
        rows = await self._database.rows(sql.LIST_UNTOLD_ACCESS_TOKENS, {"limit": limit})
        return tuple(TokenId(row[0]) for row in rows)

    async def mark_grants(self, told: Sequence[EndedGrant], now: int) -> None:
        """These grants were told; `now` is kept with the mark."""

        async def work(transaction: Transaction) -> None:
            await transaction.each(sql.MARK_GRANT_MIRRORED, [{"id": one.id, "now": now} for one in told])

        await self._database.transact(work)

    async def mark_access_tokens(self, told: Sequence[TokenId], now: int) -> None:
        """These access tokens were told; `now` is kept with the mark."""

        async def work(transaction: Transaction) -> None:
            await transaction.each(sql.MARK_ACCESS_TOKEN_MIRRORED, [{"token_id": one, "now": now} for one in told])

        await self._database.transact(work)
