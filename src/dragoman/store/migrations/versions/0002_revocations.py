"""Who used a grant last, who ended it, and how the end of it is to be judged. Older programs leave all of it alone."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Text, text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns that may be empty, and an index of what was ended."""
    op.add_column("grants", Column("used_by", Text))
    op.add_column("grants", Column("revoked_by", Text))
    op.add_column("grants", Column("reuse", Text))
    op.add_column("grants", Column("looked_like_retry", Boolean))
    ended = text("revoked_at IS NOT NULL")
    op.create_index("ix_grants_revoked_at", "grants", ["revoked_at"], sqlite_where=ended, postgresql_where=ended)
