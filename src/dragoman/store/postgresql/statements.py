"""Every statement for PostgreSQL, by `python -m dragoman.store.sql.compilation`: do not edit."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = {
    "FIND_CLIENT": """\
SELECT clients.id, clients.name, clients.secrets, clients.grant_types, clients.scope, clients.dialects,
  clients.token_format, clients.shared_key_signature, clients.access_token_lifetime,
  clients.refresh_token_lifetime, clients.refresh_token_idle_lifetime, clients.refresh, clients.grace,
  clients.refresh_ends_access_token, clients.audience, clients.authorities, clients.may_read_shared_key,
  clients.enabled, clients.created_at, clients.end_user_address_header
FROM clients
WHERE clients.id = $1::VARCHAR""",
    "FIND_RESOURCE_OWNER": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners
WHERE resource_owners.id = $1::VARCHAR""",
    "FIND_RESOURCE_OWNER_BY_LOGIN": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners JOIN login_names ON login_names.owner_id = resource_owners.id
WHERE login_names.login = $1::VARCHAR""",
    "REPLACE_PASSWORD_HASH": """\
UPDATE resource_owners SET password_hash=$1::VARCHAR WHERE resource_owners.id = $2::VARCHAR AND
  resource_owners.password_hash = $3::VARCHAR""",
    "REMEMBER_PLACES": """\
UPDATE resource_owners SET known_places=$1::VARCHAR WHERE resource_owners.id = $2::VARCHAR AND
  resource_owners.password_hash = $3::VARCHAR""",
    "FIND_GRANT": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants
WHERE grants.id = $1::BYTEA""",
    "FIND_SESSION": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry, resource_owners.id AS id_1, resource_owners.username, resource_owners.email,
  resource_owners.first_name, resource_owners.last_name, resource_owners.password_hash,
  resource_owners.authorities, resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked,
  resource_owners.expired, resource_owners.password_expired, resource_owners.created_at AS created_at_1,
  resource_owners.throttle_resets, resource_owners.known_places, resource_owners.directory,
  resource_owners.confirmed_at
FROM grants LEFT OUTER JOIN resource_owners ON resource_owners.id = grants.subject
WHERE grants.id = $1::BYTEA""",
    "FIND_SESSION_OF_TOKEN": """\
SELECT $1::BYTEA AS anon_1, grants.id, grants.client_id, grants.subject, grants.scope, grants.audience,
  grants.created_at, grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued,
  grants.rotated_at, grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by,
  grants.reuse, grants.looked_like_retry, resource_owners.id AS id_1, resource_owners.username,
  resource_owners.email, resource_owners.first_name, resource_owners.last_name, resource_owners.password_hash,
  resource_owners.authorities, resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked,
  resource_owners.expired, resource_owners.password_expired, resource_owners.created_at AS created_at_1,
  resource_owners.throttle_resets, resource_owners.known_places, resource_owners.directory,
  resource_owners.confirmed_at, EXISTS (SELECT 1
FROM revoked_access_tokens
WHERE revoked_access_tokens.token_id = $1::BYTEA) AS anon_2
FROM grants LEFT OUTER JOIN resource_owners ON resource_owners.id = grants.subject
WHERE grants.id = $2::BYTEA""",
    "CREATE_GRANT": """\
INSERT INTO grants (id, client_id, subject, scope, audience, created_at, expires_at, idle_expires_at, generation,
  issued, rotated_at, revoked_at, revoked_because, facts, sweep_at, used_by, revoked_by, reuse, looked_like_retry)
  SELECT $1::BYTEA AS anon_1, $2::VARCHAR AS anon_2, $3::VARCHAR AS anon_3, $4::VARCHAR AS anon_4, $5::VARCHAR AS
  anon_5, $6::BIGINT AS anon_6, $7::BIGINT AS anon_7, $8::BIGINT AS anon_8, $9::BIGINT AS anon_9, $10::BIGINT AS
  anon_10, $11::BIGINT AS anon_11, $12::BIGINT AS anon_12, $13::VARCHAR AS anon_13, $14::VARCHAR AS anon_14,
  $15::BIGINT AS anon_15, $16::VARCHAR AS anon_16, $17::VARCHAR AS anon_17, $18::VARCHAR AS anon_18, $19::BOOLEAN
  AS anon_19
