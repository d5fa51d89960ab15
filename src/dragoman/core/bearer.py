"""Whether a presented token is good: genuine, unexpired, and its grant alive (RFC 6750, RFC 7662 §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import TokenFacts
from dragoman.core.refresh import is_over

if TYPE_CHECKING:
    from dragoman.core.model import AccessToken, Client, Grant, ResourceOwner
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
    grant = await _grant_of(services, token)
    client = await services.clients.find_client(token.client_id if grant is None else grant.client_id)
    if client is None or not client.enabled:
        raise OAuthError(Refusal.REVOKED_TOKEN, "its client is gone or disabled")
    _check_origin(token, client, grant)
    if grant is not None and client.refresh_ends_access_token and token.serial != grant.issued:
        raise OAuthError(Refusal.REVOKED_TOKEN, "a later access token took its place")
    owner = await living_owner(services, grant)
    if await services.grants.is_access_token_revoked(token.id):
        raise OAuthError(Refusal.REVOKED_TOKEN, "revoked by itself")
    return TokenFacts(
        issuer=server.issuer,
        client=client,
        resource_owner=owner,
        scope=token.scope,
        audience=client.audience if grant is None else grant.audience,
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
    grant = await services.grants.find_grant(handle.grant_id)
    if grant is None or grant.revoked_at is not None or is_over(grant, now) or grant.generation != handle.generation:
        raise OAuthError(Refusal.REVOKED_REFRESH_TOKEN, "spent, expired or revoked")
    client = await services.clients.find_client(grant.client_id)
    if client is None or not client.enabled:
        raise OAuthError(Refusal.REVOKED_REFRESH_TOKEN, "its client is gone or disabled")
    return TokenFacts(
        issuer=server.issuer,
        client=client,
        resource_owner=await living_owner(services, grant),
        scope=grant.scope,
        audience=grant.audience,
        grant_type="refresh_token",
        grant=grant,
        token_id=services.tokens.access_token_id(grant),
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


async def _grant_of(services: Services, token: AccessToken) -> Grant | None:
    """The living grant behind an access token; the grant, not the token, has the last word on whose it is."""
    if token.grant_id is None:
        return None
    grant = await services.grants.find_grant(token.grant_id)
    if grant is None:
        raise OAuthError(Refusal.REVOKED_TOKEN, "its grant is gone")
    if grant.revoked_at is not None:
        raise OAuthError(Refusal.REVOKED_TOKEN, f"grant revoked: {grant.revoked_because}")
    return grant


async def living_owner(services: Services, grant: Grant | None) -> ResourceOwner | None:
    """The grant's resource owner. A locked account keeps its sessions: a lock is often an attacker's doing."""
    if grant is None or grant.subject is None:
        return None
    owner = await services.resource_owners.find_resource_owner(grant.subject)
    if owner is None or not owner.enabled or owner.expired:
        raise OAuthError(Refusal.REVOKED_TOKEN, "its resource owner is gone, disabled or expired")
    return owner
