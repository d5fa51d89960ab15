"""The mirror, as the token endpoint sees it, and those who tell it what has ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from dragoman.core.clock import SteadyClock
from dragoman.core.errors import OAuthError
from dragoman.core.json_text import write_json
from dragoman.core.value import value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from dragoman.core.model import TokenFacts, TokenId
    from dragoman.core.rules import TokenRecipe
    from dragoman.elsewhere.guard import Guard
    from dragoman.elsewhere.statement import Statement, Values
    from dragoman.mirror.database import Database
    from dragoman.store.mirror import EndedGrant, UntoldEnds

Told = TypeVar("Told")

_LOOK_SECONDS = 0.5
_AT_ONCE = 100
_PURGE_SECONDS = 600
_PURGE_PAUSE_SECONDS = 0.02
_KEPT_SECONDS = 86400
"""For how long after its end a row is left: a token that was asked for again may live a little longer than its row
says, and another machine's clock may be late."""


@value
class Statements:
    """What is run against the mirrored table, as the configuration says it."""

    insert: Statement
    revoke_grant: Statement
    revoke_token: Statement
    purge: Statement | None

    def by_setting(self) -> Mapping[str, Statement]:
        """Each of them, by what it is called."""
        needed = {"insert": self.insert, "revoke_grant": self.revoke_grant, "revoke_token": self.revoke_token}
        return needed if self.purge is None else {**needed, "purge": self.purge}


@value
class GuardedTable:
    """The table of access tokens that is mirrored into. All of it refuses `temporarily_unavailable`."""

    statements: Statements
    database: Database
    guard: Guard

    async def insert(self, row: Values) -> None:
        """Add a row; it is there when this returns."""
        await self.guard.ask(lambda: self.database.insert(self.statements.insert, row))

    async def change(self, statement: Statement, values: Values) -> int:
        """Change or take away rows; how many."""
        return await self.guard.ask(lambda: self.database.change(statement, values))


class SqlMirror:
    """The mirror as the token endpoint sees it (`core.ports.mirror.Mirror`)."""

    def __init__(self, table: GuardedTable) -> None:
        self._table = table

    async def show(self, recipe: TokenRecipe, facts: TokenFacts) -> None:
        """Its row is there when this returns. Nothing for a token that only this server can read."""
        if recipe.format != "jwt" or recipe.spell_identifier is None:
            return
        row = {
            "token": recipe.spell_identifier(facts.token_id),
            "user": None if facts.resource_owner is None else facts.resource_owner.id,
            "client": facts.client.id,
            "scopes": write_json(list(facts.scope)).decode(),
            "grant": None if facts.grant is None else facts.grant.id.hex(),
            "issued_at": facts.issued_at,
            "expires_at": facts.expires_at,
        }
        await self._table.insert(row)


class Teller:
    """Tells the mirror what has ended, whoever ended it: what is not told yet stands in the store."""

    def __init__(
        self,
        *,
        table: GuardedTable,
        untold: UntoldEnds,
        spellings: Collection[Callable[[TokenId], str]],
        now: Callable[[], int],
        tell: Callable[[str | None], None],
    ) -> None:
        """`spellings` are those of identifiers in tokens; `tell` hears why it falls behind, and None at the end."""
        self._table = table
        self._untold = untold
        self._spellings = spellings
        self._now = now
        self._tell = tell
        self._behind: str | None = None

    async def tell(self) -> None:
        """The chore: look twice a second, without end."""
        while True:
            try:
                while await self.tell_some():
                    pass
            except OAuthError as refused:
                self._is_behind(refused.detail)
            else:
                self._is_behind(None)
            await asyncio.sleep(_LOOK_SECONDS)

    async def tell_some(self) -> bool:
        """Tell the latest ends; whether there may be more. Refuses `temporarily_unavailable`."""
        grants = await self._untold.ended_grants(_AT_ONCE)
        await self._tell_each(grants, self._end_grant, self._untold.mark_grants)
        tokens = await self._untold.ended_access_tokens(_AT_ONCE)
        await self._tell_each(tokens, self._end_token, self._untold.mark_access_tokens)
        return _AT_ONCE in {len(grants), len(tokens)}

    async def purge(self) -> None:
        """The chore: take away rows of tokens that ended long ago, some at once, where a statement says how."""
        while True:
            await asyncio.sleep(_PURGE_SECONDS)
            if isinstance(self._now, SteadyClock) and self._now.behind:
                continue  # a clock that may be wrong decides nothing for good
            try:
                await self.purge_old()
            except OAuthError as refused:
                self._is_behind(refused.detail)

    async def purge_old(self) -> None:
        """Take away old rows until none is left. Refuses `temporarily_unavailable`."""
        removed = -1
        purge = self._table.statements.purge
        while purge is not None and removed:
            removed = await self._table.change(purge, {"before": self._now() - _KEPT_SECONDS})
            await asyncio.sleep(_PURGE_PAUSE_SECONDS)

    async def _tell_each(
        self,
        ended: Sequence[Told],
        end: Callable[[Told], Awaitable[None]],
        mark: Callable[[Sequence[Told], int], Awaitable[None]],
    ) -> None:
        """One after the other; those that were told are marked also where the next could not be."""
        told: list[Told] = []
        try:
            for one in ended:
                await end(one)
                told.append(one)
        finally:
            if told:
                await mark(told, self._now())

    async def _end_grant(self, ended: EndedGrant) -> None:
        values = {"grant": ended.id.hex(), "user": ended.subject, "client": ended.client_id, "now": self._now()}
        await self._table.change(self._table.statements.revoke_grant, values)

    async def _end_token(self, token_id: TokenId) -> None:
        for spell in self._spellings:
            await self._table.change(
                self._table.statements.revoke_token, {"token": spell(token_id), "now": self._now()}
            )

    def _is_behind(self, why: str | None) -> None:
        """Told once, and once more when it is over."""
        if (why is None) != (self._behind is None):
            self._tell(why)
        self._behind = why