WHERE (EXISTS (SELECT 1
FROM clients
WHERE clients.id = $2::VARCHAR AND clients.enabled IS true)) AND ($3::VARCHAR IS NULL OR (EXISTS (SELECT 1
FROM resource_owners
WHERE resource_owners.id = $3::VARCHAR AND resource_owners.enabled IS true AND ($20::VARCHAR IS NULL OR
  resource_owners.password_hash = $20::VARCHAR) FOR SHARE)))""",
    "ROTATE_GRANT": """\
UPDATE grants SET idle_expires_at=$1::BIGINT, generation=(grants.generation + 1), issued=(grants.issued + 1),
  rotated_at=$2::BIGINT, used_by=$3::VARCHAR WHERE grants.id = $4::BYTEA AND grants.generation = $5::BIGINT AND
  grants.revoked_at IS NULL AND (grants.expires_at IS NULL OR grants.expires_at > $2::BIGINT) AND
  (grants.idle_expires_at IS NULL OR grants.idle_expires_at > $2::BIGINT)""",
    "REISSUE_GRANT": """\
UPDATE grants SET idle_expires_at=$1::BIGINT, issued=(grants.issued + 1), used_by=$2::VARCHAR WHERE grants.id =
  $3::BYTEA AND grants.generation = $4::BIGINT AND grants.revoked_at IS NULL AND (grants.expires_at IS NULL OR
  grants.expires_at > $5::BIGINT) AND (grants.idle_expires_at IS NULL OR grants.idle_expires_at > $5::BIGINT)
  RETURNING grants.issued""",
    "REVOKE_GRANT": """\
UPDATE grants SET revoked_at=$1::BIGINT, revoked_because=$2::VARCHAR, sweep_at=$1::BIGINT, revoked_by=$3::VARCHAR,
  reuse=$4::VARCHAR, looked_like_retry=$5::BOOLEAN WHERE grants.id = $6::BYTEA AND grants.revoked_at IS NULL""",
    "CREATE_ACCESS_TOKEN": """\
INSERT INTO access_tokens (digest, token_id, grant_id, client_id, scope, issued_at, expires_at) VALUES ($1::BYTEA,
  $2::BYTEA, $3::BYTEA, $4::VARCHAR, $5::VARCHAR, $6::BIGINT, $7::BIGINT)""",
    "CREATE_GRANT_WITH_TOKEN": """\
WITH changed AS
(INSERT INTO grants (id, client_id, subject, scope, audience, created_at, expires_at, idle_expires_at, generation,
  issued, rotated_at, revoked_at, revoked_because, facts, sweep_at, used_by, revoked_by, reuse, looked_like_retry)
  SELECT $8::BYTEA AS anon_8, $9::VARCHAR AS anon_9, $10::VARCHAR AS anon_10, $11::VARCHAR AS anon_11, $12::VARCHAR
  AS anon_12, $13::BIGINT AS anon_13, $14::BIGINT AS anon_14, $15::BIGINT AS anon_15, $16::BIGINT AS anon_16,
  $17::BIGINT AS anon_17, $18::BIGINT AS anon_18, $19::BIGINT AS anon_19, $20::VARCHAR AS anon_20, $21::VARCHAR AS
  anon_21, $22::BIGINT AS anon_22, $23::VARCHAR AS anon_23, $24::VARCHAR AS anon_24, $25::VARCHAR AS anon_25,
  $26::BOOLEAN AS anon_26
WHERE (EXISTS (SELECT 1
FROM clients
WHERE clients.id = $9::VARCHAR AND clients.enabled IS true)) AND ($10::VARCHAR IS NULL OR (EXISTS (SELECT 1
FROM resource_owners
WHERE resource_owners.id = $10::VARCHAR AND resource_owners.enabled IS true AND ($27::VARCHAR IS NULL OR
  resource_owners.password_hash = $27::VARCHAR) FOR SHARE))) RETURNING grants.id),
kept AS
(INSERT INTO access_tokens (digest, token_id, grant_id, client_id, scope, issued_at, expires_at) SELECT $1::BYTEA
  AS anon_1, $2::BYTEA AS anon_2, $3::BYTEA AS anon_3, $4::VARCHAR AS anon_4, $5::VARCHAR AS anon_5, $6::BIGINT AS
  anon_6, $7::BIGINT AS anon_7
FROM changed)
 SELECT changed.id
FROM changed""",
    "ROTATE_GRANT_WITH_TOKEN": """\
WITH changed AS
(UPDATE grants SET idle_expires_at=$8::BIGINT, generation=(grants.generation + 1), issued=(grants.issued + 1),
  rotated_at=$9::BIGINT, used_by=$10::VARCHAR WHERE grants.id = $11::BYTEA AND grants.generation = $12::BIGINT AND
  grants.revoked_at IS NULL AND (grants.expires_at IS NULL OR grants.expires_at > $9::BIGINT) AND
  (grants.idle_expires_at IS NULL OR grants.idle_expires_at > $9::BIGINT) RETURNING grants.id),
