"""Rows to the core's values and back. Columns come in the order of `tables`; only here are they told apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from dragoman.core.model import (
    Client,
    FormerSession,
    Grant,
    GrantId,
    RefreshPolicy,
    ResourceOwner,
    Reuse,
    Session,
    StoredAccessToken,
    TokenId,
)
from dragoman.core.scope import Scope
from dragoman.store.texts import (
    array,
    facts_of,
    facts_text,
    names_of,
    places_of,
    places_text,
    scope_of,
    sender_of,
    sender_text,
)

if TYPE_CHECKING:
    from dragoman.core.model import Sender


class Row(Protocol):
    """A row that a database answered: its columns by their number, in the order of `tables`."""

    def __getitem__(self, index: Any, /) -> Any:  # noqa: ANN401 - here values of columns become values of the core
        """One column by its number, or several by a slice."""
        ...


Values = Mapping[str, str | bytes | int | None]


def client_of(row: Row) -> Client:
    """The client that a row of `clients` holds."""
    return Client(
        id=row[0],
        name=row[1],
        secrets=names_of(row[2]),
        grant_types=frozenset(names_of(row[3])),
        scope=Scope(names_of(row[4])),
        dialects=frozenset(names_of(row[5])),
        token_format=row[6],
        shared_key_signature=bool(row[7]),
        access_token_lifetime=row[8],
        refresh_token_lifetime=row[9],
        refresh_token_idle_lifetime=row[10],
        refresh=RefreshPolicy(row[11]),
        grace=row[12],
        refresh_ends_access_token=bool(row[13]),
        audience=names_of(row[14]),
        authorities=names_of(row[15]),
        may_read_shared_key=bool(row[16]),
        enabled=bool(row[17]),
        created_at=row[18],
        end_user_address_header=row[19],
    )


def client_values(client: Client) -> Values:
    """What is stored of a client."""
    return {
        "id": client.id,
        "name": client.name,
        "secrets": array(client.secrets),
        "grant_types": array(sorted(client.grant_types)),
        "scope": array(client.scope),
        "dialects": array(sorted(client.dialects)),
        "token_format": client.token_format,
        "shared_key_signature": client.shared_key_signature,
        "access_token_lifetime": client.access_token_lifetime,
        "refresh_token_lifetime": client.refresh_token_lifetime,
        "refresh_token_idle_lifetime": client.refresh_token_idle_lifetime,
        "refresh": client.refresh.value,
        "grace": client.grace,
        "refresh_ends_access_token": client.refresh_ends_access_token,
        "audience": array(client.audience),
        "authorities": array(client.authorities),
        "may_read_shared_key": client.may_read_shared_key,
        "enabled": client.enabled,
        "created_at": client.created_at,
        "end_user_address_header": client.end_user_address_header,
    }


def resource_owner_of(row: Row) -> ResourceOwner:
    """The resource owner that a row of `resource_owners` holds."""
    return ResourceOwner(
        id=row[0],
        username=row[1],
        email=row[2],
        first_name=row[3],
        last_name=row[4],
        password_hash=row[5],
        authorities=names_of(row[6]),
        belongs_to=row[7],
        enabled=bool(row[8]),
        locked=bool(row[9]),
        expired=bool(row[10]),
        password_expired=bool(row[11]),
        created_at=row[12],
        throttle_resets=row[13] or 0,
        known_places=places_of(row[14]),
        directory=row[15],
        confirmed_at=row[16],
    )


NOBODY: Row = ("", "", None, "", "", None, "[]", None, 1, 0, 0, 0, 0, 0, "[]", None, None)
"""What is read in place of a row that is not there, where it must not be quicker to find nobody."""


def resource_owner_values(owner: ResourceOwner) -> Values:
    """What is stored of a resource owner, login names aside."""
    return {
        "id": owner.id,
        "username": owner.username,
        "email": owner.email,
        "first_name": owner.first_name,
        "last_name": owner.last_name,
        "password_hash": owner.password_hash,
        "authorities": array(owner.authorities),
        "belongs_to": owner.belongs_to,
        "enabled": owner.enabled,
        "locked": owner.locked,
        "expired": owner.expired,
        "password_expired": owner.password_expired,
        "created_at": owner.created_at,
        "throttle_resets": owner.throttle_resets,
        "known_places": places_text(owner.known_places),
        "directory": owner.directory,
        "confirmed_at": owner.confirmed_at,
    }


def grant_of(row: Row) -> Grant:
    """The grant that a row of `grants` holds."""
    return Grant(
        id=GrantId(row[0]),
        client_id=row[1],
        subject=row[2],
        scope=scope_of(row[3]),
        audience=names_of(row[4]),
        created_at=row[5],
        expires_at=row[6],
        idle_expires_at=row[7],
        generation=row[8],
        issued=row[9],
        rotated_at=row[10],
        revoked_at=row[11],
        revoked_because=row[12],
        facts=facts_of(row[13]),
        used_by=sender_of(row[14]),
        revoked_by=sender_of(row[15]),
        reuse=_reuse_of(row[16], row[17]),
    )


_GRANT_COLUMNS = 18
LOOK_AGAIN_AFTER = 7 * 24 * 3600
"""Seconds until the purge looks at a grant again that had no end: a later rotation may have given it one."""


def session_of(row: Row) -> Session:
    """The session that the columns of a grant and those of its resource owner hold, if there is one."""
    owner = row[_GRANT_COLUMNS:]
    return Session(grant=grant_of(row), resource_owner=None if owner[0] is None else resource_owner_of(owner))


def grant_values(grant: Grant) -> Values:
    """What is stored of a grant, and when the purge shall first look at it."""
    ends = [end for end in (grant.expires_at, grant.idle_expires_at) if end is not None]
    return {
        "id": grant.id,
        "client_id": grant.client_id,
        "subject": grant.subject,
        "scope": array(grant.scope),
        "audience": array(grant.audience),
        "created_at": grant.created_at,
        "expires_at": grant.expires_at,
        "idle_expires_at": grant.idle_expires_at,
        "generation": grant.generation,
        "issued": grant.issued,
        "rotated_at": grant.rotated_at,
        "revoked_at": grant.revoked_at,
        "revoked_because": grant.revoked_because,
        "facts": facts_text(tuple(grant.facts.items())),
        "sweep_at": grant.revoked_at
        if grant.revoked_at is not None
        else min(ends, default=grant.created_at + LOOK_AGAIN_AFTER),
        "used_by": sender_text(grant.used_by),
        **revocation_values(grant.revoked_by, grant.reuse),
    }


def revocation_values(sender: Sender | None, reuse: Reuse | None) -> Values:
    """What is stored of a grant's end, besides when and why."""
    return {
        "revoked_by": sender_text(sender),
        "reuse": None if reuse is None else json.dumps([reuse.behind, reuse.age], separators=(",", ":")),
        "looked_like_retry": None if reuse is None else reuse.looked_like_retry,
    }


