"""Sessions of the server that stood here before: listed by an import, adopted at their first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import GrantId
from dragoman.core.value import value
from dragoman.store import statement_names as sql
from dragoman.store.rows import former_session_of, grant_values
from dragoman.store.texts import scope_text

if TYPE_CHECKING:
    from dragoman.core.model import FormerSession, Grant
    from dragoman.store.database import Database, Transaction
    from dragoman.store.rows import Row, Values


@value
class StoredSession:
    """A row: a session by the digest of what names it at the former server, and the grant it became, if it did."""

    digest: str
    format: str
    session: FormerSession
    grant_id: GrantId | None = None


class FormerCount(NamedTuple):
    """How many sessions of one format are known, and how many of them are ours by now."""

    format: str
    known: int
    adopted: int


class FormerSessions:
    """Sessions of the former server as rows. All may refuse `temporarily_unavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, digest: str) -> StoredSession | None:
        """The session as it is listed, or was adopted."""
        row = await self._database.row(sql.FIND_FORMER_SESSION, {"digest": digest})
        return None if row is None else stored_session_of(row)

    async def adopt(self, former: StoredSession, grant: Grant, now: int, *, listed: bool) -> bool:
        """Make the former session this grant, in one transaction; False if another use was faster, or it is gone.

        `listed` says that it has to be among those of an import; else nobody may have used it before. Refuses
        `revoked_refresh_token` where all sessions of its client or its resource owner were ended here.
        """
        values = {**former_values(former, now), "grant_id": grant.id}
        claim = sql.CLAIM_FORMER_SESSION if listed else sql.CLAIM_UNLISTED_SESSION

        async def work(transaction: Transaction) -> bool:
            if await transaction.count(claim, values) == 0:
                return False
            # Both rows are held from here on: whoever ends all sessions of either waits for this one, or is seen.
            await transaction.row(sql.HOLD_CLIENT, {"id": former.session.client_id})
            if await transaction.count(sql.CREATE_GRANT, {**grant_values(grant), "password_hash": None}) == 0:
                raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, "its client or resource owner has changed meanwhile")
            if await transaction.row(sql.FIND_ENDED_SUBJECT, values) is not None:
                raise OAuthError(Refusal.REVOKED_REFRESH_TOKEN, "all sessions of its client or account were ended here")
            return True

        return await self._database.transact(work)

    async def drop_unseen(self, format_name: str, began: int) -> int:
        """Forget those of a format that no import has seen since, and that nobody has used; how many."""
        values: Values = {"format": format_name, "began": began}
        return await self._database.transact(
            lambda transaction: transaction.count(sql.DROP_UNSEEN_FORMER_SESSIONS, values)
        )

    async def count(self) -> tuple[FormerCount, ...]:
        """How many sessions of each format are known, and how many of them were adopted."""
        rows = await self._database.rows(sql.COUNT_FORMER_SESSIONS, {})
        return tuple(FormerCount(row[0], row[1], row[2]) for row in rows)


def stored_session_of(row: Row) -> StoredSession:
    """The session that a row of `former_sessions` holds."""
    grant_id = None if row[7] is None else GrantId(row[7])
    return StoredSession(digest=row[0], format=row[1], session=former_session_of(row[2:6]), grant_id=grant_id)


def former_values(stored: StoredSession, now: int) -> Values:
    """What is stored of it, and when it was seen."""
    session = stored.session
    return {
        "digest": stored.digest,
        "format": stored.format,
        "client_id": session.client_id,
        "subject": session.subject,
        "scope": scope_text(session.scope),
        "expires_at": session.expires_at,
        "seen_at": now,
        "grant_id": stored.grant_id,
    }