kept AS
(INSERT INTO access_tokens (digest, token_id, grant_id, client_id, scope, issued_at, expires_at) SELECT $1::BYTEA
  AS anon_1, $2::BYTEA AS anon_2, $3::BYTEA AS anon_3, $4::VARCHAR AS anon_4, $5::VARCHAR AS anon_5, $6::BIGINT AS
  anon_6, $7::BIGINT AS anon_7
FROM changed)
 SELECT changed.id
FROM changed""",
    "FIND_ACCESS_TOKEN": """\
SELECT access_tokens.digest, access_tokens.token_id, access_tokens.grant_id, access_tokens.client_id,
  access_tokens.scope, access_tokens.issued_at, access_tokens.expires_at
FROM access_tokens
WHERE access_tokens.digest = $1::BYTEA""",
    "REVOKE_ACCESS_TOKEN": """\
INSERT INTO revoked_access_tokens (token_id, revoked_at, expires_at) VALUES ($1::BYTEA, $2::BIGINT, $3::BIGINT) ON
  CONFLICT DO NOTHING""",
    "FIND_REVOKED_ACCESS_TOKEN": """\
SELECT revoked_access_tokens.token_id
FROM revoked_access_tokens
WHERE revoked_access_tokens.token_id = $1::BYTEA""",
    "CREATE_SUBJECT": """\
INSERT INTO subjects (id, kind) VALUES ($1::VARCHAR, $2::VARCHAR) ON CONFLICT DO NOTHING""",
    "FIND_SUBJECT": """\
SELECT subjects.kind
FROM subjects
WHERE subjects.id = $1::VARCHAR""",
    "DELETE_SUBJECT": """\
DELETE FROM subjects WHERE subjects.id = $1::VARCHAR AND NOT (EXISTS (SELECT 1
FROM clients
WHERE clients.id = subjects.id)) AND NOT (EXISTS (SELECT 1
FROM resource_owners
WHERE resource_owners.id = subjects.id))""",
    "CREATE_CLIENT": """\
INSERT INTO clients (id, name, secrets, grant_types, scope, dialects, token_format, shared_key_signature,
  access_token_lifetime, refresh_token_lifetime, refresh_token_idle_lifetime, refresh, grace,
  refresh_ends_access_token, audience, authorities, may_read_shared_key, enabled, created_at,
  end_user_address_header) VALUES ($1::VARCHAR, $2::VARCHAR, $3::VARCHAR, $4::VARCHAR, $5::VARCHAR, $6::VARCHAR,
  $7::VARCHAR, $8::BOOLEAN, $9::BIGINT, $10::BIGINT, $11::BIGINT, $12::VARCHAR, $13::BIGINT, $14::BOOLEAN,
  $15::VARCHAR, $16::VARCHAR, $17::BOOLEAN, $18::BOOLEAN, $19::BIGINT, $20::VARCHAR)""",
    "UPDATE_CLIENT": """\
UPDATE clients SET name=$1::VARCHAR, secrets=$2::VARCHAR, grant_types=$3::VARCHAR, scope=$4::VARCHAR,
  dialects=$5::VARCHAR, token_format=$6::VARCHAR, shared_key_signature=$7::BOOLEAN,
  access_token_lifetime=$8::BIGINT, refresh_token_lifetime=$9::BIGINT, refresh_token_idle_lifetime=$10::BIGINT,
  refresh=$11::VARCHAR, grace=$12::BIGINT, refresh_ends_access_token=$13::BOOLEAN, audience=$14::VARCHAR,
  authorities=$15::VARCHAR, may_read_shared_key=$16::BOOLEAN, enabled=$17::BOOLEAN,
  end_user_address_header=$18::VARCHAR WHERE clients.id = $19::VARCHAR""",
    "LIST_CLIENTS": """\
SELECT clients.id, clients.name, clients.secrets, clients.grant_types, clients.scope, clients.dialects,
  clients.token_format, clients.shared_key_signature, clients.access_token_lifetime,
  clients.refresh_token_lifetime, clients.refresh_token_idle_lifetime, clients.refresh, clients.grace,
  clients.refresh_ends_access_token, clients.audience, clients.authorities, clients.may_read_shared_key,
  clients.enabled, clients.created_at, clients.end_user_address_header
