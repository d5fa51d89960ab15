"""The first schema. A migration repeats what it creates: tables change after it, and it must not."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, LargeBinary, Text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables."""
    _create_grants()
    _create_subjects()
    _create_installation()


def _create_grants() -> None:
    op.create_table(
        "grants",
        Column("id", LargeBinary, primary_key=True),
        Column("client_id", Text, nullable=False),
        Column("subject", Text),
        Column("scope", Text, nullable=False),
        Column("audience", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger),
        Column("idle_expires_at", BigInteger),
        Column("generation", BigInteger, nullable=False),
        Column("issued", BigInteger, nullable=False),
        Column("rotated_at", BigInteger),
        Column("revoked_at", BigInteger),
        Column("revoked_because", Text),
        Column("facts", Text, nullable=False),
        Column("sweep_at", BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_grants_client_id", "grants", ["client_id", "id"])
    op.create_index("ix_grants_subject", "grants", ["subject", "id"])
    op.create_index("ix_grants_sweep_at", "grants", ["sweep_at"])
    op.create_table(
        "access_tokens",
        Column("digest", LargeBinary, primary_key=True),
        Column("token_id", LargeBinary, nullable=False),
        Column("grant_id", LargeBinary, ForeignKey("grants.id", ondelete="CASCADE")),
        Column("client_id", Text, nullable=False),
        Column("scope", Text, nullable=False),
        Column("issued_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_access_tokens_grant_id", "access_tokens", ["grant_id"])
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"])
    op.create_table(
        "revoked_access_tokens",
        Column("token_id", LargeBinary, primary_key=True),
        Column("revoked_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_revoked_access_tokens_expires_at", "revoked_access_tokens", ["expires_at"])


def _create_subjects() -> None:
    op.create_table(
        "subjects",
        Column("id", Text, primary_key=True),
        Column("kind", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "clients",
        Column("id", Text, ForeignKey("subjects.id"), primary_key=True),
        Column("name", Text, nullable=False),
        Column("secrets", Text, nullable=False),
        Column("grant_types", Text, nullable=False),
        Column("scope", Text, nullable=False),
        Column("dialects", Text, nullable=False),
        Column("token_format", Text, nullable=False),
        Column("shared_key_signature", Boolean, nullable=False),
        Column("access_token_lifetime", BigInteger, nullable=False),
        Column("refresh_token_lifetime", BigInteger),
        Column("refresh_token_idle_lifetime", BigInteger),
        Column("refresh", Text, nullable=False),
        Column("grace", BigInteger, nullable=False),
        Column("refresh_ends_access_token", Boolean, nullable=False),
        Column("audience", Text, nullable=False),
        Column("authorities", Text, nullable=False),
        Column("may_read_shared_key", Boolean, nullable=False),
        Column("enabled", Boolean, nullable=False),
        Column("created_at", BigInteger, nullable=False),
    )
    _create_resource_owners()


def _create_resource_owners() -> None:
    op.create_table(
        "resource_owners",
        Column("id", Text, ForeignKey("subjects.id"), primary_key=True),
        Column("username", Text, nullable=False),
        Column("email", Text),
        Column("first_name", Text, nullable=False),
        Column("last_name", Text, nullable=False),
        Column("password_hash", Text),
        Column("authorities", Text, nullable=False),
        Column("belongs_to", Text, ForeignKey("clients.id")),
        Column("enabled", Boolean, nullable=False),
        Column("locked", Boolean, nullable=False),
        Column("expired", Boolean, nullable=False),
        Column("password_expired", Boolean, nullable=False),
        Column("created_at", BigInteger, nullable=False),
    )
    op.create_index("ix_resource_owners_belongs_to", "resource_owners", ["belongs_to"])
    op.create_table(
        "login_names",
        Column("login", Text, primary_key=True),
        Column("owner_id", Text, ForeignKey("resource_owners.id", ondelete="CASCADE"), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_login_names_owner_id", "login_names", ["owner_id"])


def _create_installation() -> None:
    op.create_table(
        "installation",
        Column("name", Text, primary_key=True),
        Column("value", Text, nullable=False),
        sqlite_with_rowid=False,
    )
