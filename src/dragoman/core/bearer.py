"""Whether a presented token is good: genuine, unexpired, and its grant alive (RFC 6750, RFC 7662 §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.clock import TOLERANCE
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import TokenFacts
from dragoman.core.refresh import is_over

if TYPE_CHECKING:
    from dragoman.core.model import AccessToken, Client, Grant, ResourceOwner, Session
    from dragoman.core.ports import Services
    from dragoman.core.rules import ServerRules
    from dragoman.core.secret import Secret


async def read_bearer(services: Services, server: ServerRules, presented: Secret, now: int) -> TokenFacts:
    """All that a good access token stands for.

    Refuses `malformed_token`, `refresh_token_as_access_token`, `expired_token`, `revoked_token`.
    """
    token = await services.tokens.read_access_token(presented)
    if token.expires_at <= now:
        raise OAuthError(Refusal.EXPIRED_TOKEN, "expired")
    session = await _session_of(services, token)
    grant = None if session is None else session.grant
    client = await services.clients.find_client(token.client_id if grant is None else grant.client_id)
    if client is None or not client.enabled:
        raise OAuthError(Refusal.REVOKED_TOKEN, "its client is gone or disabled")
    _check_origin(token, client, grant)
    if grant is None and server.not_before:
        _check_epoch(token, server.not_before, now)
    if grant is not None and client.refresh_ends_access_token and token.serial != grant.issued:
        raise OAuthError(Refusal.REVOKED_TOKEN, "a later access token took its place")
    owner = None if session is None else admit_bearer(session)
    return TokenFacts(
        issuer=server.issuer,
        client=client,
        resource_owner=owner,
        scope=token.scope,
        audience=_audience_of(token, client.audience if grant is None else grant.audience),
        grant_type="client_credentials" if owner is None else "password",
        grant=grant,
        token_id=token.id,
        issued_at=token.issued_at or 0,
        expires_at=token.expires_at,
    )


async def read_refresh(services: Services, server: ServerRules, presented: Secret, now: int) -> TokenFacts:
    """All that a live refresh token stands for; spent ones are not good, and asking about them changes nothing.

    Refuses as `Tokens.read_refresh_token`, and `revoked_refresh_token`.
    """
    handle = services.tokens.read_refresh_token(presented)
    session = await services.grants.find_session(handle.grant_id)
    grant = None if session is None else session.grant
    if (
        session is None
        or grant is None
        or grant.revoked_at is not None
        or is_over(grant, now)
        or grant.generation != handle.generation
    ):
        raise OAuthError(Refusal.REVOKED_REFRESH_TOKEN, "spent, expired or revoked")
    client = await services.clients.find_client(grant.client_id)
    if client is None or not client.enabled:
        raise OAuthError(Refusal.REVOKED_REFRESH_TOKEN, "its client is gone or disabled")
    return TokenFacts(
        issuer=server.issuer,
        client=client,
        resource_owner=admit_bearer(session),
        scope=grant.scope,
        audience=grant.audience,
        grant_type="refresh_token",
        grant=grant,
        token_id=services.tokens.access_token_id(grant, now),
        issued_at=grant.rotated_at or grant.created_at,
        expires_at=min((end for end in (grant.expires_at, grant.idle_expires_at) if end is not None), default=0),
        refresh_id=services.tokens.refresh_token_id(grant),
    )


def _check_origin(token: AccessToken, client: Client, grant: Grant | None) -> None:
    """A signature alone is not enough: others may hold the key, and clients come and go under one id."""
    if token.shared_key and not client.shared_key_signature:
        raise OAuthError(Refusal.MALFORMED_TOKEN, "signed with a shared key, which its client's tokens never are")
    if token.scope.beyond(client.scope if grant is None else grant.scope):
        raise OAuthError(Refusal.MALFORMED_TOKEN, "it claims more scope than was granted")
    if grant is None and token.issued_at is not None and token.issued_at < client.created_at:
        raise OAuthError(Refusal.REVOKED_TOKEN, "issued before its client was registered")


def _audience_of(token: AccessToken, granted: tuple[str, ...]) -> tuple[str, ...]:
    """What was granted, and no more than its key is for: an API that holds a shared key makes tokens for no other."""
    if not token.key_audience:
        return granted
    audience = tuple(name for name in granted if name in token.key_audience)
    if not audience:
        raise OAuthError(Refusal.MALFORMED_TOKEN, "signed with a key of other audiences than its own")
    return audience


def _check_epoch(token: AccessToken, not_before: int, now: int) -> None:
    """A database that was restored, or whose time was set back, may have forgotten that a token was revoked."""
    if token.issued_at is None or token.issued_at < not_before:
        raise OAuthError(Refusal.REVOKED_TOKEN, "issued before the database was restored, or its time was set back")
    if token.issued_at > now + TOLERANCE:
        raise OAuthError(Refusal.REVOKED_TOKEN, "issued in a time that is yet to come")


async def _session_of(services: Services, token: AccessToken) -> Session | None:
    """The living session behind an access token; the grant, not the token, has the last word on whose it is."""
    if token.grant_id is None:
        session, revoked = None, await services.grants.is_access_token_revoked(token.id)
    else:
        session, revoked = await services.grants.find_session_of_token(token.grant_id, token.id)
        if session is None:
            raise OAuthError(Refusal.REVOKED_TOKEN, "its grant is gone")
        if session.grant.revoked_at is not None:
            raise OAuthError(Refusal.REVOKED_TOKEN, f"grant revoked: {session.grant.revoked_because}")
    if revoked:
        raise OAuthError(Refusal.REVOKED_TOKEN, "revoked by itself")
    return session


def admit_bearer(session: Session) -> ResourceOwner | None:
    """The session's resource owner, who must be there still, enabled and not expired.

    A locked account keeps its sessions: a lock is often an attacker's doing. Refuses `revoked_token`.
    """
    owner = session.resource_owner
    if session.grant.subject is None:
        return None
    if owner is None or not owner.enabled or owner.expired or owner.withdrawn:
        raise OAuthError(Refusal.REVOKED_TOKEN, "its resource owner is gone, disabled or expired")
    return owner
