"""The statements of the hot path; each race is decided by one conditional statement (docs/adr/sql-access.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, exists, insert, literal_column, or_, select, true, update

from dragoman.store.sql.constructs import Chain, insert_unless_there
from dragoman.store.sql.parameters import begun, moment, value_of
from dragoman.store.sql.tables import (
    GRANT_COLUMNS,
    access_tokens,
    clients,
    grants,
    login_names,
    resource_owners,
    revoked_access_tokens,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.sql.dml import Insert

_ONE: ColumnElement[int] = literal_column("1")


def insert_where(table: Table, condition: ColumnElement[bool]) -> Insert:
    """A row of parameters, if the condition holds."""
    values = begun(table)
    return insert(table).from_select(list(values), select(*values.values()).where(condition))


# Where writers do not wait for each other anyway, the account's row is locked for reading: whoever disables or deletes
# the account at this moment either comes first, and is seen here, or comes after, and ends the grant with the others.
# The client's row is not: half the log-ins of a server would write to it (docs/adr/postgresql.md).
_MAY_BE_GRANTED = exists(
    select(_ONE).select_from(clients).where(clients.c.id == value_of(grants.c.client_id), clients.c.enabled.is_(true()))
) & or_(
    value_of(grants.c.subject).is_(None),
    exists(
        select(_ONE)
        .select_from(resource_owners)
        .where(
            resource_owners.c.id == value_of(grants.c.subject),
            resource_owners.c.enabled.is_(true()),
            or_(
                value_of(resource_owners.c.password_hash).is_(None),
                resource_owners.c.password_hash == value_of(resource_owners.c.password_hash),
            ),
        )
        .with_for_update(read=True)
    ),
)

_LIVE = (
    grants.c.revoked_at.is_(None)
    & or_(grants.c.expires_at.is_(None), grants.c.expires_at > moment("now"))
    & or_(grants.c.idle_expires_at.is_(None), grants.c.idle_expires_at > moment("now"))
)

FIND_CLIENT = select(*clients.c).where(clients.c.id == value_of(clients.c.id))

FIND_RESOURCE_OWNER = select(*resource_owners.c).where(resource_owners.c.id == value_of(resource_owners.c.id))

FIND_RESOURCE_OWNER_BY_LOGIN = (
    select(*resource_owners.c)
    .join(login_names, login_names.c.owner_id == resource_owners.c.id)
    .where(login_names.c.login == value_of(login_names.c.login))
)

REPLACE_PASSWORD_HASH = (
    update(resource_owners)
    .values(password_hash=bindparam("new"))
    .where(resource_owners.c.id == value_of(resource_owners.c.id), resource_owners.c.password_hash == bindparam("old"))
)

REMEMBER_PLACES = (
    update(resource_owners)
    .values(known_places=value_of(resource_owners.c.known_places))
    .where(
        resource_owners.c.id == value_of(resource_owners.c.id),
        resource_owners.c.password_hash == value_of(resource_owners.c.password_hash),
    )
)

FIND_GRANT = select(*GRANT_COLUMNS).where(grants.c.id == value_of(grants.c.id))

# An id of a resource owner is never null, so that an absent one shows.
_OWNED = grants.outerjoin(resource_owners, resource_owners.c.id == grants.c.subject)

FIND_SESSION = (
    select(*GRANT_COLUMNS, *resource_owners.c).select_from(_OWNED).where(grants.c.id == value_of(grants.c.id))
)

FIND_SESSION_OF_TOKEN = (
    select(
        value_of(revoked_access_tokens.c.token_id),
        *GRANT_COLUMNS,
        *resource_owners.c,
        exists(
            select(_ONE)
            .select_from(revoked_access_tokens)
            .where(revoked_access_tokens.c.token_id == value_of(revoked_access_tokens.c.token_id))
        ),
    )
    .select_from(_OWNED)
    .where(grants.c.id == value_of(grants.c.id))
)

# Between the gate and this statement lies a password hash. Whoever was disabled or deleted meanwhile gets no grant.
CREATE_GRANT = insert_where(grants, _MAY_BE_GRANTED)

# Nothing that an index holds is set: SQLite would write its entry anew, whether or not the value is another.
ROTATE_GRANT = (
    update(grants)
    .values(
        generation=grants.c.generation + _ONE,
        issued=grants.c.issued + _ONE,
        rotated_at=moment("now"),
        idle_expires_at=value_of(grants.c.idle_expires_at),
        used_by=value_of(grants.c.used_by),
    )
    .where(grants.c.id == value_of(grants.c.id), grants.c.generation == value_of(grants.c.generation), _LIVE)
)

REISSUE_GRANT = (
    update(grants)
    .values(
        issued=grants.c.issued + _ONE,
        idle_expires_at=value_of(grants.c.idle_expires_at),
        used_by=value_of(grants.c.used_by),
    )
    .where(grants.c.id == value_of(grants.c.id), grants.c.generation == value_of(grants.c.generation), _LIVE)
    .returning(grants.c.issued)
)

REVOKE_GRANT = (
    update(grants)
    .values(
        revoked_at=moment("now"),
        revoked_because=value_of(grants.c.revoked_because),
        sweep_at=moment("now"),
        revoked_by=value_of(grants.c.revoked_by),
        reuse=value_of(grants.c.reuse),
        looked_like_retry=value_of(grants.c.looked_like_retry),
    )
    .where(grants.c.id == value_of(grants.c.id), grants.c.revoked_at.is_(None))
)

CREATE_ACCESS_TOKEN = insert(access_tokens)

CREATE_GRANT_WITH_TOKEN = Chain(first=CREATE_GRANT.returning(grants.c.id), then=access_tokens, prefix="access_token_")

ROTATE_GRANT_WITH_TOKEN = Chain(first=ROTATE_GRANT.returning(grants.c.id), then=access_tokens, prefix="access_token_")

FIND_ACCESS_TOKEN = select(*access_tokens.c).where(access_tokens.c.digest == value_of(access_tokens.c.digest))

REVOKE_ACCESS_TOKEN = insert_unless_there(revoked_access_tokens).values(begun(revoked_access_tokens))

FIND_REVOKED_ACCESS_TOKEN = select(revoked_access_tokens.c.token_id).where(
    revoked_access_tokens.c.token_id == value_of(revoked_access_tokens.c.token_id)
)
