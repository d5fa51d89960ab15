"""Every statement for SQLite, by `python -m dragoman.store.sql.compilation`: do not edit."""

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
WHERE clients.id = :id""",
    "FIND_RESOURCE_OWNER": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners
WHERE resource_owners.id = :id""",
    "FIND_RESOURCE_OWNER_BY_LOGIN": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners JOIN login_names ON login_names.owner_id = resource_owners.id
WHERE login_names.login = :login""",
    "REPLACE_PASSWORD_HASH": """\
UPDATE resource_owners SET password_hash=:new WHERE resource_owners.id = :id AND resource_owners.password_hash =
  :old""",
    "REMEMBER_PLACES": """\
UPDATE resource_owners SET known_places=:known_places WHERE resource_owners.id = :id AND
  resource_owners.password_hash = :password_hash""",
    "FIND_GRANT": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants
WHERE grants.id = :id""",
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
WHERE grants.id = :id""",
    "FIND_SESSION_OF_TOKEN": """\
SELECT :token_id AS anon_1, grants.id, grants.client_id, grants.subject, grants.scope, grants.audience,
  grants.created_at, grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued,
  grants.rotated_at, grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by,
  grants.reuse, grants.looked_like_retry, resource_owners.id AS id_1, resource_owners.username,
  resource_owners.email, resource_owners.first_name, resource_owners.last_name, resource_owners.password_hash,
  resource_owners.authorities, resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked,
  resource_owners.expired, resource_owners.password_expired, resource_owners.created_at AS created_at_1,
  resource_owners.throttle_resets, resource_owners.known_places, resource_owners.directory,
  resource_owners.confirmed_at, EXISTS (SELECT 1
FROM revoked_access_tokens
WHERE revoked_access_tokens.token_id = :token_id) AS anon_2
FROM grants LEFT OUTER JOIN resource_owners ON resource_owners.id = grants.subject
WHERE grants.id = :id""",
    "CREATE_GRANT": """\
INSERT INTO grants (id, client_id, subject, scope, audience, created_at, expires_at, idle_expires_at, generation,
  issued, rotated_at, revoked_at, revoked_because, facts, sweep_at, used_by, revoked_by, reuse, looked_like_retry)
  SELECT :id AS anon_1, :client_id AS anon_2, :subject AS anon_3, :scope AS anon_4, :audience AS anon_5,
  :created_at AS anon_6, :expires_at AS anon_7, :idle_expires_at AS anon_8, :generation AS anon_9, :issued AS
  anon_10, :rotated_at AS anon_11, :revoked_at AS anon_12, :revoked_because AS anon_13, :facts AS anon_14,
  :sweep_at AS anon_15, :used_by AS anon_16, :revoked_by AS anon_17, :reuse AS anon_18, :looked_like_retry AS
  anon_19
WHERE (EXISTS (SELECT 1
FROM clients
WHERE clients.id = :client_id AND clients.enabled IS 1)) AND (:subject IS NULL OR (EXISTS (SELECT 1
FROM resource_owners
WHERE resource_owners.id = :subject AND resource_owners.enabled IS 1 AND (:password_hash IS NULL OR
  resource_owners.password_hash = :password_hash))))""",
    "ROTATE_GRANT": """\
UPDATE grants SET idle_expires_at=:idle_expires_at, generation=(grants.generation + 1), issued=(grants.issued + 1),
  rotated_at=:now, used_by=:used_by WHERE grants.id = :id AND grants.generation = :generation AND grants.revoked_at
  IS NULL AND (grants.expires_at IS NULL OR grants.expires_at > :now) AND (grants.idle_expires_at IS NULL OR
  grants.idle_expires_at > :now)""",
    "REISSUE_GRANT": """\
UPDATE grants SET idle_expires_at=:idle_expires_at, issued=(grants.issued + 1), used_by=:used_by WHERE grants.id =
  :id AND grants.generation = :generation AND grants.revoked_at IS NULL AND (grants.expires_at IS NULL OR
  grants.expires_at > :now) AND (grants.idle_expires_at IS NULL OR grants.idle_expires_at > :now) RETURNING issued""",
    "REVOKE_GRANT": """\
