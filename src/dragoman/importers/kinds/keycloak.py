"""Keycloak: a realm's export, with its clients, roles, groups and users (ClientRepresentation, UserRepresentation).

A role of a client is told as `client.role`, as Keycloak's own mappers spell it. A user has the roles that are given to
it and to its groups, and those that these bring along, as in the tokens there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dragoman.core.model import RefreshPolicy
from dragoman.core.secret import Secret
from dragoman.importers.kind import Cutover
from dragoman.importers.record import (
    CLIENT,
    RESOURCE_OWNER,
    ImportedClient,
    ImportedOwner,
    PassedOver,
    UnreadableRow,
)
from dragoman.importers.roles import Inheritance
from dragoman.importers.rows import REDIRECT_URIS
from dragoman.importers.sources import realm as realms
from dragoman.importers.sources.realm import open_realm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from dragoman.importers.kind import Source
    from dragoman.importers.record import Record
    from dragoman.importers.sources.realm import Client, Credential, Mapper, Realm, User

SUMMARY = "the export of a Keycloak realm: a JSON file, or the folder of one"

CUTOVER = Cutover(
    dialects=("standard",),
    keys=("its realm's keys are not in an export: APIs fetch this server's from the JWKS",),
    notes=("its sessions stay behind: everybody logs in once",),
    guide="keycloak",
)

_OWN = frozenset({"account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"})
"""Clients that every realm has for Keycloak's own pages and tools (org.keycloak.models.Constants)."""
_MASKED = frozenset("*")
_PROTOCOL, _PASSWORD, _BY_SECRET = "openid-connect", "password", "client-secret"
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_AUDIENCE = "oidc-audience-mapper"
_OPENID = "openid"
"""A scope that stands in no list, because every client may ask for it (OpenID Connect Core §3.1.2.1)."""


async def read(source: Source) -> AsyncIterator[Record]:
    """All users, then all clients: of some of them users tell what they may do. Raises SourceFault."""
    acting: dict[str, tuple[str, ...]] = {}
    with open_realm(source.location) as (realm, users):
        inheritance = Inheritance(realm)
        for number, (file, raw) in enumerate(users, start=1):
            place, user = f"{file}, user {number}", _user_of(raw)
            if user is not None and user.service_account_client_id is not None:
                acting[user.service_account_client_id] = inheritance.authorities_of(user)
            yield _owner_of(inheritance, place, user)
        for client in realm.clients:
            yield _client_of(realm, client, acting.get(client.client_id))


def _client_of(realm: Realm, client: Client, authorities: tuple[str, ...] | None) -> Record:
    place = f"clients, clientId {client.client_id}"

    def passed_over(why: str) -> PassedOver:
        return PassedOver(place=place, kind=CLIENT, id=client.client_id, why=why)

    def refused(why: str) -> UnreadableRow:
        return UnreadableRow(place=place, kind=CLIENT, id=client.client_id, why=why)

    if client.client_id in _OWN:
        return passed_over("a client of the old server's own pages and tools")
    if client.protocol not in (None, _PROTOCOL):
        return passed_over("a client of another protocol than OAuth")
    if client.bearer_only:
        return passed_over("an API, which is asked with tokens and never asks for one")
    if not client.public_client:
        if client.client_authenticator_type != _BY_SECRET:
            return refused("it authenticates with a key or a certificate, not with a secret")
        if client.secret and _MASKED.issuperset(client.secret):
            return refused("its secret is masked: the console's export does that, kc.sh export does not")
    return _imported(realm, client, authorities, place)


def _imported(realm: Realm, client: Client, authorities: tuple[str, ...] | None, place: str) -> ImportedClient:
    return ImportedClient(
        place=place,
        id=client.client_id,
        name=client.name,
        plain_secrets=() if client.public_client or not client.secret else (Secret(client.secret),),
        public=client.public_client,
        grant_types=tuple(_grant_types(client)),
        scope=tuple(_scope(realm, client)),
        authorities=authorities,
        enabled=client.enabled and realm.enabled,
        access_token_lifetime=_seconds(client, "access.token.lifespan") or realm.access_token_lifespan or None,
        refresh_token_lifetime=_seconds(client, "client.session.max.lifespan")
        or realm.client_session_max_lifespan
        or realm.sso_session_max_lifespan
        or None,
        refresh_token_idle_lifetime=_seconds(client, "client.session.idle.timeout")
        or realm.client_session_idle_timeout
        or realm.sso_session_idle_timeout
        or None,
        refresh=_refresh_of(realm),
        audience=_audience(realm, client.default_client_scopes, client.protocol_mappers) or None,
        left_out=(
            *((REDIRECT_URIS,) if client.redirect_uris else ()),
            *(
                f"audience {name}: only with an optional scope"
                for name in _audience(realm, client.optional_client_scopes)
            ),
        ),
    )


