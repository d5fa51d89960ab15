"""The statements that find what ended and was not told to a mirror yet, the latest first."""

from __future__ import annotations

from sqlalchemy import select, update

from dragoman.store.sql.parameters import moment, some, value_of
from dragoman.store.sql.tables import grants, revoked_access_tokens

LIST_UNTOLD_GRANTS = some(
    select(grants.c.id, grants.c.client_id, grants.c.subject)
    .where(grants.c.revoked_at.is_not(None), grants.c.mirrored_at.is_(None))
    .order_by(grants.c.revoked_at.desc())
)

LIST_UNTOLD_ACCESS_TOKENS = some(
    select(revoked_access_tokens.c.token_id)
    .where(revoked_access_tokens.c.mirrored_at.is_(None))
    .order_by(revoked_access_tokens.c.revoked_at.desc())
)

MARK_GRANT_MIRRORED = update(grants).values(mirrored_at=moment("now")).where(grants.c.id == value_of(grants.c.id))

MARK_ACCESS_TOKEN_MIRRORED = (
    update(revoked_access_tokens)
    .values(mirrored_at=moment("now"))
    .where(revoked_access_tokens.c.token_id == value_of(revoked_access_tokens.c.token_id))
)
