"""What issuing owes the mirror (docs/mirror.md).

A row of it is written before that which makes its token good: before the grant is begun or advanced, and before the
token leaves. So no token is ever without its row; a row without its token can be used by nobody. And whoever ends a
grant ends it after the rows of all its tokens were written: those who tell the mirror miss none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal

if TYPE_CHECKING:
    from dragoman.core.model import Client, Grant, TokenFacts
    from dragoman.core.ports import Services
    from dragoman.core.ports.mirror import Mirror
    from dragoman.core.rules import TokenRecipe


async def show_again(services: Services, mirror: Mirror, recipe: TokenRecipe, facts: TokenFacts, grant: Grant) -> None:
    """Write the row for a grant that was advanced before it: somebody may have ended the grant in between.

    Refuses `revoked_refresh_token`.
    """
    await mirror.show(recipe, facts)
    current = await services.grants.find_grant(grant.id)
    if current is None or current.revoked_at is not None:
        raise OAuthError(Refusal.REVOKED_REFRESH_TOKEN, "the grant ended while its token was mirrored")


async def end_predecessor(services: Services, client: Client, grant: Grant, now: int) -> None:
    """Revoke the grant's last access token but one, for a client whose refresh ends the access token before it.

    This is for the mirror, which is told of what is revoked. At this server the serial alone ends that token. It is
    revoked before the grant is advanced, so that it never lives on after that. If the refresh then fails, the client
    has lost an access token and gets another with its next refresh.
    """
    if not client.refresh_ends_access_token:
        return
    ended = services.tokens.access_token_id(replace(grant, issued=grant.issued - 1), now)
    expires_at = now + client.access_token_lifetime
    await services.grants.revoke_access_token(ended, grant.id, expires_at, now)
