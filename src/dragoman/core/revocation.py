"""Token revocation (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal

if TYPE_CHECKING:
    from dragoman.core.model import AccessToken, Client, TokenFacts
    from dragoman.core.ports import Services
    from dragoman.core.secret import Secret


async def revoke(services: Services, client: Client, presented: Secret, now: int, *, whole_grant: bool) -> None:
    """End the token: a refresh token with all that came from it, an access token by itself or, if so ruled, likewise.

    Unknown tokens need nothing (RFC 7009 §2.2). Refuses `foreign_token` (§2.1): the token stays good.
    """
    try:
        token = await services.tokens.read_access_token(presented)
    except OAuthError as refused:
        if refused.refusal is Refusal.REFRESH_TOKEN_AS_ACCESS_TOKEN:
            await _revoke_refresh_token(services, client, presented, now)
        elif refused.refusal is not Refusal.MALFORMED_TOKEN:
            raise  # a store that is away has ended nothing
        return
    if await _owning_client_id(services, token) != client.id:
        raise OAuthError(Refusal.FOREIGN_TOKEN, "access token of another client")
    await _revoke_access_token(services, token, now, whole_grant=whole_grant)


async def sign_out(services: Services, token: TokenFacts, now: int) -> None:
    """End a good token on its bearer's word alone, with the grant it came from."""
    if token.grant is not None:
        await services.grants.revoke_grant(token.grant.id, now, "signed_out_by_bearer")
    else:
        await services.grants.revoke_access_token(token.token_id, token.expires_at, now)


async def _owning_client_id(services: Services, token: AccessToken) -> str:
    """Its grant's client; a token's shape need not name it."""
    grant = None if token.grant_id is None else await services.grants.find_grant(token.grant_id)
    return token.client_id if grant is None else grant.client_id


async def _revoke_access_token(services: Services, token: AccessToken, now: int, *, whole_grant: bool) -> None:
    if whole_grant and token.grant_id is not None:
        await services.grants.revoke_grant(token.grant_id, now, "revoked_by_client")
    else:
        await services.grants.revoke_access_token(token.id, token.expires_at, now)


async def _revoke_refresh_token(services: Services, client: Client, presented: Secret, now: int) -> None:
    grant = await services.grants.find_grant(services.tokens.read_refresh_token(presented).grant_id)
    if grant is None:
        return
    if grant.client_id != client.id:
        raise OAuthError(Refusal.FOREIGN_TOKEN, "refresh token of another client")
    await services.grants.revoke_grant(grant.id, now, "revoked_by_client")