UPDATE grants SET revoked_at=:now, revoked_because=:revoked_because, sweep_at=:now, revoked_by=:revoked_by,
  reuse=:reuse, looked_like_retry=:looked_like_retry WHERE grants.id = :id AND grants.revoked_at IS NULL""",
    "CREATE_ACCESS_TOKEN": """\
INSERT INTO access_tokens (digest, token_id, grant_id, client_id, scope, issued_at, expires_at) VALUES (:digest,
  :token_id, :grant_id, :client_id, :scope, :issued_at, :expires_at)""",
    "CREATE_GRANT_WITH_TOKEN": """\
INSERT INTO grants (id, client_id, subject, scope, audience, created_at, expires_at, idle_expires_at, generation,
  issued, rotated_at, revoked_at, revoked_because, facts, sweep_at, used_by, revoked_by, reuse, looked_like_retry)
  SELECT :id AS anon_1, :client_id AS anon_2, :subject AS anon_3, :scope AS anon_4, :audience AS anon_5,
  :created_at AS anon_6, :expires_at AS anon_7, :idle_expires_at AS anon_8, :generation AS anon_9, :issued AS
  anon_10, :rotated_at AS anon_11, :revoked_at AS anon_12, :revoked_because AS anon_13, :facts AS anon_14,
  :sweep_at AS anon_15, :used_by AS anon_16, :revoked_by AS anon_17, :reuse AS anon_18, :looked_like_retry AS
  anon_19
WHERE (EXISTS (SELECT 1
FROM clients
WHERE clients.id = :client_id AND clients.enabled IS 1)) AND (:subject IS NULL OR (EXISTS (SELECT 1
FROM resource_owners
WHERE resource_owners.id = :subject AND resource_owners.enabled IS 1 AND (:password_hash IS NULL OR
  resource_owners.password_hash = :password_hash)))) RETURNING id""",
    "ROTATE_GRANT_WITH_TOKEN": """\
UPDATE grants SET idle_expires_at=:idle_expires_at, generation=(grants.generation + 1), issued=(grants.issued + 1),
  rotated_at=:now, used_by=:used_by WHERE grants.id = :id AND grants.generation = :generation AND grants.revoked_at
  IS NULL AND (grants.expires_at IS NULL OR grants.expires_at > :now) AND (grants.idle_expires_at IS NULL OR
  grants.idle_expires_at > :now) RETURNING id""",
    "FIND_ACCESS_TOKEN": """\
SELECT access_tokens.digest, access_tokens.token_id, access_tokens.grant_id, access_tokens.client_id,
  access_tokens.scope, access_tokens.issued_at, access_tokens.expires_at
FROM access_tokens
WHERE access_tokens.digest = :digest""",
    "REVOKE_ACCESS_TOKEN": """\
INSERT INTO revoked_access_tokens (token_id, revoked_at, expires_at) VALUES (:token_id, :revoked_at, :expires_at)
  ON CONFLICT DO NOTHING""",
    "FIND_REVOKED_ACCESS_TOKEN": """\
SELECT revoked_access_tokens.token_id
FROM revoked_access_tokens
WHERE revoked_access_tokens.token_id = :token_id""",
    "CREATE_SUBJECT": """\
INSERT INTO subjects (id, kind) VALUES (:id, :kind) ON CONFLICT DO NOTHING""",
    "FIND_SUBJECT": """\
SELECT subjects.kind
FROM subjects
WHERE subjects.id = :id""",
    "DELETE_SUBJECT": """\
DELETE FROM subjects WHERE subjects.id = :id AND NOT (EXISTS (SELECT 1
FROM clients
WHERE clients.id = subjects.id)) AND NOT (EXISTS (SELECT 1
FROM resource_owners
WHERE resource_owners.id = subjects.id))""",
    "CREATE_CLIENT": """\
