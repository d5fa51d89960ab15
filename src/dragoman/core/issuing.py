"""Spending and issuing: the only place where a grant is begun or advanced and tokens are written.

Tokens are written first and the grant is advanced last, in one statement: a fault in between leaves the presented
refresh token as it was, and whoever loses a race has lost nothing but a signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.mirror import end_predecessor, show_again
from dragoman.core.model import Grant, RefreshHandle, RefreshPolicy, TokenFacts, TokenResponse
from dragoman.core.ports import Rotated
from dragoman.core.refresh import advance, judge_overtaken
from dragoman.core.value import value

if TYPE_CHECKING:
    from dragoman.core.model import Authorization, Client, Sender, StoredAccessToken
    from dragoman.core.ports import NotRotated, Services
    from dragoman.core.rules import Rules, TokenRecipe
    from dragoman.core.scope import Scope


@value
class Issue:
    """All that is decided once the gate is passed."""

    client: Client
    grant_type: str
    authorization: Authorization
    scope: Scope
    rules: Rules
    recipe: TokenRecipe
    """How its access token is spelled."""
    issuer: str
    sender: Sender
    now: int

    @property
    def refreshable(self) -> bool:
        """Whether a refresh token comes with it (RFC 6749 §1.5, §4.4.3)."""
        return (
            self.authorization.resource_owner is not None
            and self.grant_type in self.rules.refresh_token_for
            and "refresh_token" in self.client.grant_types
        )


async def issue(services: Services, order: Issue) -> TokenResponse:
    """The tokens, once everything they stand for is durable. Refuses as `judge_overtaken` when a race was lost."""
    authorization = order.authorization
    if authorization.repeats is not None:
        return await _repeat(services, order, authorization.repeats)
    if authorization.continues is not None:
        return await _continue(services, order, authorization.continues)
    if authorization.resource_owner is None and _speaks_for_itself(order.recipe):
        response, row = _write(services, order, None)
        if services.mirror is not None:
            await services.mirror.show(order.recipe, response.facts)
        if row is not None:
            await services.grants.store_access_token(row)
        return response
    grant = _new_grant(services, order)
    response, row = _write(services, order, grant)
    if services.mirror is not None:
        await services.mirror.show(order.recipe, response.facts)
    await services.grants.create_grant(grant, row, authorization.password_hash)
    return response


def rehearse(services: Services, order: Issue) -> None:
    """Write the tokens of a log-in for nobody to have. Raises TokenTooLong."""
    _write(services, order, _new_grant(services, order))


def _speaks_for_itself(recipe: TokenRecipe) -> bool:
    """Whether an access token without a grant can be read again: it names its client, or a row does."""
    return recipe.format != "jwt" or recipe.client_claim is not None


def _new_grant(services: Services, order: Issue) -> Grant:
    client, owner = order.client, order.authorization.resource_owner
    return Grant(
        id=services.tokens.new_grant_id(),
        client_id=client.id,
        subject=None if owner is None else owner.id,
        scope=order.scope,
        audience=client.audience,
        created_at=order.now,
        expires_at=_after(order.now, client.access_token_lifetime if owner is None else client.refresh_token_lifetime),
        idle_expires_at=None if owner is None else _after(order.now, client.refresh_token_idle_lifetime),
        used_by=order.sender,
        facts={"dialect": order.rules.dialect},
    )


async def _continue(services: Services, order: Issue, grant: Grant) -> TokenResponse:
    idle_expires_at = _after(order.now, order.client.refresh_token_idle_lifetime)
    if order.client.refresh is RefreshPolicy.REUSE or not order.refreshable:
        return await _reuse(services, order, grant, idle_expires_at)
    advanced = advance(grant, order.now, idle_expires_at, order.sender)
    response, row = _write(services, order, advanced)
    if services.mirror is not None:
        await services.mirror.show(order.recipe, response.facts)
        await end_predecessor(services, order.client, advanced, order.now)
    outcome = await services.grants.rotate(grant, order.now, idle_expires_at, row, order.sender)
    if isinstance(outcome, Rotated):
        return response
    return await _repeat(services, order, _judge_again(grant, outcome, order))


async def _reuse(services: Services, order: Issue, grant: Grant, idle_expires_at: int | None) -> TokenResponse:
    """Nothing is spent: the policy, or a dialect whose answer holds no successor, keeps the refresh token.

    So the serial of the access token is taken first, and the tokens are written after.
    """
    outcome = await services.grants.reissue(grant, order.now, idle_expires_at, order.sender)
    if isinstance(outcome, Rotated):
        return await _repeat(services, order, outcome.grant)
    return await _repeat(services, order, _judge_again(grant, outcome, order))


def _judge_again(presented: Grant, outcome: NotRotated, order: Issue) -> Grant:
    """The grant as the winner left it, if the token presented is still a good one or its retry."""
    handle = RefreshHandle(grant_id=presented.id, generation=presented.generation)
    return judge_overtaken(outcome.grant, handle, order.client, order.now)


async def _repeat(services: Services, order: Issue, grant: Grant) -> TokenResponse:
    """Tokens for the grant as it stands: the same refresh token each time."""
    response, row = _write(services, order, grant)
    if services.mirror is not None:
        await show_again(services, services.mirror, order.recipe, response.facts, grant)
        await end_predecessor(services, order.client, grant, order.now)
    if row is not None:
        await services.grants.store_access_token(row)
    return response


def _write(services: Services, order: Issue, grant: Grant | None) -> tuple[TokenResponse, StoredAccessToken | None]:
    tokens = services.tokens
    refreshable = grant is not None and order.refreshable
    facts = TokenFacts(
        issuer=order.issuer,
        client=order.client,
        resource_owner=order.authorization.resource_owner,
        scope=order.scope,
        audience=_audience_of(grant, order.client),
        grant_type=order.grant_type,
        grant=grant,
        token_id=tokens.access_token_id(grant, order.now),
        issued_at=order.now,
        expires_at=order.now + order.client.access_token_lifetime,
        refresh_id=tokens.refresh_token_id(grant) if grant is not None and refreshable else None,
    )
    access_token, row = tokens.write_access_token(order.recipe, facts)
    refresh_token = tokens.write_refresh_token(order.rules.refresh_token, facts) if refreshable else None
    return TokenResponse(facts=facts, access_token=access_token, refresh_token=refresh_token), row


def _audience_of(grant: Grant | None, client: Client) -> tuple[str, ...]:
    """What was granted, and no more than the client may still have."""
    if grant is None:
        return client.audience
    return tuple(name for name in grant.audience if name in client.audience)


def _after(now: int, lifetime: int | None) -> int | None:
    return None if lifetime is None else now + lifetime
