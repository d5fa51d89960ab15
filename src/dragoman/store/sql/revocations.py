"""The statements behind the account of revocations."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.sql.functions import count

from dragoman.store.sql.parameters import moment, some, value_of
from dragoman.store.sql.tables import GRANT_COLUMNS, grants

_SINCE = grants.c.revoked_at >= moment("since")

COUNT_REVOCATIONS = (
    select(grants.c.client_id, grants.c.revoked_because, grants.c.looked_like_retry, count())
    .where(_SINCE)
    .group_by(grants.c.client_id, grants.c.revoked_because, grants.c.looked_like_retry)
    .order_by(grants.c.client_id, grants.c.revoked_because, grants.c.looked_like_retry)
)

_LATEST = select(*GRANT_COLUMNS).where(_SINCE).order_by(grants.c.revoked_at.desc(), grants.c.id)

LIST_REVOCATIONS = some(_LATEST)

LIST_REVOCATIONS_OF_CLIENT = some(_LATEST.where(grants.c.client_id == value_of(grants.c.client_id)))
