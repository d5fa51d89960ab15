"""The statements behind the command line: creating, changing and deleting, revoking in bulk, purging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    LargeBinary,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql.functions import coalesce, count

from dragoman.store.sql.constructs import insert_unless_there
from dragoman.store.sql.parameters import moment, some, value_of
from dragoman.store.sql.tables import (
    GRANT_COLUMNS,
    access_tokens,
    clients,
    former_sessions,
    grants,
    installation,
    login_names,
    resource_owners,
    revoked_access_tokens,
    subjects,
)

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Table
    from sqlalchemy.sql.dml import Delete, Update
    from sqlalchemy.sql.selectable import Select

_BEFORE = moment("before")
_NONE: ColumnElement[int] = literal_column("0")
_ONE: ColumnElement[int] = literal_column("1")


def _update_all_but(table: Table, *kept: str) -> Update:
    values = {column.name: value_of(column) for column in table.c if column.name not in kept}
    return update(table).values(values).where(table.c.id == value_of(table.c.id))


def _page(table: Table) -> Select[*tuple[object, ...]]:
    """Rows in the order of their ids, those after one given: pages that stay right while rows come and go."""
    after = bindparam("after", type_=Text())
    return some(select(*table.c).where(table.c.id > after).order_by(table.c.id))


def _page_of_grants(column: Column[str]) -> Select[*tuple[object, ...]]:
    after = bindparam("after", type_=LargeBinary())
    return some(select(*GRANT_COLUMNS).where(column == value_of(column), grants.c.id > after).order_by(grants.c.id))


def _revoke_all(column: Column[str]) -> Update:
    return _end_where(column == value_of(column), grants.c.revoked_at.is_(None))


def _end_where(*conditions: ColumnElement[bool]) -> Update:
    return (
        update(grants)
        .values(revoked_at=moment("now"), revoked_because=value_of(grants.c.revoked_because), sweep_at=moment("now"))
        .where(*conditions)
    )


def _purge(table: Table, key: Column[bytes] | Column[str]) -> Delete:
    due = some(select(key).where(table.c.expires_at < _BEFORE).order_by(table.c.expires_at))
    return delete(table).where(key.in_(due))


CREATE_SUBJECT = insert_unless_there(subjects)
FIND_SUBJECT = select(subjects.c.kind).where(subjects.c.id == value_of(subjects.c.id))
# An imported id may be both a client's and a resource owner's (docs/importing.md): it is free when neither has it.
DELETE_SUBJECT = delete(subjects).where(
    subjects.c.id == value_of(subjects.c.id),
    not_(exists(select(_ONE).select_from(clients).where(clients.c.id == subjects.c.id))),
    not_(exists(select(_ONE).select_from(resource_owners).where(resource_owners.c.id == subjects.c.id))),
)

CREATE_CLIENT = insert(clients)
UPDATE_CLIENT = _update_all_but(clients, "id", "created_at")
LIST_CLIENTS = _page(clients)
DELETE_CLIENT = delete(clients).where(clients.c.id == value_of(clients.c.id))

CREATE_RESOURCE_OWNER = insert(resource_owners)
UPDATE_RESOURCE_OWNER = _update_all_but(
    resource_owners, "id", "created_at", "password_hash", "throttle_resets", "known_places", "directory", "confirmed_at"
)
_ONE_MORE_RESET = coalesce(resource_owners.c.throttle_resets, _NONE) + _ONE
# Whoever knew the old password may have logged in with it: no place of theirs is known any more. An account that gets
# a password here lives here.
SET_PASSWORD_HASH = (
    update(resource_owners)
    .values(
        password_hash=value_of(resource_owners.c.password_hash),
        throttle_resets=_ONE_MORE_RESET,
        known_places=null(),
        directory=null(),
    )
    .where(resource_owners.c.id == value_of(resource_owners.c.id))
)
RESET_THROTTLE = (
    update(resource_owners)
    .values(throttle_resets=_ONE_MORE_RESET)
    .where(resource_owners.c.id == value_of(resource_owners.c.id))
)
LIST_RESOURCE_OWNERS = _page(resource_owners)
LIST_MOST_AUTHORITIES = some(select(*resource_owners.c).order_by(func.length(resource_owners.c.authorities).desc()))
LIST_PASSWORD_HASHES = some(
    select(resource_owners.c.id, resource_owners.c.password_hash)
    .where(resource_owners.c.id > bindparam("after", type_=Text()))
    .order_by(resource_owners.c.id)
)
DELETE_RESOURCE_OWNER = delete(resource_owners).where(resource_owners.c.id == value_of(resource_owners.c.id))
COUNT_BELONGING = (
    select(count())
    .select_from(resource_owners)
    .where(resource_owners.c.belongs_to == value_of(resource_owners.c.belongs_to))
)

CREATE_LOGIN_NAME = insert_unless_there(login_names)
FIND_LOGIN_NAME = select(login_names.c.owner_id).where(login_names.c.login == value_of(login_names.c.login))
DELETE_LOGIN_NAMES = delete(login_names).where(login_names.c.owner_id == value_of(login_names.c.owner_id))

LIST_GRANTS_OF_SUBJECT = _page_of_grants(grants.c.subject)
LIST_GRANTS_OF_CLIENT = _page_of_grants(grants.c.client_id)
REVOKE_GRANTS_OF_SUBJECT = _revoke_all(grants.c.subject)
REVOKE_GRANTS_OF_CLIENT = _revoke_all(grants.c.client_id)

_DUE_GRANTS = some(select(grants.c.id).where(grants.c.sweep_at < _BEFORE).order_by(grants.c.sweep_at))

_REVOKED_BEFORE = moment("revoked_before")
_KEPT_REVOKED = grants.c.revoked_at >= _REVOKED_BEFORE

_NEXT_LOOK = case(
    (grants.c.revoked_at.is_not(None), grants.c.revoked_at + moment("longer")),
    (grants.c.idle_expires_at.is_(None), coalesce(grants.c.expires_at, moment("look_again"))),
    (grants.c.expires_at.is_(None), grants.c.idle_expires_at),
    (grants.c.idle_expires_at < grants.c.expires_at, grants.c.idle_expires_at),
    else_=grants.c.expires_at,
)

# What older programs left unfiled, because it had no end then.
FILE_GRANTS = (
    update(grants)
    .values(sweep_at=_NEXT_LOOK)
    .where(grants.c.id.in_(some(select(grants.c.id).where(grants.c.sweep_at.is_(None)))))
)

# First the grants that were prolonged since they were filed, and the revoked ones that are kept, are filed anew; then
# what is left of the due ones goes. A revoked grant is kept for its own time, whatever its other ends are.
REFILE_GRANTS = (
    update(grants)
    .values(sweep_at=_NEXT_LOOK)
    .where(
        grants.c.id.in_(_DUE_GRANTS),
        or_(
            _KEPT_REVOKED,
            and_(
                grants.c.revoked_at.is_(None),
                or_(grants.c.expires_at.is_(None), grants.c.expires_at >= _BEFORE),
                or_(grants.c.idle_expires_at.is_(None), grants.c.idle_expires_at >= _BEFORE),
            ),
        ),
    )
)
PURGE_GRANTS = delete(grants).where(
    grants.c.id.in_(_DUE_GRANTS),
    or_(
        grants.c.revoked_at < _REVOKED_BEFORE,
        and_(grants.c.revoked_at.is_(None), or_(grants.c.expires_at < _BEFORE, grants.c.idle_expires_at < _BEFORE)),
    ),
)
PURGE_ACCESS_TOKENS = _purge(access_tokens, access_tokens.c.digest)
PURGE_REVOKED_ACCESS_TOKENS = _purge(revoked_access_tokens, revoked_access_tokens.c.token_id)
# What is over: a token of it says so itself, or is told by nothing but this row.
PURGE_FORMER_SESSIONS = _purge(former_sessions, former_sessions.c.digest)

# Nobody knows what became of them since the backup was made, or in the time that the clock was wrong about.
END_ALL_GRANTS = _end_where(grants.c.revoked_at.is_(None))
END_LATER_GRANTS = _end_where(
    grants.c.revoked_at.is_(None), or_(grants.c.created_at > moment("now"), grants.c.rotated_at > moment("now"))
)

BIND_INSTALLATION = insert_unless_there(installation)
FIND_INSTALLATION = select(installation.c.value).where(installation.c.name == value_of(installation.c.name))
ADVANCE_INSTALLATION = (
    update(installation)
    .values(value=value_of(installation.c.value))
    .where(installation.c.name == value_of(installation.c.name), installation.c.value < value_of(installation.c.value))
)
DELETE_INSTALLATION = delete(installation).where(installation.c.name == value_of(installation.c.name))
