"""How much is asked for, and how much of it is given (RFC 6749 §3.3, §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.rules import DefaultScope
from dragoman.core.scope import Scope

if TYPE_CHECKING:
    from dragoman.core.model import Client
    from dragoman.core.rules import Rules, ServerRules


def judge_scope(
    requested: Scope | None, client: Client, grant_type: str | None, rules: Rules, server: ServerRules
) -> Scope | None:
    """The requested scope, known to the server and allowed to the client; None when none was asked for.

    Refuses `unknown_scope`, `scope_not_allowed`.
    """
    if requested is None or rules.scope.ignored:
        return None
    asked = _without_dropped_wildcard(requested, grant_type, rules)
    known = server.known_scopes or client.scope.names
    unknown = tuple([name for name in asked.names if name not in known and name != rules.scope.wildcard])
    if unknown:
        raise _refused(Refusal.UNKNOWN_SCOPE, unknown, client)
    beyond = asked.beyond(client.scope)
    if beyond:
        raise _refused(Refusal.SCOPE_NOT_ALLOWED, beyond, client)
    return asked


def narrow(requested: Scope | None, ceiling: Scope, client: Client) -> Scope:
    """What was asked for, never more than was granted before, nor than the client may still have.

    Refuses `scope_exceeds_grant`.
    """
    if requested is None:
        return ceiling.within(client.scope)
    beyond = requested.beyond(ceiling)
    if beyond:
        raise OAuthError(
            Refusal.SCOPE_EXCEEDS_GRANT,
            "scope exceeds what was granted",
            scope=" ".join(beyond),
            requested_scope=str(requested),
            granted_scope=str(ceiling),
            client_scope=str(client.scope),
        )
    return requested


def initial_scope(requested: Scope | None, client: Client, rules: Rules) -> Scope:
    """The scope of a new grant. Refuses `empty_scope` where the dialect does."""
    scope = requested if requested is not None else _default_scope(client, rules)
    if not scope and rules.scope.empty_refused:
        raise OAuthError(Refusal.EMPTY_SCOPE, "no scope was asked for and the client has none", client_scope="")
    return scope


def _default_scope(client: Client, rules: Rules) -> Scope:
    default = rules.scope.default
    if isinstance(default, Scope):
        return Scope.of(name for name in default if name in client.scope)
    return client.scope if default is DefaultScope.CLIENT else Scope()


def _without_dropped_wildcard(requested: Scope, grant_type: str | None, rules: Rules) -> Scope:
    wildcard = rules.scope.wildcard
    if wildcard is None or grant_type in rules.scope.wildcard_grant_types:
        return requested
    return Scope.of(name for name in requested if name != wildcard)


def _refused(refusal: Refusal, names: tuple[str, ...], client: Client) -> OAuthError:
    return OAuthError(refusal, scope=" ".join(names), client_scope=str(client.scope))
