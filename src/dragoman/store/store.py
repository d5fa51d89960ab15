"""The core's ports on a database, whichever it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.ports import NotRotated, Rotated
from dragoman.core.refresh import advance, reissued
from dragoman.store import statement_names as sql
from dragoman.store.administration import Administration
from dragoman.store.cache.access_tokens import Recent
from dragoman.store.cache.changes import Changes
from dragoman.store.directory import take_in
from dragoman.store.former_sessions import FormerSessions
from dragoman.store.installation import Installation
from dragoman.store.intake import Intake
from dragoman.store.mirror import UntoldEnds
from dragoman.store.revocations import Revocations
from dragoman.store.rows import (
    NOBODY,
    access_token_of,
    access_token_values,
    client_of,
    grant_of,
    grant_values,
    resource_owner_of,
    revocation_values,
    session_of,
)
from dragoman.store.texts import places_text, sender_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.model import (
        Client,
        Grant,
        GrantId,
        ResourceOwner,
        Reuse,
        Sender,
        Session,
        StoredAccessToken,
        TokenId,
    )
    from dragoman.store.database import Database
    from dragoman.store.rows import Values

_WITH_GRANT = "access_token_"
"""What the parameters of an access token begin with where it is stored in one statement with its grant."""


_ROWS_KEPT_SECONDS = 60
"""A row of an access token never changes: whether it still counts, other rows say."""


class Store:
    """Clients, ResourceOwners and Grants. Every verb may refuse `temporarily_unavailable`, and then did nothing.

    The one exception: a connection or a disk was lost while a change was on its way. Then nobody knows, nobody tries
    again, and what the next request finds in the row is the truth.
    """

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self.remember_access_tokens(Changes(), 0)
        self._rows: Recent[StoredAccessToken] = Recent(monotonic, Changes(), staleness=_ROWS_KEPT_SECONDS)
        self.administration = Administration(database)
        self.installation = Installation(database)
        self.intake = Intake(database)
        self.former_sessions = FormerSessions(database)
        self.revocations = Revocations(database)
        self.untold_ends = UntoldEnds(database)

    @property
    def broken(self) -> str | None:
        """Why nothing can be written any more until a restart, if so."""
        return self._database.broken

    def remember_access_tokens(self, changes: Changes, seconds: float) -> None:
        """How long what was read of an access token counts, where nobody whose `changes` these are has changed it."""
        self._changes = changes
        self._sessions: Recent[tuple[Session | None, bool]] = Recent(self._monotonic, changes, staleness=seconds)

    async def find_client(self, client_id: str) -> Client | None:
        """The client with exactly this id, byte for byte."""
        row = await self._database.row(sql.FIND_CLIENT, {"id": client_id})
        return None if row is None else client_of(row)

    async def find_resource_owner_by_login(self, login: str) -> ResourceOwner | None:
        """The account of this user name or e-mail, written as `login_name.canonical` writes it."""
        row = await self._database.row(sql.FIND_RESOURCE_OWNER_BY_LOGIN, {"login": login})
        owner = resource_owner_of(row or NOBODY)
        return None if row is None else owner

    async def find_resource_owner(self, owner_id: str) -> ResourceOwner | None:
        """The account with exactly this id."""
        row = await self._database.row(sql.FIND_RESOURCE_OWNER, {"id": owner_id})
        return None if row is None else resource_owner_of(row)

    async def replace_password_hash(self, owner_id: str, old: str, new: str) -> bool:
        """Store a stronger hash of the same password, unless the stored one has changed meanwhile."""
        return await self._database.change(sql.REPLACE_PASSWORD_HASH, {"id": owner_id, "old": old, "new": new}) == 1

    async def remember_places(self, owner_id: str, password_hash: str, known_places: tuple[str, ...]) -> None:
        """Store from where its owner has logged in, unless the password is another by now. Of two one may be lost."""
        places = {"id": owner_id, "password_hash": password_hash, "known_places": places_text(known_places)}
        await self._database.change(sql.REMEMBER_PLACES, places)

    async def take_in(self, owner: ResourceOwner, directory: str) -> bool:
        """Keep an account as this directory has it; False where that is not for this directory to say."""
        return await take_in(self._database, owner, directory)

    async def withdraw(self, owner_id: str) -> None:
        """Its directory no longer has the account, or not for use, until `take_in` says otherwise."""
        try:
            await self._database.change(sql.WITHDRAW_RESOURCE_OWNER, {"id": owner_id})
        finally:
            self._changes.tell_all()

    async def create_grant(
        self, grant: Grant, access_token: StoredAccessToken | None, password_hash: str | None = None
    ) -> None:
        """Durable when it returns.

        Refuses `temporarily_unavailable` if the client or the resource owner was disabled or deleted, or the password
        that was checked was changed, while the request was judged: asked again, it is judged by what stands then.
        """
        values = {**grant_values(grant), "password_hash": password_hash}
        if access_token is None:
            created = await self._database.change(sql.CREATE_GRANT, values) == 1
        else:
            values = {**values, **access_token_values(access_token, _WITH_GRANT)}
            created = await self._database.change_row(sql.CREATE_GRANT_WITH_TOKEN, values) is not None
        if not created:
            raise OAuthError(
                Refusal.TEMPORARILY_UNAVAILABLE, "the grant's client or resource owner is gone, disabled or changed"
            )

    async def find_grant(self, grant_id: GrantId) -> Grant | None:
        """The grant as it stands."""
        row = await self._database.row(sql.FIND_GRANT, {"id": grant_id})
        return None if row is None else grant_of(row)

    async def find_session(self, grant_id: GrantId) -> Session | None:
        """The grant with its resource owner, in one look."""
        row = await self._database.row(sql.FIND_SESSION, {"id": grant_id})
        return None if row is None else session_of(row)

    async def find_session_of_token(self, grant_id: GrantId, token_id: TokenId) -> tuple[Session | None, bool]:
        """The same, and whether this one access token of it was ended by itself."""

        async def look() -> tuple[Session | None, bool] | None:
            row = await self._database.row(sql.FIND_SESSION_OF_TOKEN, {"id": grant_id, "token_id": token_id})
            return None if row is None else (session_of(row[1:]), bool(row[-1]))

        return await self._sessions.find(grant_id, token_id, look) or (None, False)

    async def rotate(
        self,
        grant: Grant,
        now: int,
        idle_expires_at: int | None,
        access_token: StoredAccessToken | None,
        sender: Sender | None = None,
    ) -> Rotated | NotRotated:
        """Advance generation and serial if the grant is live and still at `grant.generation`: one caller wins.

        The winner's access token is stored with it, or neither is. One statement decides; only who lost looks why.
        """
        values = _advance_values(grant, now, idle_expires_at, sender)
        try:
            if access_token is None:
                rotated = await self._database.contest(sql.ROTATE_GRANT, values)
            else:
                values = {**values, **access_token_values(access_token, _WITH_GRANT)}
                rotated = await self._database.contest(sql.ROTATE_GRANT_WITH_TOKEN, values)
        finally:
            self._changes.tell(grant.id)
        if rotated:
            return Rotated(grant=advance(grant, now, idle_expires_at, sender))
        return NotRotated(grant=await self.find_grant(grant.id))

    async def reissue(
        self, grant: Grant, now: int, idle_expires_at: int | None, sender: Sender | None = None
    ) -> Rotated | NotRotated:
        """Advance only the serial of access tokens; the refresh token stays as it is."""
        values = _advance_values(grant, now, idle_expires_at, sender)
        try:
            row = await self._database.change_row(sql.REISSUE_GRANT, values)
        finally:
            self._changes.tell(grant.id)
        if row is not None:
            return Rotated(grant=reissued(grant, row[0], idle_expires_at, sender))
        return NotRotated(grant=await self.find_grant(grant.id))

    async def store_access_token(self, access_token: StoredAccessToken) -> None:
        """Keep the digest of an access token whose grant exists already, or that has none."""
        await self._database.change(sql.CREATE_ACCESS_TOKEN, access_token_values(access_token))

    async def find_access_token(self, digest: bytes) -> StoredAccessToken | None:
        """The row behind an access token that carries nothing itself."""

        async def look() -> StoredAccessToken | None:
            row = await self._database.row(sql.FIND_ACCESS_TOKEN, {"digest": digest})
            return None if row is None else access_token_of(row)

        return await self._rows.find(digest, digest, look)

    async def revoke_grant(
        self, grant_id: GrantId, now: int, because: str, sender: Sender | None = None, reuse: Reuse | None = None
    ) -> bool:
        """End a grant for good, and keep why and at whose request; False if it had ended before."""
        values: Values = {"id": grant_id, "now": now, "revoked_because": because, **revocation_values(sender, reuse)}
        try:
            return await self._database.change(sql.REVOKE_GRANT, values) == 1
        finally:
            self._changes.tell(grant_id)

    async def revoke_access_token(self, token_id: TokenId, grant_id: GrantId | None, expires_at: int, now: int) -> None:
        """End one access token and leave its grant, if it came from one, alone.

        Whoever ended it a moment ago has nothing left to write: what is revoked stays so.
        """
        family = grant_id or token_id
        _, ended = self._sessions.kept(family, token_id) or (None, False)
        if ended:
            return
        values: Values = {"token_id": token_id, "expires_at": expires_at, "revoked_at": now}
        try:
            await self._database.ensure(sql.REVOKE_ACCESS_TOKEN, values)
        finally:
            self._changes.tell(family)
        if grant_id is None:
            self._sessions.keep(family, token_id, (None, True))

    async def is_access_token_revoked(self, token_id: TokenId) -> bool:
        """Whether this one access token was ended by itself."""

        async def look() -> tuple[Session | None, bool]:
            return None, await self._database.row(sql.FIND_REVOKED_ACCESS_TOKEN, {"token_id": token_id}) is not None

        _, revoked = await self._sessions.find(token_id, token_id, look) or (None, False)
        return revoked


def _advance_values(grant: Grant, now: int, idle_expires_at: int | None, sender: Sender | None) -> Values:
    return {
        "id": grant.id,
        "generation": grant.generation,
        "now": now,
        "idle_expires_at": idle_expires_at,
        "used_by": sender_text(sender),
    }