def _reuse_of(text: str | None, looked_like_retry: object) -> Reuse | None:
    if text is None:
        return None
    behind, age = json.loads(text)
    return Reuse(behind=behind, age=age, looked_like_retry=bool(looked_like_retry))


def former_session_of(row: Row) -> FormerSession:
    """The session that these columns of a row of `former_sessions` hold."""
    scope = None if row[2] is None else Scope(names_of(row[2]))
    return FormerSession(client_id=row[0], subject=row[1], scope=scope, expires_at=row[3])


def access_token_of(row: Row) -> StoredAccessToken:
    """The access token that a row of `access_tokens` stands behind."""
    return StoredAccessToken(
        digest=row[0],
        token_id=TokenId(row[1]),
        grant_id=None if row[2] is None else GrantId(row[2]),
        client_id=row[3],
        scope=scope_of(row[4]),
        issued_at=row[5],
        expires_at=row[6],
    )


_ACCESS_TOKEN_COLUMNS = ("digest", "token_id", "grant_id", "client_id", "scope", "issued_at", "expires_at")


@cache
def _access_token_names(prefix: str) -> tuple[str, ...]:
    """Of the parameters, with what stands before each of them in a statement that has others too."""
    return tuple(prefix + name for name in _ACCESS_TOKEN_COLUMNS)


def access_token_values(access_token: StoredAccessToken, prefix: str = "") -> Values:
    """What is stored of an access token: its digest, never the token. The prefix stands before each name."""
    columns = (
        access_token.digest,
        access_token.token_id,
        access_token.grant_id,
        access_token.client_id,
        array(access_token.scope),
        access_token.issued_at,
        access_token.expires_at,
    )
    return dict(zip(_access_token_names(prefix), columns, strict=True))
