"""From here on opaque access tokens may be tickets, where every program that the database lets in can read them."""

from __future__ import annotations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing in the tables: who is let in is said after all migrations."""
