"""The one gate that every grant passes: may this client, in this dialect, by this grant type, for this person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal

if TYPE_CHECKING:
    from dragoman.core.model import Client, ResourceOwner
    from dragoman.core.ports import GrantType
    from dragoman.core.rules import Rules


def admit_client(client: Client, rules: Rules) -> None:
    """The client is enabled and lists this dialect; nothing else decides (docs/concepts.md).

    So a lax dialect never weakens a client that does not use it.
    Refuses `client_disabled`, `dialect_not_allowed`.
    """
    if not client.enabled:
        raise OAuthError(Refusal.CLIENT_DISABLED, "the client is disabled", client_id=client.id)
    if rules.dialect not in client.dialects:
        raise OAuthError(
            Refusal.DIALECT_NOT_ALLOWED, f"the client does not list the dialect {rules.dialect}", client_id=client.id
        )


def admit_grant_type(client: Client, grant_type: GrantType) -> None:
    """The client may use this grant type (RFC 6749 §5.2 unauthorized_client).

    Refuses `grant_type_not_allowed`, `client_not_confidential`.
    """
    if grant_type.name not in client.grant_types:
        raise OAuthError(
            Refusal.GRANT_TYPE_NOT_ALLOWED, "grant type not among the client's", grant_type=grant_type.name
        )
    if grant_type.needs_confidential_client and not client.confidential:
        raise OAuthError(Refusal.CLIENT_NOT_CONFIDENTIAL, "public client", grant_type=grant_type.name)


def fault_of_account(owner: ResourceOwner) -> Refusal | None:
    """Why this account may not be used now, if it may not."""
    if owner.locked:
        return Refusal.ACCOUNT_LOCKED
    if not owner.enabled or owner.withdrawn:
        return Refusal.ACCOUNT_DISABLED
    if owner.expired:
        return Refusal.ACCOUNT_EXPIRED
    if owner.password_expired:
        return Refusal.PASSWORD_EXPIRED
    return None


def admit_resource_owner(owner: ResourceOwner | None, rules: Rules, *, at_refresh: bool) -> None:
    """The account may be used. Unless the mount shows account states, every cause is told as a wrong password.

    Refuses `wrong_credentials` or the `account_…` cause; at a refresh `account_refused_at_refresh`.
    """
    fault = None if owner is None else fault_of_account(owner)
    if fault is None:
        return
    if at_refresh:
        cause = fault.value if rules.account_state_shown else ""
        raise OAuthError(Refusal.ACCOUNT_REFUSED_AT_REFRESH, fault.value, cause=cause)
    raise OAuthError(fault if rules.account_state_shown else Refusal.WRONG_CREDENTIALS, fault.value)
