"""Of which ends a mirror was told. Older programs leave it empty: then it is told by the next of this version."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, text

revision = "0007"
down_revision = "0006"

_UNTOLD = {
    "grants": text("revoked_at IS NOT NULL AND mirrored_at IS NULL"),
    "revoked_access_tokens": text("mirrored_at IS NULL"),
}


def upgrade() -> None:
    """Add columns that may be empty, and indexes of what ended and was not told."""
    for table, untold in _UNTOLD.items():
        op.add_column(table, Column("mirrored_at", BigInteger))
        op.create_index(f"ix_{table}_untold", table, ["revoked_at"], sqlite_where=untold, postgresql_where=untold)
