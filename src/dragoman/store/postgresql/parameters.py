"""What PostgreSQL's numbered parameters are called, by `python -m dragoman.store.sql.compilation`: do not edit."""

from __future__ import annotations

from typing import Final

PARAMETERS: Final = {
    "FIND_CLIENT": "id",
    "FIND_RESOURCE_OWNER": "id",
    "FIND_RESOURCE_OWNER_BY_LOGIN": "login",
    "REPLACE_PASSWORD_HASH": "new id old",
    "REMEMBER_PLACES": "known_places id password_hash",
    "FIND_GRANT": "id",
    "FIND_SESSION": "id",
    "FIND_SESSION_OF_TOKEN": "token_id id",
    "CREATE_GRANT": """\
id client_id subject scope audience created_at expires_at idle_expires_at generation issued rotated_at revoked_at
  revoked_because facts sweep_at used_by revoked_by reuse looked_like_retry password_hash""",
    "ROTATE_GRANT": "idle_expires_at now used_by id generation",
    "REISSUE_GRANT": "idle_expires_at used_by id generation now",
    "REVOKE_GRANT": "now revoked_because revoked_by reuse looked_like_retry id",
    "CREATE_ACCESS_TOKEN": """\
digest token_id grant_id client_id scope issued_at expires_at""",
    "CREATE_GRANT_WITH_TOKEN": """\
access_token_digest access_token_token_id access_token_grant_id access_token_client_id access_token_scope
  access_token_issued_at access_token_expires_at id client_id subject scope audience created_at expires_at
  idle_expires_at generation issued rotated_at revoked_at revoked_because facts sweep_at used_by revoked_by reuse
  looked_like_retry password_hash""",
    "ROTATE_GRANT_WITH_TOKEN": """\
access_token_digest access_token_token_id access_token_grant_id access_token_client_id access_token_scope
  access_token_issued_at access_token_expires_at idle_expires_at now used_by id generation""",
    "FIND_ACCESS_TOKEN": "digest",
    "REVOKE_ACCESS_TOKEN": "token_id revoked_at expires_at",
    "FIND_REVOKED_ACCESS_TOKEN": "token_id",
    "CREATE_SUBJECT": "id kind",
    "FIND_SUBJECT": "id",
    "DELETE_SUBJECT": "id",
    "CREATE_CLIENT": """\
id name secrets grant_types scope dialects token_format shared_key_signature access_token_lifetime
  refresh_token_lifetime refresh_token_idle_lifetime refresh grace refresh_ends_access_token audience authorities
  may_read_shared_key enabled created_at end_user_address_header""",
    "UPDATE_CLIENT": """\
name secrets grant_types scope dialects token_format shared_key_signature access_token_lifetime
  refresh_token_lifetime refresh_token_idle_lifetime refresh grace refresh_ends_access_token audience authorities
  may_read_shared_key enabled end_user_address_header id""",
    "LIST_CLIENTS": "after limit",
    "DELETE_CLIENT": "id",
    "CREATE_RESOURCE_OWNER": """\
id username email first_name last_name password_hash authorities belongs_to enabled locked expired password_expired
  created_at throttle_resets known_places directory confirmed_at""",
    "UPDATE_RESOURCE_OWNER": """\
username email first_name last_name authorities belongs_to enabled locked expired password_expired id""",
    "SET_PASSWORD_HASH": "password_hash id",
    "RESET_THROTTLE": "id",
    "LIST_RESOURCE_OWNERS": "after limit",
    "LIST_MOST_AUTHORITIES": "limit",
    "LIST_PASSWORD_HASHES": "after limit",
    "DELETE_RESOURCE_OWNER": "id",
    "COUNT_BELONGING": "belongs_to",
    "CREATE_LOGIN_NAME": "login owner_id",
    "FIND_LOGIN_NAME": "login",
    "DELETE_LOGIN_NAMES": "owner_id",
    "LIST_GRANTS_OF_SUBJECT": "subject after limit",
    "LIST_GRANTS_OF_CLIENT": "client_id after limit",
    "REVOKE_GRANTS_OF_SUBJECT": "now revoked_because subject",
    "REVOKE_GRANTS_OF_CLIENT": "now revoked_because client_id",
    "FILE_GRANTS": "longer look_again limit",
    "REFILE_GRANTS": "longer look_again before limit revoked_before",
    "PURGE_GRANTS": "before limit revoked_before",
    "PURGE_ACCESS_TOKENS": "before limit",
    "PURGE_REVOKED_ACCESS_TOKENS": "before limit",
    "PURGE_FORMER_SESSIONS": "before limit",
    "END_ALL_GRANTS": "now revoked_because",
    "END_LATER_GRANTS": "now revoked_because",
    "BIND_INSTALLATION": "name value",
    "FIND_INSTALLATION": "name",
    "ADVANCE_INSTALLATION": "value name",
    "DELETE_INSTALLATION": "name",
    "COUNT_REVOCATIONS": "since",
    "LIST_REVOCATIONS": "since limit",
    "LIST_REVOCATIONS_OF_CLIENT": "since client_id limit",
    "CLIENTS_AMONG": "ids",
    "RESOURCE_OWNERS_AMONG": "ids",
    "LOGIN_NAMES_AMONG": "logins",
    "TAKE_SUBJECT": "id kind",
    "TAKE_LOGIN_NAME": "login owner_id",
    "FIND_FORMER_SESSION": "digest",
    "CLAIM_FORMER_SESSION": "expires_at grant_id digest",
    "CLAIM_UNLISTED_SESSION": """\
digest format client_id subject scope expires_at seen_at grant_id""",
    "HOLD_CLIENT": "id",
    "LOCK_CLIENT": "id",
    "LOCK_RESOURCE_OWNER": "id",
    "END_SUBJECT": "id kind ended_at",
    "FIND_ENDED_SUBJECT": "client_id subject",
    "FORMER_SESSIONS_AMONG": "digests",
    "TAKE_FORMER_SESSION": """\
digest format client_id subject scope expires_at seen_at grant_id""",
    "REPLACE_FORMER_SESSION": "client_id subject scope expires_at seen_at digest",
    "DROP_FORMER_SESSION": "digest",
    "DROP_UNSEEN_FORMER_SESSIONS": "format began",
    "COUNT_FORMER_SESSIONS": "",
    "UPDATE_ARRIVING": """\
username email first_name last_name password_hash authorities known_places directory confirmed_at id arrives_from""",
    "RELEASE_LOGIN_NAME": "login arrives_from",
    "WITHDRAW_RESOURCE_OWNER": "id",
    "ALL_CLIENTS": "",
    "ALL_RESOURCE_OWNERS": "",
    "ALL_GRANTS": "",
    "ALL_ACCESS_TOKENS": "",
    "ALL_REVOKED_ACCESS_TOKENS": "",
    "ALL_FORMER_SESSIONS": "",
    "ALL_ENDED_SUBJECTS": "",
    "ALL_INSTALLATION": "",
    "TAKE_GRANT": """\
id client_id subject scope audience created_at expires_at idle_expires_at generation issued rotated_at revoked_at
  revoked_because facts sweep_at used_by revoked_by reuse looked_like_retry""",
    "TAKE_ENDED_SUBJECT": "id kind ended_at",
    "LIST_UNTOLD_GRANTS": "limit",
    "LIST_UNTOLD_ACCESS_TOKENS": "limit",
    "MARK_GRANT_MIRRORED": "now id",
    "MARK_ACCESS_TOKEN_MIRRORED": "now token_id",
    "ROTATE_FREE_GRANT": "idle_expires_at now used_by id generation",
    "ROTATE_FREE_GRANT_WITH_TOKEN": """\
access_token_digest access_token_token_id access_token_grant_id access_token_client_id access_token_scope
  access_token_issued_at access_token_expires_at idle_expires_at now used_by id generation""",
}