FROM clients
WHERE clients.id > $1::VARCHAR ORDER BY clients.id
 LIMIT $2::BIGINT OFFSET 0""",
    "DELETE_CLIENT": "DELETE FROM clients WHERE clients.id = $1::VARCHAR",
    "CREATE_RESOURCE_OWNER": """\
INSERT INTO resource_owners (id, username, email, first_name, last_name, password_hash, authorities, belongs_to,
  enabled, locked, expired, password_expired, created_at, throttle_resets, known_places, directory, confirmed_at)
  VALUES ($1::VARCHAR, $2::VARCHAR, $3::VARCHAR, $4::VARCHAR, $5::VARCHAR, $6::VARCHAR, $7::VARCHAR, $8::VARCHAR,
  $9::BOOLEAN, $10::BOOLEAN, $11::BOOLEAN, $12::BOOLEAN, $13::BIGINT, $14::BIGINT, $15::VARCHAR, $16::VARCHAR,
  $17::BIGINT)""",
    "UPDATE_RESOURCE_OWNER": """\
UPDATE resource_owners SET username=$1::VARCHAR, email=$2::VARCHAR, first_name=$3::VARCHAR, last_name=$4::VARCHAR,
  authorities=$5::VARCHAR, belongs_to=$6::VARCHAR, enabled=$7::BOOLEAN, locked=$8::BOOLEAN, expired=$9::BOOLEAN,
  password_expired=$10::BOOLEAN WHERE resource_owners.id = $11::VARCHAR""",
    "SET_PASSWORD_HASH": """\
UPDATE resource_owners SET password_hash=$1::VARCHAR, throttle_resets=(coalesce(resource_owners.throttle_resets, 0)
  + 1), known_places=NULL, directory=NULL WHERE resource_owners.id = $2::VARCHAR""",
    "RESET_THROTTLE": """\
UPDATE resource_owners SET throttle_resets=(coalesce(resource_owners.throttle_resets, 0) + 1) WHERE
  resource_owners.id = $1::VARCHAR""",
    "LIST_RESOURCE_OWNERS": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners
WHERE resource_owners.id > $1::VARCHAR ORDER BY resource_owners.id
 LIMIT $2::BIGINT OFFSET 0""",
    "LIST_MOST_AUTHORITIES": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners ORDER BY length(resource_owners.authorities) DESC
 LIMIT $1::BIGINT OFFSET 0""",
    "LIST_PASSWORD_HASHES": """\
SELECT resource_owners.id, resource_owners.password_hash
FROM resource_owners
WHERE resource_owners.id > $1::VARCHAR ORDER BY resource_owners.id
 LIMIT $2::BIGINT OFFSET 0""",
    "DELETE_RESOURCE_OWNER": """\
DELETE FROM resource_owners WHERE resource_owners.id = $1::VARCHAR""",
    "COUNT_BELONGING": """\
SELECT count(*) AS count_1
FROM resource_owners
WHERE resource_owners.belongs_to = $1::VARCHAR""",
    "CREATE_LOGIN_NAME": """\
INSERT INTO login_names (login, owner_id) VALUES ($1::VARCHAR, $2::VARCHAR) ON CONFLICT DO NOTHING""",
    "FIND_LOGIN_NAME": """\
SELECT login_names.owner_id
FROM login_names
WHERE login_names.login = $1::VARCHAR""",
    "DELETE_LOGIN_NAMES": """\
DELETE FROM login_names WHERE login_names.owner_id = $1::VARCHAR""",
    "LIST_GRANTS_OF_SUBJECT": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants
WHERE grants.subject = $1::VARCHAR AND grants.id > $2::BYTEA ORDER BY grants.id
 LIMIT $3::BIGINT OFFSET 0""",
    "LIST_GRANTS_OF_CLIENT": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants
WHERE grants.client_id = $1::VARCHAR AND grants.id > $2::BYTEA ORDER BY grants.id
 LIMIT $3::BIGINT OFFSET 0""",
    "REVOKE_GRANTS_OF_SUBJECT": """\
UPDATE grants SET revoked_at=$1::BIGINT, revoked_because=$2::VARCHAR, sweep_at=$1::BIGINT WHERE grants.subject =
  $3::VARCHAR AND grants.revoked_at IS NULL""",
    "REVOKE_GRANTS_OF_CLIENT": """\
UPDATE grants SET revoked_at=$1::BIGINT, revoked_because=$2::VARCHAR, sweep_at=$1::BIGINT WHERE grants.client_id =
  $3::VARCHAR AND grants.revoked_at IS NULL""",
    "FILE_GRANTS": """\