INSERT INTO clients (id, name, secrets, grant_types, scope, dialects, token_format, shared_key_signature,
  access_token_lifetime, refresh_token_lifetime, refresh_token_idle_lifetime, refresh, grace,
  refresh_ends_access_token, audience, authorities, may_read_shared_key, enabled, created_at,
  end_user_address_header) VALUES (:id, :name, :secrets, :grant_types, :scope, :dialects, :token_format,
  :shared_key_signature, :access_token_lifetime, :refresh_token_lifetime, :refresh_token_idle_lifetime, :refresh,
  :grace, :refresh_ends_access_token, :audience, :authorities, :may_read_shared_key, :enabled, :created_at,
  :end_user_address_header)""",
    "UPDATE_CLIENT": """\
UPDATE clients SET name=:name, secrets=:secrets, grant_types=:grant_types, scope=:scope, dialects=:dialects,
  token_format=:token_format, shared_key_signature=:shared_key_signature,
  access_token_lifetime=:access_token_lifetime, refresh_token_lifetime=:refresh_token_lifetime,
  refresh_token_idle_lifetime=:refresh_token_idle_lifetime, refresh=:refresh, grace=:grace,
  refresh_ends_access_token=:refresh_ends_access_token, audience=:audience, authorities=:authorities,
  may_read_shared_key=:may_read_shared_key, enabled=:enabled, end_user_address_header=:end_user_address_header
  WHERE clients.id = :id""",
    "LIST_CLIENTS": """\
SELECT clients.id, clients.name, clients.secrets, clients.grant_types, clients.scope, clients.dialects,
  clients.token_format, clients.shared_key_signature, clients.access_token_lifetime,
  clients.refresh_token_lifetime, clients.refresh_token_idle_lifetime, clients.refresh, clients.grace,
  clients.refresh_ends_access_token, clients.audience, clients.authorities, clients.may_read_shared_key,
  clients.enabled, clients.created_at, clients.end_user_address_header
FROM clients
WHERE clients.id > :after ORDER BY clients.id
 LIMIT :limit OFFSET 0""",
    "DELETE_CLIENT": "DELETE FROM clients WHERE clients.id = :id",
    "CREATE_RESOURCE_OWNER": """\
INSERT INTO resource_owners (id, username, email, first_name, last_name, password_hash, authorities, belongs_to,
  enabled, locked, expired, password_expired, created_at, throttle_resets, known_places, directory, confirmed_at)
  VALUES (:id, :username, :email, :first_name, :last_name, :password_hash, :authorities, :belongs_to, :enabled,
  :locked, :expired, :password_expired, :created_at, :throttle_resets, :known_places, :directory, :confirmed_at)""",
    "UPDATE_RESOURCE_OWNER": """\
UPDATE resource_owners SET username=:username, email=:email, first_name=:first_name, last_name=:last_name,
  authorities=:authorities, belongs_to=:belongs_to, enabled=:enabled, locked=:locked, expired=:expired,
  password_expired=:password_expired WHERE resource_owners.id = :id""",
    "SET_PASSWORD_HASH": """\
UPDATE resource_owners SET password_hash=:password_hash, throttle_resets=(coalesce(resource_owners.throttle_resets,
  0) + 1), known_places=NULL, directory=NULL WHERE resource_owners.id = :id""",
    "RESET_THROTTLE": """\
UPDATE resource_owners SET throttle_resets=(coalesce(resource_owners.throttle_resets, 0) + 1) WHERE
  resource_owners.id = :id""",
    "LIST_RESOURCE_OWNERS": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners
WHERE resource_owners.id > :after ORDER BY resource_owners.id
 LIMIT :limit OFFSET 0""",
    "LIST_MOST_AUTHORITIES": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners ORDER BY length(resource_owners.authorities) DESC
 LIMIT :limit OFFSET 0""",
    "LIST_PASSWORD_HASHES": """\
SELECT resource_owners.id, resource_owners.password_hash
FROM resource_owners
WHERE resource_owners.id > :after ORDER BY resource_owners.id
 LIMIT :limit OFFSET 0""",
    "DELETE_RESOURCE_OWNER": """\
