"""In which directory an account lives, and when that last had a good word for it. Older programs leave it alone."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add columns that may be empty."""
    op.add_column("resource_owners", Column("directory", Text))
    op.add_column("resource_owners", Column("confirmed_at", BigInteger))