UPDATE grants SET sweep_at=CASE WHEN (grants.revoked_at IS NOT NULL) THEN grants.revoked_at + $1::BIGINT WHEN
  (grants.idle_expires_at IS NULL) THEN coalesce(grants.expires_at, $2::BIGINT) WHEN (grants.expires_at IS NULL)
  THEN grants.idle_expires_at WHEN (grants.idle_expires_at < grants.expires_at) THEN grants.idle_expires_at ELSE
  grants.expires_at END WHERE grants.id IN (SELECT grants.id
FROM grants
WHERE grants.sweep_at IS NULL
 LIMIT $3::BIGINT OFFSET 0)""",
    "REFILE_GRANTS": """\
UPDATE grants SET sweep_at=CASE WHEN (grants.revoked_at IS NOT NULL) THEN grants.revoked_at + $1::BIGINT WHEN
  (grants.idle_expires_at IS NULL) THEN coalesce(grants.expires_at, $2::BIGINT) WHEN (grants.expires_at IS NULL)
  THEN grants.idle_expires_at WHEN (grants.idle_expires_at < grants.expires_at) THEN grants.idle_expires_at ELSE
  grants.expires_at END WHERE grants.id IN (SELECT grants.id
FROM grants
WHERE grants.sweep_at < $3::BIGINT ORDER BY grants.sweep_at
 LIMIT $4::BIGINT OFFSET 0) AND (grants.revoked_at >= $5::BIGINT OR grants.revoked_at IS NULL AND
  (grants.expires_at IS NULL OR grants.expires_at >= $3::BIGINT) AND (grants.idle_expires_at IS NULL OR
  grants.idle_expires_at >= $3::BIGINT))""",
    "PURGE_GRANTS": """\
DELETE FROM grants WHERE grants.id IN (SELECT grants.id
FROM grants
WHERE grants.sweep_at < $1::BIGINT ORDER BY grants.sweep_at
 LIMIT $2::BIGINT OFFSET 0) AND (grants.revoked_at < $3::BIGINT OR grants.revoked_at IS NULL AND (grants.expires_at
  < $1::BIGINT OR grants.idle_expires_at < $1::BIGINT))""",
    "PURGE_ACCESS_TOKENS": """\
DELETE FROM access_tokens WHERE access_tokens.digest IN (SELECT access_tokens.digest
FROM access_tokens
WHERE access_tokens.expires_at < $1::BIGINT ORDER BY access_tokens.expires_at
 LIMIT $2::BIGINT OFFSET 0)""",
    "PURGE_REVOKED_ACCESS_TOKENS": """\
DELETE FROM revoked_access_tokens WHERE revoked_access_tokens.token_id IN (SELECT revoked_access_tokens.token_id
FROM revoked_access_tokens
WHERE revoked_access_tokens.expires_at < $1::BIGINT ORDER BY revoked_access_tokens.expires_at
 LIMIT $2::BIGINT OFFSET 0)""",
    "PURGE_FORMER_SESSIONS": """\
DELETE FROM former_sessions WHERE former_sessions.digest IN (SELECT former_sessions.digest
FROM former_sessions
WHERE former_sessions.expires_at < $1::BIGINT ORDER BY former_sessions.expires_at
 LIMIT $2::BIGINT OFFSET 0)""",
    "END_ALL_GRANTS": """\
UPDATE grants SET revoked_at=$1::BIGINT, revoked_because=$2::VARCHAR, sweep_at=$1::BIGINT WHERE grants.revoked_at
  IS NULL""",
    "END_LATER_GRANTS": """\
UPDATE grants SET revoked_at=$1::BIGINT, revoked_because=$2::VARCHAR, sweep_at=$1::BIGINT WHERE grants.revoked_at
  IS NULL AND (grants.created_at > $1::BIGINT OR grants.rotated_at > $1::BIGINT)""",
    "BIND_INSTALLATION": """\
INSERT INTO installation (name, value) VALUES ($1::VARCHAR, $2::VARCHAR) ON CONFLICT DO NOTHING""",
    "FIND_INSTALLATION": """\
SELECT installation.value
FROM installation
WHERE installation.name = $1::VARCHAR""",
    "ADVANCE_INSTALLATION": """\
UPDATE installation SET value=$1::VARCHAR WHERE installation.name = $2::VARCHAR AND installation.value < $1::VARCHAR""",
    "DELETE_INSTALLATION": """\
