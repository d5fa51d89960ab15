"""Where people have logged in from, resets of their throttle, who tells of end users. Older programs leave it alone."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add columns that may be empty."""
    op.add_column("clients", Column("end_user_address_header", Text))
    op.add_column("resource_owners", Column("throttle_resets", BigInteger))
    op.add_column("resource_owners", Column("known_places", Text))