DELETE FROM resource_owners WHERE resource_owners.id = :id""",
    "COUNT_BELONGING": """\
SELECT count(*) AS count_1
FROM resource_owners
WHERE resource_owners.belongs_to = :belongs_to""",
    "CREATE_LOGIN_NAME": """\
INSERT INTO login_names (login, owner_id) VALUES (:login, :owner_id) ON CONFLICT DO NOTHING""",
    "FIND_LOGIN_NAME": """\
SELECT login_names.owner_id
FROM login_names
WHERE login_names.login = :login""",
    "DELETE_LOGIN_NAMES": """\
DELETE FROM login_names WHERE login_names.owner_id = :owner_id""",
    "LIST_GRANTS_OF_SUBJECT": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants
WHERE grants.subject = :subject AND grants.id > :after ORDER BY grants.id
 LIMIT :limit OFFSET 0""",
    "LIST_GRANTS_OF_CLIENT": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants
WHERE grants.client_id = :client_id AND grants.id > :after ORDER BY grants.id
 LIMIT :limit OFFSET 0""",
    "REVOKE_GRANTS_OF_SUBJECT": """\
UPDATE grants SET revoked_at=:now, revoked_because=:revoked_because, sweep_at=:now WHERE grants.subject = :subject
  AND grants.revoked_at IS NULL""",
    "REVOKE_GRANTS_OF_CLIENT": """\
UPDATE grants SET revoked_at=:now, revoked_because=:revoked_because, sweep_at=:now WHERE grants.client_id =
  :client_id AND grants.revoked_at IS NULL""",
    "FILE_GRANTS": """\
UPDATE grants SET sweep_at=CASE WHEN (grants.revoked_at IS NOT NULL) THEN grants.revoked_at + :longer WHEN
  (grants.idle_expires_at IS NULL) THEN coalesce(grants.expires_at, :look_again) WHEN (grants.expires_at IS NULL)
  THEN grants.idle_expires_at WHEN (grants.idle_expires_at < grants.expires_at) THEN grants.idle_expires_at ELSE
  grants.expires_at END WHERE grants.id IN (SELECT grants.id
FROM grants
WHERE grants.sweep_at IS NULL
 LIMIT :limit OFFSET 0)""",
    "REFILE_GRANTS": """\
UPDATE grants SET sweep_at=CASE WHEN (grants.revoked_at IS NOT NULL) THEN grants.revoked_at + :longer WHEN
  (grants.idle_expires_at IS NULL) THEN coalesce(grants.expires_at, :look_again) WHEN (grants.expires_at IS NULL)
  THEN grants.idle_expires_at WHEN (grants.idle_expires_at < grants.expires_at) THEN grants.idle_expires_at ELSE
  grants.expires_at END WHERE grants.id IN (SELECT grants.id
FROM grants
WHERE grants.sweep_at < :before ORDER BY grants.sweep_at
 LIMIT :limit OFFSET 0) AND (grants.revoked_at >= :revoked_before OR grants.revoked_at IS NULL AND
  (grants.expires_at IS NULL OR grants.expires_at >= :before) AND (grants.idle_expires_at IS NULL OR
  grants.idle_expires_at >= :before))""",
    "PURGE_GRANTS": """\
DELETE FROM grants WHERE grants.id IN (SELECT grants.id
FROM grants
WHERE grants.sweep_at < :before ORDER BY grants.sweep_at
 LIMIT :limit OFFSET 0) AND (grants.revoked_at < :revoked_before OR grants.revoked_at IS NULL AND
  (grants.expires_at < :before OR grants.idle_expires_at < :before))""",
    "PURGE_ACCESS_TOKENS": """\
DELETE FROM access_tokens WHERE access_tokens.digest IN (SELECT access_tokens.digest
FROM access_tokens
WHERE access_tokens.expires_at < :before ORDER BY access_tokens.expires_at
 LIMIT :limit OFFSET 0)""",
    "PURGE_REVOKED_ACCESS_TOKENS": """\
