"""The schema of a new SQLite database, by `python -m dragoman.store.sql.compilation`: do not edit."""

from __future__ import annotations

from typing import Final

SCHEMA: Final = (
    """CREATE TABLE ended_subjects (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    ended_at BIGINT NOT NULL,
    CONSTRAINT pk_ended_subjects PRIMARY KEY (id, kind)
)
 WITHOUT ROWID""",
    """CREATE TABLE former_sessions (
    digest TEXT NOT NULL,
    format TEXT NOT NULL,
    client_id TEXT,
    subject TEXT,
    scope TEXT,
    expires_at BIGINT,
    seen_at BIGINT NOT NULL,
    grant_id BLOB,
    CONSTRAINT pk_former_sessions PRIMARY KEY (digest)
)
 WITHOUT ROWID""",
    """CREATE TABLE grants (
    id BLOB NOT NULL,
    client_id TEXT NOT NULL,
    subject TEXT,
    scope TEXT NOT NULL,
    audience TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    idle_expires_at BIGINT,
    generation BIGINT NOT NULL,
    issued BIGINT NOT NULL,
    rotated_at BIGINT,
    revoked_at BIGINT,
    revoked_because TEXT,
    facts TEXT NOT NULL,
    sweep_at BIGINT,
    used_by TEXT,
    revoked_by TEXT,
    reuse TEXT,
    looked_like_retry BOOLEAN,
    mirrored_at BIGINT,
    CONSTRAINT pk_grants PRIMARY KEY (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE installation (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT pk_installation PRIMARY KEY (name)
)
 WITHOUT ROWID""",
    """CREATE TABLE revoked_access_tokens (
    token_id BLOB NOT NULL,
    revoked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    mirrored_at BIGINT,
    CONSTRAINT pk_revoked_access_tokens PRIMARY KEY (token_id)
)
 WITHOUT ROWID""",
    """CREATE TABLE subjects (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    CONSTRAINT pk_subjects PRIMARY KEY (id)
)
 WITHOUT ROWID""",
    """CREATE TABLE access_tokens (
    digest BLOB NOT NULL,
    token_id BLOB NOT NULL,
    grant_id BLOB,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT pk_access_tokens PRIMARY KEY (digest),
    CONSTRAINT fk_access_tokens_grant_id_grants FOREIGN KEY(grant_id) REFERENCES grants (id) ON DELETE CASCADE
)
 WITHOUT ROWID""",
    """CREATE TABLE clients (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    secrets TEXT NOT NULL,
    grant_types TEXT NOT NULL,
    scope TEXT NOT NULL,
    dialects TEXT NOT NULL,
    token_format TEXT NOT NULL,
    shared_key_signature BOOLEAN NOT NULL,
    access_token_lifetime BIGINT NOT NULL,
    refresh_token_lifetime BIGINT,
    refresh_token_idle_lifetime BIGINT,
    refresh TEXT NOT NULL,
    grace BIGINT NOT NULL,
    refresh_ends_access_token BOOLEAN NOT NULL,
    audience TEXT NOT NULL,
    authorities TEXT NOT NULL,
    may_read_shared_key BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    end_user_address_header TEXT,
    CONSTRAINT pk_clients PRIMARY KEY (id),
    CONSTRAINT fk_clients_id_subjects FOREIGN KEY(id) REFERENCES subjects (id)
)""",
    """CREATE TABLE resource_owners (
    id TEXT NOT NULL,
    username TEXT NOT NULL,
    email TEXT,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    password_hash TEXT,
    authorities TEXT NOT NULL,
    belongs_to TEXT,
    enabled BOOLEAN NOT NULL,
    locked BOOLEAN NOT NULL,
    expired BOOLEAN NOT NULL,
    password_expired BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    throttle_resets BIGINT,
    known_places TEXT,
    directory TEXT,
    confirmed_at BIGINT,
    CONSTRAINT pk_resource_owners PRIMARY KEY (id),
    CONSTRAINT fk_resource_owners_id_subjects FOREIGN KEY(id) REFERENCES subjects (id),
    CONSTRAINT fk_resource_owners_belongs_to_clients FOREIGN KEY(belongs_to) REFERENCES clients (id)
)""",
    """CREATE TABLE login_names (
    login TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    CONSTRAINT pk_login_names PRIMARY KEY (login),
    CONSTRAINT fk_login_names_owner_id_resource_owners FOREIGN KEY(owner_id) REFERENCES resource_owners (id) ON
  DELETE CASCADE
)
 WITHOUT ROWID""",
    """CREATE INDEX ix_former_sessions_expires_at ON former_sessions (expires_at)""",
    """CREATE INDEX ix_grants_client_id ON grants (client_id, id)""",
    """CREATE INDEX ix_grants_revoked_at ON grants (revoked_at) WHERE revoked_at IS NOT NULL""",
    """CREATE INDEX ix_grants_subject ON grants (subject, id)""",
    """CREATE INDEX ix_grants_sweep_at ON grants (sweep_at)""",
    """CREATE INDEX ix_grants_untold ON grants (revoked_at) WHERE revoked_at IS NOT NULL AND mirrored_at IS NULL""",
    """CREATE INDEX ix_revoked_access_tokens_expires_at ON revoked_access_tokens (expires_at)""",
    """CREATE INDEX ix_revoked_access_tokens_untold ON revoked_access_tokens (revoked_at) WHERE mirrored_at IS NULL""",
    """CREATE INDEX ix_access_tokens_expires_at ON access_tokens (expires_at)""",
    """CREATE INDEX ix_access_tokens_grant_id ON access_tokens (grant_id)""",
    """CREATE INDEX ix_resource_owners_belongs_to ON resource_owners (belongs_to)""",
    """CREATE INDEX ix_login_names_owner_id ON login_names (owner_id)""",
)