def _refresh_of(realm: Realm) -> str | None:
    """Whether a refresh token is good once (Revoke Refresh Token, off by default)."""
    if realm.revoke_refresh_token is None:
        return None
    return RefreshPolicy.ROTATE if realm.revoke_refresh_token else RefreshPolicy.REUSE


def _audience(realm: Realm, scopes: tuple[str, ...] | None, mappers: tuple[Mapper, ...] = ()) -> tuple[str, ...]:
    """What mappers of audiences write into access tokens: these, and those of these scopes."""
    of_scopes = (one for scope in realm.client_scopes if scope.name in (scopes or ()) for one in scope.protocol_mappers)
    written = (
        mapper.config.get("included.client.audience") or mapper.config.get("included.custom.audience")
        for mapper in (*mappers, *of_scopes)
        if mapper.protocol_mapper == _AUDIENCE and mapper.config.get("access.token.claim") == "true"
    )
    return tuple(dict.fromkeys(name for name in written if name))


def _grant_types(client: Client) -> Iterator[str]:
    if client.standard_flow_enabled:
        yield "authorization_code"
    if client.implicit_flow_enabled:
        yield "implicit"
    if client.direct_access_grants_enabled:
        yield "password"
    if client.service_accounts_enabled and not client.public_client:
        yield "client_credentials"
    device = client.attributes.get("oauth2.device.authorization.grant.enabled") == "true"
    if device:
        yield _DEVICE
    for_people = client.standard_flow_enabled or client.direct_access_grants_enabled or device
    if for_people and client.attributes.get("use.refresh.tokens") != "false":
        yield "refresh_token"


def _scope(realm: Realm, client: Client) -> Iterator[str]:
    """All that it may ask for and that tokens tell of."""
    untold = {one.name for one in realm.client_scopes if one.attributes.get("include.in.token.scope") == "false"}
    yield _OPENID
    for name in (*(client.default_client_scopes or ()), *(client.optional_client_scopes or ())):
        if name not in untold:
            yield name


def _seconds(client: Client, name: str) -> int | None:
    text = client.attributes.get(name) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(2**31)) else None


def _user_of(raw: msgspec.Raw) -> User | None:
    try:
        return msgspec.json.decode(raw, type=realms.User)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _owner_of(inheritance: Inheritance, place: str, user: User | None) -> Record:
    if user is None:
        return UnreadableRow(place=place, kind=RESOURCE_OWNER, id="", why="not a user as an export writes one")
    if user.service_account_client_id is not None:
        why = "the account that a client acts as: what it may do is asked for the client"
        return PassedOver(place=place, kind=RESOURCE_OWNER, id=user.id, why=why)
    defect = _defect_of(user)
    if defect is not None:
        return UnreadableRow(place=place, kind=RESOURCE_OWNER, id=user.id, why=defect)
    return ImportedOwner(
        place=place,
        id=user.id,
        username=user.username,
        email=user.email or "",
        first_name=user.first_name or "",
        last_name=user.last_name or "",
        password_hash=next((_hash_of(one) for one in user.credentials if one.type == _PASSWORD), ""),
        authorities=inheritance.authorities_of(user),
        enabled=user.enabled,
        password_expired=bool(user.required_actions),
        second_factor=any(one.type != _PASSWORD for one in user.credentials),
        created_at=None if user.created_timestamp is None else max(0, user.created_timestamp // 1000),
    )


def _defect_of(user: User) -> str | None:
    if not user.id:
        return "it has no identifier"
    if user.federation_link is not None:
        return "a user federation keeps its password; bring it from there"
    passwords = [one for one in user.credentials if one.type == _PASSWORD]
    if any(one.secret_data is None or one.credential_data is None for one in passwords):
        return "its password is no hash as Keycloak 8 and later export one"
    return None


def _hash_of(credential: Credential) -> str:
    """As the format of hashes that is called Keycloak's has it, and nothing that it does not need."""
    kept = {"secretData": credential.secret_data, "credentialData": credential.credential_data}
    return msgspec.json.encode(kept).decode()
