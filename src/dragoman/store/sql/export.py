"""The statements that read the whole state in an order that is the same in every database, and put it back."""

from __future__ import annotations

from sqlalchemy import insert, select

from dragoman.store.sql.constructs import ByBytes
from dragoman.store.sql.parameters import begun
from dragoman.store.sql.tables import (
    GRANT_COLUMNS,
    access_tokens,
    clients,
    ended_subjects,
    former_sessions,
    grants,
    installation,
    resource_owners,
    revoked_access_tokens,
)

ALL_CLIENTS = select(*clients.c).order_by(ByBytes(clients.c.id).asc())
ALL_RESOURCE_OWNERS = select(*resource_owners.c).order_by(ByBytes(resource_owners.c.id).asc())
ALL_GRANTS = select(*GRANT_COLUMNS).order_by(grants.c.id)
ALL_ACCESS_TOKENS = select(*access_tokens.c).order_by(access_tokens.c.digest)
ALL_REVOKED_ACCESS_TOKENS = select(
    revoked_access_tokens.c.token_id, revoked_access_tokens.c.revoked_at, revoked_access_tokens.c.expires_at
).order_by(revoked_access_tokens.c.token_id)
ALL_FORMER_SESSIONS = select(*former_sessions.c).order_by(ByBytes(former_sessions.c.digest).asc())
ALL_ENDED_SUBJECTS = select(*ended_subjects.c).order_by(
    ByBytes(ended_subjects.c.id).asc(), ByBytes(ended_subjects.c.kind).asc()
)
ALL_INSTALLATION = select(installation.c.name, installation.c.value).order_by(ByBytes(installation.c.name).asc())

# Whoever takes in an export has the database alone: nothing is looked at, and a key that is there is a fault.
TAKE_GRANT = insert(grants).values(begun(grants))
TAKE_ENDED_SUBJECT = insert(ended_subjects)
