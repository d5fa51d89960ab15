"""Token revocation (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal

if TYPE_CHECKING:
    from dragoman.core.model import AccessToken, Client, GrantId, RefreshHandle, Sender, TokenFacts
    from dragoman.core.ports import Services
    from dragoman.core.secret import Secret

REVOKED_BY_CLIENT = "revoked_by_client"
SIGNED_OUT_BY_BEARER = "signed_out_by_bearer"
"""The reasons why a grant ended at the request of its client, or of whoever bore its token."""


async def revoke(  # noqa: PLR0913 (each is one thing it needs)
    services: Services, client: Client, presented: Secret, now: int, *, whole_grant: bool, sender: Sender
) -> str | None:
    """End the token: a refresh token with all that came from it, an access token by itself or, if so ruled, likewise.

    The reason, if a grant has ended with it. Unknown tokens need nothing (RFC 7009 §2.2). Refuses `foreign_token`
    (§2.1): the token stays good.
    """
    try:
        token = await services.tokens.read_access_token(presented)
    except OAuthError as refused:
        if refused.refusal is Refusal.REFRESH_TOKEN_AS_ACCESS_TOKEN:
            return await _revoke_refresh_token(services, client, presented, now, sender)
        if refused.refusal is not Refusal.MALFORMED_TOKEN:
            raise  # a store that is away has ended nothing
        return await _revoke_former(services, client, presented, now, sender)
    if await _owning_client_id(services, token) != client.id:
        raise OAuthError(Refusal.FOREIGN_TOKEN, "access token of another client")
    if whole_grant and token.grant_id is not None:
        return await _end_grant(services, token.grant_id, now, REVOKED_BY_CLIENT, sender)
    await services.grants.revoke_access_token(token.id, token.expires_at, now)
    return None


async def sign_out(services: Services, token: TokenFacts, now: int, sender: Sender) -> str | None:
    """End a good token on its bearer's word alone, with the grant it came from: the reason, if one has ended."""
    if token.grant is not None:
        return await _end_grant(services, token.grant.id, now, SIGNED_OUT_BY_BEARER, sender)
    await services.grants.revoke_access_token(token.token_id, token.expires_at, now)
    return None


async def _end_grant(services: Services, grant_id: GrantId, now: int, because: str, sender: Sender) -> str | None:
    """The reason, if it was this that ended it."""
    return because if await services.grants.revoke_grant(grant_id, now, because, sender) else None


async def _owning_client_id(services: Services, token: AccessToken) -> str:
    """Its grant's client; a token's shape need not name it."""
    grant = None if token.grant_id is None else await services.grants.find_grant(token.grant_id)
    return token.client_id if grant is None else grant.client_id


async def _revoke_refresh_token(
    services: Services, client: Client, presented: Secret, now: int, sender: Sender
) -> str | None:
    return await _end_grant_of(services, client, services.tokens.read_refresh_token(presented), now, sender)


async def _revoke_former(services: Services, client: Client, presented: Secret, now: int, sender: Sender) -> str | None:
    """A token of the former server becomes ours and ends: it must not come back (RFC 7009 §2.1)."""
    for former in services.former_sessions:
        try:
            handle = await former.adopt(presented, client, sender, now)
        except OAuthError as refused:
            if refused.refusal is Refusal.FOREIGN_REFRESH_TOKEN:
                raise OAuthError(Refusal.FOREIGN_TOKEN, refused.detail) from None
            if refused.refusal is Refusal.TEMPORARILY_UNAVAILABLE:
                raise  # nobody knows yet whether it is one
            return None  # nobody can use it
        if handle is not None:
            return await _end_grant_of(services, client, handle, now, sender)
    return None


async def _end_grant_of(
    services: Services, client: Client, handle: RefreshHandle, now: int, sender: Sender
) -> str | None:
    grant = await services.grants.find_grant(handle.grant_id)
    if grant is None:
        return None
    if grant.client_id != client.id:
        raise OAuthError(Refusal.FOREIGN_TOKEN, "refresh token of another client")
    return await _end_grant(services, grant.id, now, REVOKED_BY_CLIENT, sender)