DELETE FROM installation WHERE installation.name = $1::VARCHAR""",
    "COUNT_REVOCATIONS": """\
SELECT grants.client_id, grants.revoked_because, grants.looked_like_retry, count(*) AS count_1
FROM grants
WHERE grants.revoked_at >= $1::BIGINT GROUP BY grants.client_id, grants.revoked_because, grants.looked_like_retry
  ORDER BY grants.client_id, grants.revoked_because, grants.looked_like_retry""",
    "LIST_REVOCATIONS": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants
WHERE grants.revoked_at >= $1::BIGINT ORDER BY grants.revoked_at DESC, grants.id
 LIMIT $2::BIGINT OFFSET 0""",
    "LIST_REVOCATIONS_OF_CLIENT": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants
WHERE grants.revoked_at >= $1::BIGINT AND grants.client_id = $2::VARCHAR ORDER BY grants.revoked_at DESC, grants.id
 LIMIT $3::BIGINT OFFSET 0""",
    "CLIENTS_AMONG": """\
SELECT clients.id, clients.name, clients.secrets, clients.grant_types, clients.scope, clients.dialects,
  clients.token_format, clients.shared_key_signature, clients.access_token_lifetime,
  clients.refresh_token_lifetime, clients.refresh_token_idle_lifetime, clients.refresh, clients.grace,
  clients.refresh_ends_access_token, clients.audience, clients.authorities, clients.may_read_shared_key,
  clients.enabled, clients.created_at, clients.end_user_address_header