DELETE FROM revoked_access_tokens WHERE revoked_access_tokens.token_id IN (SELECT revoked_access_tokens.token_id
FROM revoked_access_tokens
WHERE revoked_access_tokens.expires_at < :before ORDER BY revoked_access_tokens.expires_at
 LIMIT :limit OFFSET 0)""",
    "PURGE_FORMER_SESSIONS": """\
DELETE FROM former_sessions WHERE former_sessions.digest IN (SELECT former_sessions.digest
FROM former_sessions
WHERE former_sessions.expires_at < :before ORDER BY former_sessions.expires_at
 LIMIT :limit OFFSET 0)""",
    "END_ALL_GRANTS": """\
UPDATE grants SET revoked_at=:now, revoked_because=:revoked_because, sweep_at=:now WHERE grants.revoked_at IS NULL""",
    "END_LATER_GRANTS": """\
UPDATE grants SET revoked_at=:now, revoked_because=:revoked_because, sweep_at=:now WHERE grants.revoked_at IS NULL
  AND (grants.created_at > :now OR grants.rotated_at > :now)""",
    "BIND_INSTALLATION": """\
INSERT INTO installation (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING""",
    "FIND_INSTALLATION": """\
SELECT installation.value
FROM installation
WHERE installation.name = :name""",
    "ADVANCE_INSTALLATION": """\
UPDATE installation SET value=:value WHERE installation.name = :name AND installation.value < :value""",
    "DELETE_INSTALLATION": "DELETE FROM installation WHERE installation.name = :name",
    "COUNT_REVOCATIONS": """\
SELECT grants.client_id, grants.revoked_because, grants.looked_like_retry, count(*) AS count_1
FROM grants
WHERE grants.revoked_at >= :since GROUP BY grants.client_id, grants.revoked_because, grants.looked_like_retry ORDER
  BY grants.client_id, grants.revoked_because, grants.looked_like_retry""",
    "LIST_REVOCATIONS": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants
WHERE grants.revoked_at >= :since ORDER BY grants.revoked_at DESC, grants.id
 LIMIT :limit OFFSET 0""",
    "LIST_REVOCATIONS_OF_CLIENT": """\
SELECT grants.id, grants.client_id, grants.subject, grants.scope, grants.audience, grants.created_at,
  grants.expires_at, grants.idle_expires_at, grants.generation, grants.issued, grants.rotated_at,
  grants.revoked_at, grants.revoked_because, grants.facts, grants.used_by, grants.revoked_by, grants.reuse,
  grants.looked_like_retry
FROM grants
WHERE grants.revoked_at >= :since AND grants.client_id = :client_id ORDER BY grants.revoked_at DESC, grants.id
 LIMIT :limit OFFSET 0""",
    "CLIENTS_AMONG": """\
SELECT clients.id, clients.name, clients.secrets, clients.grant_types, clients.scope, clients.dialects,
  clients.token_format, clients.shared_key_signature, clients.access_token_lifetime,
  clients.refresh_token_lifetime, clients.refresh_token_idle_lifetime, clients.refresh, clients.grace,
  clients.refresh_ends_access_token, clients.audience, clients.authorities, clients.may_read_shared_key,
  clients.enabled, clients.created_at, clients.end_user_address_header
FROM clients
WHERE clients.id IN (SELECT value FROM json_each(:ids))""",
    "RESOURCE_OWNERS_AMONG": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners
WHERE resource_owners.id IN (SELECT value FROM json_each(:ids))""",
    "LOGIN_NAMES_AMONG": """\
SELECT login_names.login, login_names.owner_id
FROM login_names
WHERE login_names.login IN (SELECT value FROM json_each(:logins))""",
    "TAKE_SUBJECT": "INSERT INTO subjects (id, kind) VALUES (:id, :kind)",
    "TAKE_LOGIN_NAME": """\
INSERT INTO login_names (login, owner_id) VALUES (:login, :owner_id)""",
    "FIND_FORMER_SESSION": """\
SELECT former_sessions.digest, former_sessions.format, former_sessions.client_id, former_sessions.subject,
  former_sessions.scope, former_sessions.expires_at, former_sessions.seen_at, former_sessions.grant_id
FROM former_sessions
WHERE former_sessions.digest = :digest""",
    "CLAIM_FORMER_SESSION": """\
UPDATE former_sessions SET expires_at=:expires_at, grant_id=:grant_id WHERE former_sessions.digest = :digest AND
  former_sessions.grant_id IS NULL""",
    "CLAIM_UNLISTED_SESSION": """\
INSERT INTO former_sessions (digest, format, client_id, subject, scope, expires_at, seen_at, grant_id) VALUES
  (:digest, :format, :client_id, :subject, :scope, :expires_at, :seen_at, :grant_id) ON CONFLICT DO NOTHING""",
    "HOLD_CLIENT": """\
SELECT 1
FROM clients
WHERE clients.id = :id""",
    "LOCK_CLIENT": """\
SELECT 1
FROM clients
WHERE clients.id = :id""",
    "LOCK_RESOURCE_OWNER": """\
SELECT 1
FROM resource_owners
WHERE resource_owners.id = :id""",
    "END_SUBJECT": """\
INSERT INTO ended_subjects (id, kind, ended_at) VALUES (:id, :kind, :ended_at) ON CONFLICT DO NOTHING""",
    "FIND_ENDED_SUBJECT": """\
SELECT 1
FROM ended_subjects
WHERE ended_subjects.kind = 'client' AND ended_subjects.id = :client_id OR ended_subjects.kind = 'resource_owner'
  AND ended_subjects.id = :subject""",
    "FORMER_SESSIONS_AMONG": """\
SELECT former_sessions.digest, former_sessions.format, former_sessions.client_id, former_sessions.subject,
  former_sessions.scope, former_sessions.expires_at, former_sessions.seen_at, former_sessions.grant_id
FROM former_sessions
WHERE former_sessions.digest IN (SELECT value FROM json_each(:digests))""",
    "TAKE_FORMER_SESSION": """\
INSERT INTO former_sessions (digest, format, client_id, subject, scope, expires_at, seen_at, grant_id) VALUES
  (:digest, :format, :client_id, :subject, :scope, :expires_at, :seen_at, :grant_id)""",
    "REPLACE_FORMER_SESSION": """\
UPDATE former_sessions SET client_id=:client_id, subject=:subject, scope=:scope, expires_at=:expires_at,
  seen_at=:seen_at WHERE former_sessions.digest = :digest AND former_sessions.grant_id IS NULL""",
    "DROP_FORMER_SESSION": """\
DELETE FROM former_sessions WHERE former_sessions.digest = :digest AND former_sessions.grant_id IS NULL""",
    "DROP_UNSEEN_FORMER_SESSIONS": """\
DELETE FROM former_sessions WHERE former_sessions.format = :format AND former_sessions.seen_at < :began AND
  former_sessions.grant_id IS NULL""",
    "COUNT_FORMER_SESSIONS": """\
SELECT former_sessions.format, count(*) AS count_1, count(former_sessions.grant_id) AS count_2
FROM former_sessions GROUP BY former_sessions.format ORDER BY former_sessions.format""",
    "UPDATE_ARRIVING": """\
UPDATE resource_owners SET username=:username, email=:email, first_name=:first_name, last_name=:last_name,
  password_hash=:password_hash, authorities=:authorities, known_places=:known_places, directory=:directory,
  confirmed_at=:confirmed_at WHERE resource_owners.id = :id AND resource_owners.directory = :arrives_from""",
    "RELEASE_LOGIN_NAME": """\
DELETE FROM login_names WHERE login_names.login = :login AND login_names.owner_id IN (SELECT resource_owners.id
FROM resource_owners
WHERE resource_owners.directory = :arrives_from)""",
    "WITHDRAW_RESOURCE_OWNER": """\
UPDATE resource_owners SET confirmed_at=0 WHERE resource_owners.id = :id AND resource_owners.directory IS NOT NULL""",
    "ALL_CLIENTS": """\
SELECT clients.id, clients.name, clients.secrets, clients.grant_types, clients.scope, clients.dialects,
  clients.token_format, clients.shared_key_signature, clients.access_token_lifetime,
  clients.refresh_token_lifetime, clients.refresh_token_idle_lifetime, clients.refresh, clients.grace,
  clients.refresh_ends_access_token, clients.audience, clients.authorities, clients.may_read_shared_key,
  clients.enabled, clients.created_at, clients.end_user_address_header
FROM clients ORDER BY clients.id ASC""",
    "ALL_RESOURCE_OWNERS": """\
SELECT resource_owners.id, resource_owners.username, resource_owners.email, resource_owners.first_name,
  resource_owners.last_name, resource_owners.password_hash, resource_owners.authorities,
  resource_owners.belongs_to, resource_owners.enabled, resource_owners.locked, resource_owners.expired,
  resource_owners.password_expired, resource_owners.created_at, resource_owners.throttle_resets,
  resource_owners.known_places, resource_owners.directory, resource_owners.confirmed_at
FROM resource_owners ORDER BY resource_owners.id ASC""",
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
FROM former_sessions ORDER BY former_sessions.digest ASC""",
    "ALL_ENDED_SUBJECTS": """\
SELECT ended_subjects.id, ended_subjects.kind, ended_subjects.ended_at
FROM ended_subjects ORDER BY ended_subjects.id ASC, ended_subjects.kind ASC""",
    "ALL_INSTALLATION": """\
SELECT installation.name, installation.value
FROM installation ORDER BY installation.name ASC""",
    "TAKE_GRANT": """\
INSERT INTO grants (id, client_id, subject, scope, audience, created_at, expires_at, idle_expires_at, generation,
  issued, rotated_at, revoked_at, revoked_because, facts, sweep_at, used_by, revoked_by, reuse, looked_like_retry)
  VALUES (:id, :client_id, :subject, :scope, :audience, :created_at, :expires_at, :idle_expires_at, :generation,
  :issued, :rotated_at, :revoked_at, :revoked_because, :facts, :sweep_at, :used_by, :revoked_by, :reuse,
  :looked_like_retry)""",
    "TAKE_ENDED_SUBJECT": """\
INSERT INTO ended_subjects (id, kind, ended_at) VALUES (:id, :kind, :ended_at)""",
    "LIST_UNTOLD_GRANTS": """\
SELECT grants.id, grants.client_id, grants.subject
FROM grants
WHERE grants.revoked_at IS NOT NULL AND grants.mirrored_at IS NULL ORDER BY grants.revoked_at DESC
 LIMIT :limit OFFSET 0""",
    "LIST_UNTOLD_ACCESS_TOKENS": """\
SELECT revoked_access_tokens.token_id
FROM revoked_access_tokens
WHERE revoked_access_tokens.mirrored_at IS NULL ORDER BY revoked_access_tokens.revoked_at DESC
 LIMIT :limit OFFSET 0""",
    "MARK_GRANT_MIRRORED": "UPDATE grants SET mirrored_at=:now WHERE grants.id = :id",
    "MARK_ACCESS_TOKEN_MIRRORED": """\
UPDATE revoked_access_tokens SET mirrored_at=:now WHERE revoked_access_tokens.token_id = :token_id""",
}
SECOND_STATEMENTS: Final = {
    "CREATE_GRANT_WITH_TOKEN": """\
INSERT INTO access_tokens (digest, token_id, grant_id, client_id, scope, issued_at, expires_at) VALUES
  (:access_token_digest, :access_token_token_id, :access_token_grant_id, :access_token_client_id,
  :access_token_scope, :access_token_issued_at, :access_token_expires_at)""",
    "ROTATE_GRANT_WITH_TOKEN": """\
INSERT INTO access_tokens (digest, token_id, grant_id, client_id, scope, issued_at, expires_at) VALUES
  (:access_token_digest, :access_token_token_id, :access_token_grant_id, :access_token_client_id,
  :access_token_scope, :access_token_issued_at, :access_token_expires_at)""",
}
