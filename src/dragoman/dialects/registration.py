"""What a client gets when it is registered for a dialect (RFC 6749 §2), and what is refused at that moment."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dragoman.core.errors import Fault
from dragoman.core.model import ENDLESS, Client, RefreshPolicy
from dragoman.core.scope import Scope
from dragoman.dialects.schema.file import LONGEST_LIFETIME
from dragoman.dialects.scope_parameter import can_be_asked_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.dialects.schema import ClientDefaults, DialectFile

_HEADER_NAME = re.compile("[a-z0-9-]{1,64}")
_NOT_FOR_ADDRESSES = frozenset({"authorization", "cookie", "host", "content-length", "content-type"})
_LEAST = {"access_token_lifetime": 1, "refresh_token_lifetime": 1, "refresh_token_idle_lifetime": 1, "grace": 0}
"""The least number of seconds of each."""
_MAY_BE_ENDLESS = frozenset({"refresh_token_lifetime", "refresh_token_idle_lifetime"})


class RegistrationFault(Fault):
    """The client cannot be registered like this; the sentence says why and what to do."""


def register(fields: Mapping[str, object], defaults: ClientDefaults, dialect: str) -> Client:
    """The client of these fields; what they do not say comes from the dialect, then from the model.

    Raises RegistrationFault for a lifetime out of range.
    """
    named = {
        "access_token_lifetime": defaults.access_token_lifetime,
        "refresh_token_lifetime": defaults.refresh_token_lifetime,
        "refresh_token_idle_lifetime": defaults.refresh_token_idle_lifetime,
        "refresh": defaults.refresh,
        "refresh_ends_access_token": defaults.refresh_ends_access_token,
        "scope": defaults.scope,
        "audience": defaults.audience,
    }
    said: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    said.update({name: value for name, value in fields.items() if value is not None})
    said.setdefault("dialects", (dialect,))
    for name in _LEAST.keys() & said.keys():
        said[name] = _seconds(said["id"], name, said[name])
    return _client(said)


def _seconds(client_id: str, name: str, said: int | str) -> int | None:
    """None is no end, which has a word of its own: 0 never means it."""
    if said == ENDLESS and name in _MAY_BE_ENDLESS:
        return None
    if isinstance(said, int) and _LEAST[name] <= said <= LONGEST_LIFETIME:
        return said
    word = f", or {ENDLESS}" if name in _MAY_BE_ENDLESS else ""
    raise RegistrationFault(f"client {client_id}: {name} is from {_LEAST[name]} to {LONGEST_LIFETIME} seconds{word}")


def _client(said: dict[str, Any]) -> Client:
    client = Client(
        id=said.pop("id"),
        name=said.pop("name", ""),
        scope=Scope.of(said.pop("scope", ())),
        grant_types=frozenset(said.pop("grant_types", ())),
        dialects=frozenset(said.pop("dialects")),
        refresh=RefreshPolicy(said.pop("refresh", RefreshPolicy.ROTATE)),
        audience=tuple(said.pop("audience", ())),
        authorities=tuple(said.pop("authorities", ())),
        secrets=tuple(said.pop("secrets", ())),
    )
    header = said.pop("end_user_address_header", None)
    return replace(client, **said, end_user_address_header=header.lower() if header else None)


def _check_header(client: Client) -> None:
    header = client.end_user_address_header
    if header is None:
        return
    if not client.confidential:
        raise RegistrationFault(
            f"client {client.id}: anybody can write headers in the name of a public client; give it a secret, or take "
            "--end-user-address-header out"
        )
    if _HEADER_NAME.fullmatch(header) is None or header in _NOT_FOR_ADDRESSES:
        raise RegistrationFault(f"client {client.id}: {header!r} cannot be the header of an address; X-End-User-IP can")


def check_registration(client: Client, dialects: Mapping[str, DialectFile]) -> None:
    """Raises RegistrationFault for a client that no server should take (RFC 9700 §2.4; RFC 6749 §4.4)."""
    if not client.confidential and "client_credentials" in client.grant_types:
        raise RegistrationFault(
            f"client {client.id}: client_credentials needs a secret; take the grant type or --public out"
        )
    _check_header(client)
    for name in sorted(client.dialects):
        if name not in dialects:
            raise RegistrationFault(
                f"client {client.id}: there is no dialect {name!r}; `dragoman dialect list` shows all"
            )
        for scope in client.scope:
            if not can_be_asked_for(scope, dialects[name].scope):
                raise RegistrationFault(
                    f"client {client.id}: {scope!r} can be no scope in {name} (RFC 6749 §3.3); take it out"
                )
        if not client.confidential and "query_credentials" in dialects[name].needs:
            raise RegistrationFault(
                f"client {client.id}: a public client may not use {name}, with credentials in URLs; give it a secret"
            )
