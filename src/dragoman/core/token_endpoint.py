"""The token endpoint (RFC 6749 §3.2), top to bottom: the steps every grant passes, once, in one place."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.client_authentication import authenticate_client
from dragoman.core.directory import confirm_account
from dragoman.core.end_user import from_end_user
from dragoman.core.errors import OAuthError, Refusal, TokenTooLong
from dragoman.core.gate import admit_client, admit_grant_type, admit_resource_owner
from dragoman.core.issuing import Issue, issue
from dragoman.core.ports import Event
from dragoman.core.refresh import RefreshTokenReuse
from dragoman.core.rules import ScopeCheck
from dragoman.core.scope_judgement import initial_scope, judge_scope, narrow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.core.model import Authorization, Client, TokenRequest, TokenResponse
    from dragoman.core.ports import GrantType, Services
    from dragoman.core.rules import Rules, ServerRules
    from dragoman.core.scope import Scope

_ALARMING = frozenset({Refusal.DIALECT_NOT_ALLOWED, Refusal.FOREIGN_REFRESH_TOKEN})
"""Refusals that no client of good faith comes to: its secret, or somebody's token, is in strange hands. A public client
has no secret, and anybody may send its id to any dialect."""


async def answer(
    services: Services, server: ServerRules, rules: Rules, request: TokenRequest, now: int
) -> TokenResponse:
    """The tokens, or the OAuthError; one audit event either way. `now` is in epoch seconds."""
    try:
        if rules.order_of(request.grant_type).grant_type_before_client:
            _find_grant_type(services, rules, request)
        client = await authenticate_client(
            services, request.client, request.sender, rules.dialect, request.hung_up, now=now
        )
        request = from_end_user(request, client)
        response = await _respond(services, server, rules, client, request, now=now)
    except OAuthError as refused:
        if isinstance(refused, RefreshTokenReuse):
            await _end_grant(services, rules, request, refused, now)
        await _audit_refusal(services, rules, request, refused)
        raise
    _audit_success(services, rules, request, response)
    return response


async def _respond(  # noqa: PLR0913 - what the steps need
    services: Services, server: ServerRules, rules: Rules, client: Client, request: TokenRequest, *, now: int
) -> TokenResponse:
    order = rules.order_of(request.grant_type)
    admit_client(client, rules)
    requested = None
    if order.scope is ScopeCheck.BEFORE_GRANT_TYPE:
        requested = judge_scope(request.scope, client, request.grant_type, rules, server)
    grant_type = _find_grant_type(services, rules, request)
    admit_grant_type(client, grant_type)
    if order.scope is ScopeCheck.BEFORE_GRANT:
        requested = judge_scope(request.scope, client, request.grant_type, rules, server)
    authorization = await _confirm(services, await grant_type.authorize(services, rules, client, request, now), now)
    scope = _granted(server, rules, client, request, authorization, requested)
    if authorization.password_hash is not None or authorization.arrives_from is not None:
        judge = partial(grant_type.authorize, services, rules, client, request, now)
        authorization = await _settle_account(services, rules, authorization, judge)
        _audit_arrival(services, rules, client, request, authorization)
    order_to_issue = Issue(
        client=client,
        grant_type=grant_type.name,
        authorization=authorization,
        scope=scope,
        rules=rules,
        recipe=server.recipe_for(client, rules),
        issuer=server.issuer,
        sender=request.sender,
        now=now,
    )
    return await issue(services, order_to_issue)


def _granted(  # noqa: PLR0913, PLR0917 - what it judges by
    server: ServerRules,
    rules: Rules,
    client: Client,
    request: TokenRequest,
    authorization: Authorization,
    requested: Scope | None,
) -> Scope:
    """The scope of whom the grant type has found, if they may have one; what refuses it says whom it concerns."""
    owner, ceiling = authorization.resource_owner, authorization.ceiling
    try:
        admit_resource_owner(owner, rules, at_refresh=ceiling is not None)
        if rules.order_of(request.grant_type).scope is ScopeCheck.AFTER_GRANT:
            requested = judge_scope(request.scope, client, request.grant_type, rules, server)
        return initial_scope(requested, client, rules) if ceiling is None else narrow(requested, ceiling, client)
    except OAuthError as refused:
        grant = authorization.continues or authorization.repeats
        raise refused.about(None if owner is None else owner.id, None if grant is None else grant.id) from None


async def _confirm(services: Services, authorization: Authorization, now: int) -> Authorization:
    """The same, with the account as its directory has it now, where it lives in one and a session goes on."""
    owner = authorization.resource_owner
    if owner is None or owner.directory is None or authorization.ceiling is None:
        return authorization
    return replace(authorization, resource_owner=await confirm_account(services, owner, now))


async def _settle_account(
    services: Services, rules: Rules, authorization: Authorization, judge: Callable[[], Awaitable[Authorization]]
) -> Authorization:
    """With the account stored as it was found. If it is another one by then, `judge` says once more what it is.

    Another log-in may have been faster, the password may have been changed, or the account may have moved in. Refuses
    as `judge` and the gate, and `wrong_credentials` for an account of a directory that takes the place of another.
    """
    settled = await _store_account(services, authorization)
    if settled is None:
        settled = await judge()
        admit_resource_owner(settled.resource_owner, rules, at_refresh=False)
        _require_place(settled.arrives_from is None or await _take_in(services, settled))
    await _remember_places(services, settled)
    return settled


async def _store_account(services: Services, authorization: Authorization) -> Authorization | None:
    """As it was found; None if what was judged is not what is stored by then."""
    if authorization.arrives_from is not None:
        return authorization if await _take_in(services, authorization) else None
    return await _strengthen_hash(services, authorization)


async def _take_in(services: Services, authorization: Authorization) -> bool:
    owner, directory = authorization.resource_owner, authorization.arrives_from
    return owner is not None and directory is not None and await services.resource_owners.take_in(owner, directory)


def _require_place(taken_in: bool) -> None:
    if not taken_in:
        raise OAuthError(Refusal.WRONG_CREDENTIALS, "the directory's account has another one's id or name")


async def _strengthen_hash(services: Services, authorization: Authorization) -> Authorization | None:
    """With the stronger hash stored, where there is one; None if the stored one was another by then."""
    owner, old, new = authorization.resource_owner, authorization.password_hash, authorization.new_password_hash
    if owner is None or old is None or new is None:
        return authorization
    if not await services.resource_owners.replace_password_hash(owner.id, old, new):
        return None
    return replace(authorization, password_hash=new)


async def _remember_places(services: Services, authorization: Authorization) -> None:
    """Before anything is issued: where it cannot be stored, nothing has happened."""
    owner, checked, places = authorization.resource_owner, authorization.password_hash, authorization.known_places
    if owner is not None and checked is not None and places is not None:
        await services.resource_owners.remember_places(owner.id, checked, places)


def _find_grant_type(services: Services, rules: Rules, request: TokenRequest) -> GrantType:
    """Refuses `missing_grant_type`, `implicit_grant_type`, `unsupported_grant_type`."""
    name = request.grant_type
    if not name:
        raise OAuthError(Refusal.MISSING_GRANT_TYPE, parameter="grant_type")
    if name == "implicit":
        raise OAuthError(Refusal.IMPLICIT_GRANT_TYPE, grant_type=name)
    if name not in rules.grant_types or name not in services.grant_types:
        raise OAuthError(Refusal.UNSUPPORTED_GRANT_TYPE, grant_type=name)
    return services.grant_types[name]


async def _end_grant(
    services: Services, rules: Rules, request: TokenRequest, reuse: RefreshTokenReuse, now: int
) -> None:
    """End the grant whose spent token came back, and leave what an operator needs to tell theft from a late retry."""
    grant, seen = reuse.grant, reuse.seen_from(request.sender)
    if not await services.grants.revoke_grant(grant.id, now, reuse.because, request.sender, seen):
        return
    services.audit.record(
        Event(
            name="grant_revoked",
            dialect=rules.dialect,
            sender=request.sender,
            client_id=grant.client_id,
            subject=grant.subject,
            grant_id=grant.id.hex(),
            alarm=True,
            facts={
                "because": reuse.because,
                "behind": seen.behind,
                "age": seen.age,
                "looked_like_retry": int(seen.looked_like_retry),
                "agent": request.sender.agent,
            },
        )
    )


def _audit_arrival(
    services: Services, rules: Rules, client: Client, request: TokenRequest, authorization: Authorization
) -> None:
    """Whose password is from now on here, on another's word. Who goes on living there has arrived with each log-in."""
    owner = authorization.resource_owner
    if owner is None or authorization.arrives_from is None or owner.directory is not None:
        return
    services.audit.record(
        Event(
            name="account_moved_in",
            dialect=rules.dialect,
            sender=request.sender,
            client_id=client.id,
            subject=owner.id,
            facts={"from": authorization.arrives_from},
        )
    )


