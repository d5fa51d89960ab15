"""What a token is, whether it is genuine, and whether it still counts: without ever telling the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dragoman.cli.operation.acts import recorded
from dragoman.core.bearer import admit_bearer, read_bearer
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import GrantId
from dragoman.core.refresh import Standing, judge_standing

if TYPE_CHECKING:
    from dragoman.cli.operation.opening import TokenDesk
    from dragoman.core.model import AccessToken, Client, Grant, RefreshHandle, Session
    from dragoman.core.secret import Secret

_BECAUSE = "revoked_by_operator"


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What may be told of a token. Times are epoch seconds."""

    kind: str
    """`access_token`, `refresh_token` or `unknown`."""
    genuine: bool
    """Whether this server made it."""
    live: bool
    because: str | None = None
    """Why it does not count, or counts for a moment only."""
    client: str | None = None
    subject: str | None = None
    scope: tuple[str, ...] = ()
    issued_at: int | None = None
    expires_at: int | None = None
    grant: str | None = None
    dialect: str | None = None
    generation: int | None = None
    """Which of its grant's refresh tokens it is."""


async def inspect_token(desk: TokenDesk, presented: Secret) -> Inspection:
    """All that may be told. Nothing is changed by asking."""
    try:
        token = await desk.services.tokens.read_access_token(presented)
    except OAuthError as refused:
        if refused.refusal is Refusal.REFRESH_TOKEN_AS_ACCESS_TOKEN:
            return await _inspect_refresh_token(desk, desk.services.tokens.read_refresh_token(presented))
        if refused.refusal is Refusal.TEMPORARILY_UNAVAILABLE:
            raise
        return Inspection(kind="unknown", genuine=False, live=False, because=refused.detail)
    return await _inspect_access_token(desk, presented, token)


async def revoke_token(desk: TokenDesk, presented: Secret) -> str:
    """End it, a refresh token with its whole session; what was ended, as a sentence. Raises OAuthError."""
    grants = desk.services.grants
    try:
        token = await desk.services.tokens.read_access_token(presented)
    except OAuthError as refused:
        if refused.refusal is not Refusal.REFRESH_TOKEN_AS_ACCESS_TOKEN:
            raise
        return await revoke_session(desk, desk.services.tokens.read_refresh_token(presented).grant_id)
    with recorded(
        desk.configuration, client_id=token.client_id, grant_id=None if token.grant_id is None else token.grant_id.hex()
    ):
        await grants.revoke_access_token(token.id, token.grant_id, token.expires_at, desk.now)
    return "the access token is revoked; its session goes on"


async def revoke_session(desk: TokenDesk, grant_id: GrantId) -> str:
    """End a grant with all its tokens; what was ended, as a sentence."""
    with recorded(desk.configuration, grant_id=grant_id.hex(), because=_BECAUSE) as act:
        ended = await desk.services.grants.revoke_grant(grant_id, desk.now, _BECAUSE)
        act.tell(sessions_ended=int(ended))
    return (
        f"the session {grant_id.hex()} {'has ended, with all its tokens' if ended else 'had ended before, or is gone'}"
    )


async def _inspect_access_token(desk: TokenDesk, presented: Secret, token: AccessToken) -> Inspection:
    grant = None if token.grant_id is None else await desk.services.grants.find_grant(token.grant_id)
    return Inspection(
        kind="access_token",
        genuine=True,
        because=(because := await _why_access_token_is_dead(desk, presented)),
        live=because is None,
        client=token.client_id if grant is None else grant.client_id,
        subject=None if grant is None else grant.subject,
        scope=tuple(token.scope),
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        grant=None if token.grant_id is None else token.grant_id.hex(),
        dialect=None if grant is None else grant.facts.get("dialect"),
    )


async def _why_access_token_is_dead(desk: TokenDesk, presented: Secret) -> str | None:
    try:
        await read_bearer(desk.services, desk.server, presented, desk.now)
    except OAuthError as refused:
        return refused.detail
    return None


async def _inspect_refresh_token(desk: TokenDesk, handle: RefreshHandle) -> Inspection:
    session = await desk.services.grants.find_session(handle.grant_id)
    told = Inspection(
        kind="refresh_token", genuine=True, live=False, grant=handle.grant_id.hex(), generation=handle.generation
    )
    if session is None:
        return msgspec.structs.replace(told, because="no such grant")
    grant = session.grant
    live, because = await _judge_refresh_token(desk, handle, session)
    return msgspec.structs.replace(
        told,
        live=live,
        because=because,
        client=grant.client_id,
        subject=grant.subject,
        scope=tuple(grant.scope),
        issued_at=grant.rotated_at or grant.created_at,
        expires_at=end_of(grant),
        dialect=grant.facts.get("dialect"),
    )


async def _judge_refresh_token(desk: TokenDesk, handle: RefreshHandle, session: Session) -> tuple[bool, str | None]:
    grant = session.grant
    client = await desk.services.clients.find_client(grant.client_id)
    try:
        standing = _standing(client, handle, grant, desk.now)
        admit_bearer(session)
    except OAuthError as refused:
        return False, refused.detail
    if standing is Standing.RETRY:
        return (
            True,
            f"spent; the live one is generation {grant.generation}, and a retry is answered with it for a moment",
        )
    return True, None


def _standing(client: Client | None, handle: RefreshHandle, grant: Grant, now: int) -> Standing:
    if client is None or not client.enabled:
        raise OAuthError(Refusal.CLIENT_DISABLED, "its client is gone or disabled")
    _, standing = judge_standing(grant, handle, client, now)
    return standing


def end_of(grant: Grant) -> int | None:
    """When the grant ends unless it is refreshed before."""
    return min((end for end in (grant.expires_at, grant.idle_expires_at) if end is not None), default=None)
