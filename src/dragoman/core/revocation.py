"""Token revocation (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.value import value

if TYPE_CHECKING:
    from dragoman.core.model import Client, Grant, RefreshHandle, Sender, TokenFacts
    from dragoman.core.ports import Services
    from dragoman.core.secret import Secret

REVOKED_BY_CLIENT = "revoked_by_client"
SIGNED_OUT_BY_BEARER = "signed_out_by_bearer"
"""The reasons why a grant ended at the request of its client, or of whoever bore its token."""

NOTHING: Final = "the token is nobody's, or has ended"
"""What the audit says of a revocation that had nothing to do (RFC 7009 §2.2)."""


@value
class Ended:
    """What a revocation has come to, for the audit."""

    grant: Grant | None = None
    """The grant that the token is of; None for one that is unknown, or came from none."""
    because: str | None = None
    """Why the grant has ended, if it was this that ended it."""
    nothing: bool = False
    """Whether the token is nobody's, or has ended: such a one anybody can send."""


_NOTHING = Ended(nothing=True)


async def revoke(  # noqa: PLR0913 (each is one thing it needs)
    services: Services, client: Client, presented: Secret, now: int, *, whole_grant: bool, sender: Sender
) -> Ended:
    """End the token: a refresh token with all that came from it, an access token by itself or, if so ruled, likewise.

    Unknown tokens need nothing (RFC 7009 §2.2). Refuses `foreign_token`
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
    grant = None if token.grant_id is None else await services.grants.find_grant(token.grant_id)
    if (token.client_id if grant is None else grant.client_id) != client.id:  # a token's shape need not name its client
        raise _foreign(client, grant, "access token of another client")
    if whole_grant and grant is not None:
        return await _end_grant(services, grant, now, REVOKED_BY_CLIENT, sender)
    await services.grants.revoke_access_token(token.id, token.grant_id, token.expires_at, now)
    return Ended(grant=grant)


async def sign_out(services: Services, token: TokenFacts, now: int, sender: Sender) -> Ended:
    """End a good token on its bearer's word alone, with the grant it came from."""
    if token.grant is not None:
        return await _end_grant(services, token.grant, now, SIGNED_OUT_BY_BEARER, sender)
    await services.grants.revoke_access_token(token.token_id, None, token.expires_at, now)
    return Ended()


async def _end_grant(services: Services, grant: Grant, now: int, because: str, sender: Sender) -> Ended:
    ended = await services.grants.revoke_grant(grant.id, now, because, sender)
    return Ended(grant=grant, because=because if ended else None)


def _foreign(client: Client, grant: Grant | None, detail: str) -> OAuthError:
    """The refusal of another client's token; the audit is told whose it is."""
    subject, grant_id = (None, None) if grant is None else (grant.subject, grant.id)
    return OAuthError(Refusal.FOREIGN_TOKEN, detail, client_id=client.id, subject=subject, grant_id=grant_id)


async def _revoke_refresh_token(
    services: Services, client: Client, presented: Secret, now: int, sender: Sender
) -> Ended:
    return await _end_grant_of(services, client, services.tokens.read_refresh_token(presented), now, sender)


async def _revoke_former(services: Services, client: Client, presented: Secret, now: int, sender: Sender) -> Ended:
    """A token of the former server becomes ours and ends: it must not come back (RFC 7009 §2.1)."""
    for former in services.former_sessions:
        try:
            handle = await former.adopt(presented, client, sender, now)
        except OAuthError as refused:
            if refused.refusal is Refusal.FOREIGN_REFRESH_TOKEN:
                raise OAuthError(Refusal.FOREIGN_TOKEN, refused.detail, client_id=client.id) from None
            if refused.refusal is Refusal.TEMPORARILY_UNAVAILABLE:
                raise  # nobody knows yet whether it is one
            return _NOTHING  # nobody can use it
        if handle is not None:
            return await _end_grant_of(services, client, handle, now, sender)
    return _NOTHING


async def _end_grant_of(services: Services, client: Client, handle: RefreshHandle, now: int, sender: Sender) -> Ended:
    grant = await services.grants.find_grant(handle.grant_id)
    if grant is None:
        return _NOTHING
    if grant.client_id != client.id:
        raise _foreign(client, grant, "refresh token of another client")
    return await _end_grant(services, grant, now, REVOKED_BY_CLIENT, sender)
