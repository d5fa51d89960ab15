"""Refreshing an access token (RFC 6749 §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.adoption import read_refresh_token
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Authorization
from dragoman.core.refresh import Standing, judge_standing

if TYPE_CHECKING:
    from dragoman.core.model import Client, TokenRequest
    from dragoman.core.ports import Services
    from dragoman.core.rules import Rules


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """For whom the grant was made, and no wider."""

    name: str = "refresh_token"
    needs_confidential_client: bool = False

    async def authorize(
        self, services: Services, _rules: Rules, client: Client, request: TokenRequest, now: int
    ) -> Authorization:
        """A forged token is refused before any I/O. Refuses `missing_refresh_token` and as `judge_standing`."""
        presented = request.parameters.get("refresh_token")
        if not presented:
            raise OAuthError(Refusal.MISSING_REFRESH_TOKEN, parameter="refresh_token")
        handle = await read_refresh_token(services, client, presented, request.sender, now)
        session = await services.grants.find_session(handle.grant_id)
        grant, standing = judge_standing(None if session is None else session.grant, handle, client, now)
        owner = None if session is None else session.resource_owner
        if owner is None:
            raise OAuthError(
                Refusal.UNKNOWN_REFRESH_TOKEN, "the resource owner is gone", subject=grant.subject, grant_id=grant.id
            )
        if standing is Standing.LIVE:
            return Authorization(resource_owner=owner, ceiling=grant.scope, continues=grant)
        return Authorization(resource_owner=owner, ceiling=grant.scope, repeats=grant)


GRANT_TYPE = RefreshToken()
