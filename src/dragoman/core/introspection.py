"""Token introspection (RFC 7662)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.bearer import read_bearer, read_refresh
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.value import value

if TYPE_CHECKING:
    from dragoman.core.model import TokenFacts
    from dragoman.core.ports import Services
    from dragoman.core.rules import ServerRules
    from dragoman.core.secret import Secret

ACCESS_TOKEN = "access_token"
REFRESH_TOKEN = "refresh_token"


@value
class Introspection:
    """A good token: of which kind, and what it stands for."""

    token_type: str
    facts: TokenFacts


async def introspect(
    services: Services, server: ServerRules, presented: Secret, now: int, *, refresh_tokens: bool
) -> Introspection:
    """What a good token stands for. A token that is not good is an OAuthError; most dialects answer it `active` false.

    `refresh_tokens`: whether they may be introspected too; no hint (RFC 7662 §2.1) is needed to tell tokens apart.
    """
    try:
        facts = await read_bearer(services, server, presented, now)
    except OAuthError as refused:
        if refused.refusal is not Refusal.REFRESH_TOKEN_AS_ACCESS_TOKEN or not refresh_tokens:
            raise
        return Introspection(token_type=REFRESH_TOKEN, facts=await read_refresh(services, server, presented, now))
    return Introspection(token_type=ACCESS_TOKEN, facts=facts)
