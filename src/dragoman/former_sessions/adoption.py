"""Sessions of the former server become ours (core.ports.former_sessions): judged here, made durable by the store."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from dragoman.core.adoption import digest_of
from dragoman.core.directory import admit_newcomer
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import FormerSession, Grant, RefreshHandle
from dragoman.core.ports import Attempt, Event
from dragoman.store.former_sessions import StoredSession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from dragoman.core.model import Client, GrantId, ResourceOwner, Sender
    from dragoman.core.ports import Audit, ResourceOwners
    from dragoman.core.ports.directory import Directory
    from dragoman.core.secret import Secret
    from dragoman.former_sessions.format import FormerReader, FormerToken
    from dragoman.store.former_sessions import FormerSessions

Result = TypeVar("Result")
LONGEST_TOKEN = 16 * 1024
"""Characters; anything longer is refused before it is looked at."""
_SKEW = 300
"""Seconds by which the clocks of two servers may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerServer:
    """The server that stood here, and on which terms its sessions are adopted. Times are epoch seconds."""

    format: str
    reader: FormerReader
    cut_over: int
    """When it stopped: it made no token after that."""
    until: int
    """From when on nothing more is adopted."""
    unlisted: bool = False
    """Whether a session is adopted that no import has listed."""
    renewed: bool = False
    """Whether an adopted session has the lifetimes of one that begins, and not the end that it had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """Adopts the sessions of former servers."""

    servers: Sequence[FormerServer]
    sessions: FormerSessions
    resource_owners: ResourceOwners
    audit: Audit
    new_grant_id: Callable[[], GrantId]
    slowly: Callable[[Callable[[], FormerToken | None], Attempt], Awaitable[FormerToken | None]]
    """Does work that takes as long as a password hash, beside the event loop and bounded as they are."""
    directory: Directory | None = None
    """Who is asked for an account that is not known here."""
    not_before: int = 0
    """Epoch seconds. What happened before is not all known: a backup was restored (`Installation.not_before`)."""

    async def adopt(self, presented: Secret, client: Client, sender: Sender, now: int) -> RefreshHandle | None:
        """The grant that the token stands for from now on; None if no former server made it.

        A forged one is refused before any I/O, wherever its format has a MAC or a signature.
        """
        text = presented.reveal()
        if len(text) > LONGEST_TOKEN or not text.isascii():
            return None
        for server in self.servers:
            if server.reader.recognises(text):
                token = await self._read(server, text, client, sender)
                handle = None if token is None else await self._adopt(server, token, client, sender, now)
                if handle is not None:
                    return handle
        return None

    async def _read(self, server: FormerServer, text: str, client: Client, sender: Sender) -> FormerToken | None:
        if not server.reader.slow:
            return server.reader.read(text)
        attempt = Attempt(client_id=client.id, address=sender.address, login="")
        return await self.slowly(partial(server.reader.read, text), attempt)

    async def _adopt(
        self, server: FormerServer, token: FormerToken, client: Client, sender: Sender, now: int
    ) -> RefreshHandle | None:
        digest = digest_of(server.format, token.identifier)
        row = await self.sessions.find(digest)
        if row is None and token.says is None:  # another server's, or nobody's
            return None
        if row is None or row.grant_id is None:
            listed = row is not None
            session = _judged(server, token, row, client, now)
            if self.not_before > server.cut_over:
                raise OAuthError(Refusal.REVOKED_REFRESH_TOKEN, "a restore ended the sessions of the former server")
            owner = await self._owner(session, client, now)
            former = StoredSession(digest=digest, format=server.format, session=session)
            grant = _grant_of(self.new_grant_id(), server, session, owner, client, now)
            if await self.sessions.adopt(former, grant, now, listed=listed):
                self._record(server, grant, sender)
                return RefreshHandle(grant_id=grant.id, generation=0)
            row = await self.sessions.find(digest)
            if row is None or row.grant_id is None:
                raise OAuthError(Refusal.UNKNOWN_REFRESH_TOKEN, "a former session that is listed no more")
        return RefreshHandle(grant_id=row.grant_id, generation=0)

    def _record(self, server: FormerServer, grant: Grant, sender: Sender) -> None:
        """Before the refresh is judged, which may still be refused: the grant is there all the same."""
        self.audit.record(
            Event(
                name="session_adopted",
                dialect="",
                sender=sender,
                client_id=grant.client_id,
                subject=grant.subject,
                grant_id=grant.id.hex(),
                facts={"from": server.format},
            )
        )

    async def _owner(self, session: FormerSession, client: Client, now: int) -> ResourceOwner:
        """Whose session it is. The state of the account is judged at the gate, but a disabled one has no sessions."""
        subject = session.subject or ""
        owner = await self.resource_owners.find_resource_owner(subject)
        if owner is None and subject and self.directory is not None:
            owner = await admit_newcomer(self.directory, self.resource_owners, subject, now)
        if owner is None:
            raise OAuthError(Refusal.UNKNOWN_REFRESH_TOKEN, "the resource owner of a former session is not here")
        if owner.belongs_to not in (None, client.id):
            raise OAuthError(Refusal.REVOKED_REFRESH_TOKEN, "a former session of another client's user")
        if not owner.enabled:
            raise OAuthError(Refusal.REVOKED_REFRESH_TOKEN, "the account of a former session is disabled")
        return owner


def _judged(
    server: FormerServer, token: FormerToken, row: StoredSession | None, client: Client, now: int
) -> FormerSession:
    """The session, if it may be adopted. The client is compared first, as for tokens of ours."""
    session = _told(token.says, None if row is None else row.session)
    if session.client_id != client.id:
        raise OAuthError(Refusal.FOREIGN_REFRESH_TOKEN, "a former session of another client")
    if row is None and not server.unlisted:
        raise OAuthError(Refusal.UNKNOWN_REFRESH_TOKEN, "no import has listed this former session")
    if row is not None and _contradict(session, row.session):
        raise OAuthError(Refusal.FORGED_REFRESH_TOKEN, "token and row of a former session contradict each other")
    if token.issued_at is not None and token.issued_at > server.cut_over + _SKEW:
        raise OAuthError(Refusal.FORGED_REFRESH_TOKEN, "made with the key of the former server after it stopped")
    if session.expires_at is not None and session.expires_at <= now:
        raise OAuthError(Refusal.EXPIRED_REFRESH_TOKEN, "the former session has expired")
    if server.until <= now:
        raise OAuthError(Refusal.EXPIRED_REFRESH_TOKEN, "the time for adopting former sessions is over")
    return session


def _told(says: FormerSession | None, listed: FormerSession | None) -> FormerSession:
    """What the token says, which its server was bound to, and where it says nothing what the row has."""
    known = [one for one in (says, listed) if one is not None]
    return FormerSession(
        client_id=next((one.client_id for one in known if one.client_id is not None), None),
        subject=next((one.subject for one in known if one.subject is not None), None),
        scope=next((one.scope for one in known if one.scope is not None), None),
        expires_at=known[0].expires_at,
    )


def _contradict(session: FormerSession, listed: FormerSession) -> bool:
    return listed.client_id not in (None, session.client_id) or listed.subject not in (None, session.subject)


def _grant_of(  # noqa: PLR0913, PLR0917 - each is one thing it needs
    grant_id: GrantId, server: FormerServer, session: FormerSession, owner: ResourceOwner, client: Client, now: int
) -> Grant:
    """Its generation 0 is the former token, and no access token has come from it yet."""
    kept = server.until if session.expires_at is None else session.expires_at
    return Grant(
        id=grant_id,
        client_id=client.id,
        subject=owner.id,
        scope=client.scope if session.scope is None else session.scope,
        audience=client.audience,
        created_at=now,
        expires_at=_after(now, client.refresh_token_lifetime) if server.renewed else kept,
        idle_expires_at=_after(now, client.refresh_token_idle_lifetime),
        issued=0,
        facts={"adopted_from": server.format},
    )


def _after(now: int, lifetime: int | None) -> int | None:
    return None if lifetime is None else now + lifetime