def _audit_success(services: Services, rules: Rules, request: TokenRequest, response: TokenResponse) -> None:
    facts = response.facts
    services.audit.record(
        Event(
            name="token_issued",
            dialect=rules.dialect,
            sender=request.sender,
            client_id=facts.client.id,
            subject=None if facts.resource_owner is None else facts.resource_owner.id,
            grant_id=None if facts.grant is None else facts.grant.id.hex(),
            facts={"grant_type": facts.grant_type, "scope": str(facts.scope)},
        )
    )


async def _audit_refusal(services: Services, rules: Rules, request: TokenRequest, refused: OAuthError) -> None:
    """Only what we know ourselves is written down: text that a client sent in place of it might be a secret."""
    grant_type = request.grant_type if request.grant_type in services.grant_types else None
    facts = {"grant_type": grant_type, "refusal": refused.refusal.value, "detail": refused.detail}
    client = await _known_client(services, request)
    strange = refused.refusal is Refusal.DIALECT_NOT_ALLOWED
    by_id_alone = strange and client is not None and not client.confidential
    if strange and rules.reads_query and not by_id_alone:
        facts["hint"] = "the client's secret was exposed in a URL: rotate it"
    services.audit.record(
        Event(
            name="dialect_refused" if strange else "token_refused",
            dialect=rules.dialect,
            sender=request.sender,
            client_id=None if client is None else client.id,
            subject=refused.subject,
            grant_id=None if refused.grant_id is None else refused.grant_id.hex(),
            alarm=(refused.refusal in _ALARMING and not by_id_alone) or isinstance(refused, TokenTooLong),
            facts=facts,
        )
    )


async def _known_client(services: Services, request: TokenRequest) -> Client | None:
    """None also where nobody can be asked now: what is refused is told and written down all the same."""
    if not request.client.id:
        return None
    try:
        return await services.clients.find_client(request.client.id)
    except OAuthError:
        return None