FROM clients
WHERE clients.id = ANY (ARRAY(SELECT json_array_elements_text(CAST($1::VARCHAR AS JSON))))""",
    "RESOURCE_OWNERS_AMONG": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners
WHERE resource_owners.id = ANY (ARRAY(SELECT json_array_elements_text(CAST($1::VARCHAR AS JSON))))""",
    "LOGIN_NAMES_AMONG": """\
SELECT login_names.login, login_names.owner_id
FROM login_names
WHERE login_names.login = ANY (ARRAY(SELECT json_array_elements_text(CAST($1::VARCHAR AS JSON))))""",
    "TAKE_SUBJECT": """\
INSERT INTO subjects (id, kind) VALUES ($1::VARCHAR, $2::VARCHAR)""",
    "TAKE_LOGIN_NAME": """\
INSERT INTO login_names (login, owner_id) VALUES ($1::VARCHAR, $2::VARCHAR)""",
    "FIND_FORMER_SESSION": """\
SELECT former_sessions.digest, former_sessions.format, former_sessions.client_id, former_sessions.subject,
  former_sessions.scope, former_sessions.expires_at, former_sessions.seen_at, former_sessions.grant_id
FROM former_sessions
WHERE former_sessions.digest = $1::VARCHAR""",
    "CLAIM_FORMER_SESSION": """\
UPDATE former_sessions SET expires_at=$1::BIGINT, grant_id=$2::BYTEA WHERE former_sessions.digest = $3::VARCHAR AND
  former_sessions.grant_id IS NULL""",
    "CLAIM_UNLISTED_SESSION": """\
INSERT INTO former_sessions (digest, format, client_id, subject, scope, expires_at, seen_at, grant_id) VALUES
  ($1::VARCHAR, $2::VARCHAR, $3::VARCHAR, $4::VARCHAR, $5::VARCHAR, $6::BIGINT, $7::BIGINT, $8::BYTEA) ON CONFLICT
  DO NOTHING""",
    "HOLD_CLIENT": """\
SELECT 1
FROM clients
WHERE clients.id = $1::VARCHAR FOR SHARE""",
    "LOCK_CLIENT": """\
SELECT 1
FROM clients
WHERE clients.id = $1::VARCHAR FOR UPDATE""",
    "LOCK_RESOURCE_OWNER": """\
SELECT 1
FROM resource_owners
WHERE resource_owners.id = $1::VARCHAR FOR UPDATE""",
    "END_SUBJECT": """\
INSERT INTO ended_subjects (id, kind, ended_at) VALUES ($1::VARCHAR, $2::VARCHAR, $3::BIGINT) ON CONFLICT DO NOTHING""",
    "FIND_ENDED_SUBJECT": """\
SELECT 1
FROM ended_subjects
WHERE ended_subjects.kind = 'client' AND ended_subjects.id = $1::VARCHAR OR ended_subjects.kind = 'resource_owner'
  AND ended_subjects.id = $2::VARCHAR""",
    "FORMER_SESSIONS_AMONG": """\
SELECT former_sessions.digest, former_sessions.format, former_sessions.client_id, former_sessions.subject,
  former_sessions.scope, former_sessions.expires_at, former_sessions.seen_at, former_sessions.grant_id
FROM former_sessions
WHERE former_sessions.digest = ANY (ARRAY(SELECT json_array_elements_text(CAST($1::VARCHAR AS JSON))))""",
    "TAKE_FORMER_SESSION": """\
INSERT INTO former_sessions (digest, format, client_id, subject, scope, expires_at, seen_at, grant_id) VALUES
  ($1::VARCHAR, $2::VARCHAR, $3::VARCHAR, $4::VARCHAR, $5::VARCHAR, $6::BIGINT, $7::BIGINT, $8::BYTEA)""",
    "REPLACE_FORMER_SESSION": """\
UPDATE former_sessions SET client_id=$1::VARCHAR, subject=$2::VARCHAR, scope=$3::VARCHAR, expires_at=$4::BIGINT,
  seen_at=$5::BIGINT WHERE former_sessions.digest = $6::VARCHAR AND former_sessions.grant_id IS NULL""",
    "DROP_FORMER_SESSION": """\
DELETE FROM former_sessions WHERE former_sessions.digest = $1::VARCHAR AND former_sessions.grant_id IS NULL""",
    "DROP_UNSEEN_FORMER_SESSIONS": """\
DELETE FROM former_sessions WHERE former_sessions.format = $1::VARCHAR AND former_sessions.seen_at < $2::BIGINT AND
  former_sessions.grant_id IS NULL""",
    "COUNT_FORMER_SESSIONS": """\
SELECT former_sessions.format, count(*) AS count_1, count(former_sessions.grant_id) AS count_2
FROM former_sessions GROUP BY former_sessions.format ORDER BY former_sessions.format""",
    "UPDATE_ARRIVING": """\
UPDATE resource_owners SET username=$1::VARCHAR, email=$2::VARCHAR, first_name=$3::VARCHAR, last_name=$4::VARCHAR,
  password_hash=$5::VARCHAR, authorities=$6::VARCHAR, known_places=$7::VARCHAR, directory=$8::VARCHAR,
  confirmed_at=$9::BIGINT WHERE resource_owners.id = $10::VARCHAR AND resource_owners.directory = $11::VARCHAR""",
    "RELEASE_LOGIN_NAME": """\
DELETE FROM login_names WHERE login_names.login = $1::VARCHAR AND login_names.owner_id IN (SELECT resource_owners.id
FROM resource_owners
WHERE resource_owners.directory = $2::VARCHAR)""",
    "WITHDRAW_RESOURCE_OWNER": """\
UPDATE resource_owners SET confirmed_at=0 WHERE resource_owners.id = $1::VARCHAR AND resource_owners.directory IS
  NOT NULL""",
    "ALL_CLIENTS": """\
SELECT clients.id, clients.name, clients.secrets, clients.grant_types, clients.scope, clients.dialects,
  clients.token_format, clients.shared_key_signature, clients.access_token_lifetime,
  clients.refresh_token_lifetime, clients.refresh_token_idle_lifetime, clients.refresh, clients.grace,
  clients.refresh_ends_access_token, clients.audience, clients.authorities, clients.may_read_shared_key,
  clients.enabled, clients.created_at, clients.end_user_address_header
FROM clients ORDER BY clients.id COLLATE "C" ASC""",
    "ALL_RESOURCE_OWNERS": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners ORDER BY resource_owners.id COLLATE "C" ASC""",
    "ALL_GRANTS": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants ORDER BY grants.id""",
    "ALL_ACCESS_TOKENS": """\
SELECT access_tokens.digest, access_tokens.token_id, access_tokens.grant_id, access_tokens.client_id,
  access_tokens.scope, access_tokens.issued_at, access_tokens.expires_at
FROM access_tokens ORDER BY access_tokens.digest""",
    "ALL_REVOKED_ACCESS_TOKENS": """\
SELECT revoked_access_tokens.token_id, revoked_access_tokens.revoked_at, revoked_access_tokens.expires_at
FROM revoked_access_tokens ORDER BY revoked_access_tokens.token_id""",
    "ALL_FORMER_SESSIONS": """\
SELECT former_sessions.digest, former_sessions.format, former_sessions.client_id, former_sessions.subject,
  former_sessions.scope, former_sessions.expires_at, former_sessions.seen_at, former_sessions.grant_id
FROM former_sessions ORDER BY former_sessions.digest COLLATE "C" ASC""",
    "ALL_ENDED_SUBJECTS": """\
SELECT ended_subjects.id, ended_subjects.kind, ended_subjects.ended_at
FROM ended_subjects ORDER BY ended_subjects.id COLLATE "C" ASC, ended_subjects.kind COLLATE "C" ASC""",
    "ALL_INSTALLATION": """\
SELECT installation.name, installation.value
FROM installation ORDER BY installation.name COLLATE "C" ASC""",
    "TAKE_GRANT": """\
INSERT INTO grants (id, client_id, subject, scope, audience, created_at, expires_at, idle_expires_at, generation,
  issued, rotated_at, revoked_at, revoked_because, facts, sweep_at, used_by, revoked_by, reuse, looked_like_retry)
  VALUES ($1::BYTEA, $2::VARCHAR, $3::VARCHAR, $4::VARCHAR, $5::VARCHAR, $6::BIGINT, $7::BIGINT, $8::BIGINT,
  $9::BIGINT, $10::BIGINT, $11::BIGINT, $12::BIGINT, $13::VARCHAR, $14::VARCHAR, $15::BIGINT, $16::VARCHAR,
  $17::VARCHAR, $18::VARCHAR, $19::BOOLEAN)""",
    "TAKE_ENDED_SUBJECT": """\
INSERT INTO ended_subjects (id, kind, ended_at) VALUES ($1::VARCHAR, $2::VARCHAR, $3::BIGINT)""",
    "LIST_UNTOLD_GRANTS": """\
SELECT grants.id, grants.client_id, grants.subject
FROM grants
WHERE grants.revoked_at IS NOT NULL AND grants.mirrored_at IS NULL ORDER BY grants.revoked_at DESC
 LIMIT $1::BIGINT OFFSET 0""",
    "LIST_UNTOLD_ACCESS_TOKENS": """\
SELECT revoked_access_tokens.token_id
FROM revoked_access_tokens
WHERE revoked_access_tokens.mirrored_at IS NULL ORDER BY revoked_access_tokens.revoked_at DESC
 LIMIT $1::BIGINT OFFSET 0""",
    "MARK_GRANT_MIRRORED": """\
UPDATE grants SET mirrored_at=$1::BIGINT WHERE grants.id = $2::BYTEA""",
    "MARK_ACCESS_TOKEN_MIRRORED": """\
UPDATE revoked_access_tokens SET mirrored_at=$1::BIGINT WHERE revoked_access_tokens.token_id = $2::BYTEA""",
    "ROTATE_FREE_GRANT": """\
UPDATE grants SET idle_expires_at=$1::BIGINT, generation=(grants.generation + 1), issued=(grants.issued + 1),
  rotated_at=$2::BIGINT, used_by=$3::VARCHAR WHERE grants.id = $4::BYTEA AND grants.generation = $5::BIGINT AND
  grants.revoked_at IS NULL AND (grants.expires_at IS NULL OR grants.expires_at > $2::BIGINT) AND
  (grants.idle_expires_at IS NULL OR grants.idle_expires_at > $2::BIGINT) AND grants.id = (SELECT looked_at.id
FROM grants AS looked_at
WHERE looked_at.id = $4::BYTEA FOR NO KEY UPDATE SKIP LOCKED) RETURNING grants.id""",
    "ROTATE_FREE_GRANT_WITH_TOKEN": """\
WITH changed AS
(UPDATE grants SET idle_expires_at=$8::BIGINT, generation=(grants.generation + 1), issued=(grants.issued + 1),
  rotated_at=$9::BIGINT, used_by=$10::VARCHAR WHERE grants.id = $11::BYTEA AND grants.generation = $12::BIGINT AND
  grants.revoked_at IS NULL AND (grants.expires_at IS NULL OR grants.expires_at > $9::BIGINT) AND
  (grants.idle_expires_at IS NULL OR grants.idle_expires_at > $9::BIGINT) AND grants.id = (SELECT looked_at.id
FROM grants AS looked_at
WHERE looked_at.id = $11::BYTEA FOR NO KEY UPDATE SKIP LOCKED) RETURNING grants.id),
kept AS
(INSERT INTO access_tokens (digest, token_id, grant_id, client_id, scope, issued_at, expires_at) SELECT $1::BYTEA
  AS anon_1, $2::BYTEA AS anon_2, $3::BYTEA AS anon_3, $4::VARCHAR AS anon_4, $5::VARCHAR AS anon_5, $6::BIGINT AS
  anon_6, $7::BIGINT AS anon_7
FROM changed)
 SELECT changed.id
FROM changed""",
}
