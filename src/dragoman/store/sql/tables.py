"""The tables, in what SQLite, PostgreSQL and the distributed engines that speak its protocol have in common.

Keys are made by the caller, never by a sequence. Times are epoch seconds. Sets, tuples and mappings are JSON in TEXT.
For compilation and migrations: a running server imports neither this module nor SQLAlchemy (docs/adr/sql-access.md).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, MetaData, Table, Text, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_REVOKED = text("revoked_at IS NOT NULL")
_UNTOLD = text("mirrored_at IS NULL")
_REVOKED_UNTOLD = text("revoked_at IS NOT NULL AND mirrored_at IS NULL")

# One namespace for the ids of clients and resource owners, so that `sub` never names one where the other is meant
# (RFC 9700 §4.15). A key of its own, and not a look at the other table, decides the race of two creations everywhere.
subjects = Table(
    "subjects",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    sqlite_with_rowid=False,
)

clients = Table(
    "clients",
    metadata,
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
    Column("end_user_address_header", Text),
)

resource_owners = Table(
    "resource_owners",
    metadata,
    Column("id", Text, ForeignKey("subjects.id"), primary_key=True),
    Column("username", Text, nullable=False),
    Column("email", Text),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("password_hash", Text),
    Column("authorities", Text, nullable=False),
    Column("belongs_to", Text, ForeignKey("clients.id"), index=True),
    Column("enabled", Boolean, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("expired", Boolean, nullable=False),
    Column("password_expired", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("throttle_resets", BigInteger),
    Column("known_places", Text),
    Column("directory", Text),
    Column("confirmed_at", BigInteger),
)

# User names and e-mail addresses share one key, so nobody's user name can be somebody else's address.
login_names = Table(
    "login_names",
    metadata,
    Column("login", Text, primary_key=True),
    Column("owner_id", Text, ForeignKey("resource_owners.id", ondelete="CASCADE"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

# No foreign keys to clients and resource owners: a grant outlives both, revoked, until it is purged, and such keys
# would lock a busy client's row at every log-in on PostgreSQL. `create_grant` looks at both rows instead.
grants = Table(
    "grants",
    metadata,
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
    # When to look whether the grant has ended. Only the purge moves it on, so that the index by expiry costs a
    # rotation nothing, although each rotation moves the idle end. Older programs leave it empty where there is no end.
    Column("sweep_at", BigInteger, index=True),
    Column("used_by", Text),
    Column("revoked_by", Text),
    Column("reuse", Text),
    Column("looked_like_retry", Boolean),
    # When a mirror (docs/mirror.md) was told that it ended; empty until then, and where there is none.
    Column("mirrored_at", BigInteger),
    Index("ix_grants_client_id", "client_id", "id"),
    Index("ix_grants_subject", "subject", "id"),
    # Only what a request ended has an entry, so that a rotation pays nothing for the account of revocations.
    Index("ix_grants_revoked_at", "revoked_at", sqlite_where=_REVOKED, postgresql_where=_REVOKED),
    Index("ix_grants_untold", "revoked_at", sqlite_where=_REVOKED_UNTOLD, postgresql_where=_REVOKED_UNTOLD),
    sqlite_with_rowid=False,
    # Room for the next version of a row on the page of the last: then no index has to learn of a rotation.
    postgresql_with={"fillfactor": 85},
)

GRANT_COLUMNS = tuple(column for column in grants.c if column.name not in {"sweep_at", "mirrored_at"})
"""What a Grant is made of; the rest is the purge's and the mirror's business."""

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("token_id", LargeBinary, nullable=False),
    Column("grant_id", LargeBinary, ForeignKey("grants.id", ondelete="CASCADE"), index=True),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

revoked_access_tokens = Table(
    "revoked_access_tokens",
    metadata,
    Column("token_id", LargeBinary, primary_key=True),
    Column("revoked_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("mirrored_at", BigInteger),
    Index("ix_revoked_access_tokens_untold", "revoked_at", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
    sqlite_with_rowid=False,
)

# Sessions of the server that stood here before, by a digest of what names them there. Rows stay when they are adopted
# and their grant is long purged: what was spent or ended here never comes back.
former_sessions = Table(
    "former_sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("format", Text, nullable=False),
    Column("client_id", Text),
    Column("subject", Text),
    Column("scope", Text),
    Column("expires_at", BigInteger, index=True),
    Column("seen_at", BigInteger, nullable=False),
    Column("grant_id", LargeBinary),
    sqlite_with_rowid=False,
)

# Whose sessions were all ended here, by whatever order: those of the former server that are not adopted yet as well.
ended_subjects = Table(
    "ended_subjects",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("ended_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What the database as a whole belongs to, by name: so far the check value of the keys that its content was made with.
installation = Table(
    "installation",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

INDEXES: tuple[Index, ...] = tuple(
    index for table in metadata.sorted_tables for index in sorted(table.indexes, key=lambda index: str(index.name))
)
"""All indexes, in an order that does not change from run to run."""
