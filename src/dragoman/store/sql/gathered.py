"""Statements for many changes in one transaction, each of a row of its own: a row that somebody holds is left out.

So such a transaction waits for nobody, and nothing can wait for it in a circle. For PostgreSQL alone.
"""

from __future__ import annotations

from sqlalchemy import select

from dragoman.store.sql.constructs import Chain
from dragoman.store.sql.parameters import value_of
from dragoman.store.sql.store import ROTATE_GRANT
from dragoman.store.sql.tables import access_tokens, grants

_looked_at = grants.alias("looked_at")

# The lock that the change itself takes: a session that only refers to the grant is in nobody's way.
_FREE = (
    select(_looked_at.c.id)
    .where(_looked_at.c.id == value_of(grants.c.id))
    .with_for_update(key_share=True, skip_locked=True)
    .scalar_subquery()
)

ROTATE_FREE_GRANT = ROTATE_GRANT.where(grants.c.id == _FREE).returning(grants.c.id)

ROTATE_FREE_GRANT_WITH_TOKEN = Chain(first=ROTATE_FREE_GRANT, then=access_tokens, prefix="access_token_")
