"""Sessions of the server that stood here before. Older programs leave them alone, and adopt none."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add two tables."""
    op.create_table(
        "former_sessions",
        Column("digest", Text, primary_key=True),
        Column("format", Text, nullable=False),
        Column("client_id", Text),
        Column("subject", Text),
        Column("scope", Text),
        Column("expires_at", BigInteger),
        Column("seen_at", BigInteger, nullable=False),
        Column("grant_id", LargeBinary),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_former_sessions_expires_at", "former_sessions", ["expires_at"])
    op.create_table(
        "ended_subjects",
        Column("id", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        Column("ended_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
