"""The statements that take in and adopt sessions of the former server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, insert, literal_column, or_, select, update
from sqlalchemy.sql.functions import count

from dragoman.store.sql.constructs import Among, insert_unless_there
from dragoman.store.sql.parameters import moment, value_of
from dragoman.store.sql.tables import clients, ended_subjects, former_sessions, resource_owners

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_ONE: ColumnElement[int] = literal_column("1")
_THIS = former_sessions.c.digest == value_of(former_sessions.c.digest)
_NOT_ADOPTED = former_sessions.c.grant_id.is_(None)

FIND_FORMER_SESSION = select(*former_sessions.c).where(_THIS)

# Of all uses of one token at a time, one row changes for one of them: its grant is everybody's.
CLAIM_FORMER_SESSION = (
    update(former_sessions)
    .values(grant_id=value_of(former_sessions.c.grant_id), expires_at=value_of(former_sessions.c.expires_at))
    .where(_THIS, _NOT_ADOPTED)
)
CLAIM_UNLISTED_SESSION = insert_unless_there(former_sessions)

HOLD_CLIENT = select(_ONE).select_from(clients).where(clients.c.id == value_of(clients.c.id)).with_for_update(read=True)
LOCK_CLIENT = select(_ONE).select_from(clients).where(clients.c.id == value_of(clients.c.id)).with_for_update()
LOCK_RESOURCE_OWNER = (
    select(_ONE)
    .select_from(resource_owners)
    .where(resource_owners.c.id == value_of(resource_owners.c.id))
    .with_for_update()
)
END_SUBJECT = insert_unless_there(ended_subjects)
_CLIENT: ColumnElement[str] = literal_column("'client'")
_RESOURCE_OWNER: ColumnElement[str] = literal_column("'resource_owner'")
FIND_ENDED_SUBJECT = select(_ONE).where(
    or_(
        and_(ended_subjects.c.kind == _CLIENT, ended_subjects.c.id == value_of(former_sessions.c.client_id)),
        and_(ended_subjects.c.kind == _RESOURCE_OWNER, ended_subjects.c.id == value_of(former_sessions.c.subject)),
    )
)

FORMER_SESSIONS_AMONG = select(*former_sessions.c).where(Among(former_sessions.c.digest, "digests"))
TAKE_FORMER_SESSION = insert(former_sessions)
REPLACE_FORMER_SESSION = (
    update(former_sessions)
    .values(
        client_id=value_of(former_sessions.c.client_id),
        subject=value_of(former_sessions.c.subject),
        scope=value_of(former_sessions.c.scope),
        expires_at=value_of(former_sessions.c.expires_at),
        seen_at=value_of(former_sessions.c.seen_at),
    )
    .where(_THIS, _NOT_ADOPTED)
)
DROP_FORMER_SESSION = delete(former_sessions).where(_THIS, _NOT_ADOPTED)
DROP_UNSEEN_FORMER_SESSIONS = delete(former_sessions).where(
    former_sessions.c.format == value_of(former_sessions.c.format),
    former_sessions.c.seen_at < moment("began"),
    _NOT_ADOPTED,
)
COUNT_FORMER_SESSIONS = (
    select(former_sessions.c.format, count(), count(former_sessions.c.grant_id))
    .group_by(former_sessions.c.format)
    .order_by(former_sessions.c.format)
)
