"""Spring Security OAuth 2.x over JDBC: `oauth_client_details`, and Spring Security's `users` and `authorities`.

Lists stand between commas (spring-security-oauth2, JdbcClientDetailsService; spring-security-core, users.ddl).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.model import ENDLESS, FormerSession
from dragoman.elsewhere import cells
from dragoman.elsewhere.cells import CellFault
from dragoman.importers.grouping import grouped
from dragoman.importers.kind import Cutover
from dragoman.importers.record import CLIENT, RESOURCE_OWNER, ImportedClient, ImportedOwner
from dragoman.importers.rows import REDIRECT_URIS, Row, numbered, read_row, secrets_of, session_of
from dragoman.importers.sources.tables import open_tables, refuse_others

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dragoman.importers.kind import Source
    from dragoman.importers.record import Record

SUMMARY = "the database of a Spring Security OAuth server: clients, users, authorities and groups"

CUTOVER = Cutover(
    dialects=("spring-security-oauth-2.5", "spring-form-clients", "paymentiq"),
    keys=("the key of its JwtAccessTokenConverter, where it has one: write it to a file and `dragoman key import` it",),
    sessions=(
        "a JwtTokenStore keeps no rows: its refresh tokens are of the format spring-jwt, and `unlisted`",
        "a JdbcTokenStore tells neither scope nor end, which stand in serialised Java: keep `until` near",
    ),
    guide="spring-security-oauth",
)

_TABLES = ("oauth_client_details", "users", "authorities", "group_members", "group_authorities")
_NEEDED = {
    "oauth_client_details": {"client_id", "client_secret", "scope", "authorized_grant_types"},
    "users": {"username", "password", "enabled"},
    "authorities": {"username", "authority"},
}
_NEEDED_FOR_SESSIONS = {
    "oauth_refresh_token": {"token_id"},
    "oauth_access_token": {"user_name", "client_id", "refresh_token"},
}
SESSION_FORMAT = "spring-jdbc"
_SESSIONS = """
SELECT refresh.token_id, MIN(access.user_name) AS user_name, MIN(access.client_id) AS client_id
FROM oauth_refresh_token AS refresh LEFT JOIN oauth_access_token AS access ON access.refresh_token = refresh.token_id
GROUP BY refresh.token_id
ORDER BY refresh.token_id
"""
_PLAIN = "{noop}"
_UNLISTED = ("authorization_code", "refresh_token")
"""What a client may use for which nothing is listed (BaseClientDetails)."""
_USERS = """
SELECT users.username, users.password, users.enabled, held.authority
FROM users LEFT JOIN authorities AS held ON held.username = users.username
ORDER BY users.username, held.authority
"""
_USERS_IN_GROUPS = """
SELECT users.username, users.password, users.enabled, held.authority
FROM users LEFT JOIN (
  SELECT authorities.username, authorities.authority FROM authorities
  UNION
  SELECT group_members.username, group_authorities.authority
  FROM group_members JOIN group_authorities ON group_authorities.group_id = group_members.group_id
) AS held ON held.username = users.username
ORDER BY users.username, held.authority
"""


async def read(source: Source) -> AsyncIterator[Record]:
    """All clients in the order of their ids, then all users in the order of their names. Raises SourceFault."""
    async with open_tables(source.location, _TABLES) as tables:
        await refuse_others(tables, _NEEDED, "as Spring Security makes it")
        async for row in tables.rows("SELECT * FROM oauth_client_details ORDER BY client_id"):
            yield read_row(_client_of, row, CLIENT, "oauth_client_details", "client_id")
        in_groups = await tables.columns("group_members") and await tables.columns("group_authorities")
        query = _USERS_IN_GROUPS if in_groups else _USERS
        async for row, authorities in grouped(tables.rows(query), "username", "authority"):
            whole = {**row, "authorities": list(authorities)}
            yield read_row(_owner_of, whole, RESOURCE_OWNER, "users", "username")


async def read_sessions(source: Source) -> AsyncIterator[Record]:
    """All refresh tokens, by the MD5 of their values. When they end stands in serialised Java, and is not read."""
    async with open_tables(source.location) as tables:
        await refuse_others(tables, _NEEDED_FOR_SESSIONS, "as a JdbcTokenStore needs it (its tokens may be JWTs)")
        async for record in numbered(tables.rows(_SESSIONS), _session_of, "oauth_refresh_token"):
            yield record


def _session_of(row: Row, place: str) -> Record:
    if row["user_name"] is None:
        raise CellFault("no access token of it tells whose it is")
    session = FormerSession(
        client_id=cells.key_of(row["client_id"]), subject=cells.key_of(row["user_name"]), scope=None, expires_at=None
    )
    return session_of(place, SESSION_FORMAT, cells.key_of(row["token_id"]), session, ended=None)


def _client_of(row: Row, place: str) -> Record:
    secret = cells.text_of(row["client_secret"])
    plain, hashed = secrets_of(secret, prefix=_PLAIN)
    lifetime = _seconds(row.get("access_token_validity"))
    refresh_lifetime = _seconds(row.get("refresh_token_validity"))
    endless = ("access tokens without end: they live as long as the dialect says",) if lifetime == 0 else ()
    return ImportedClient(
        place=place,
        id=cells.key_of(row["client_id"]),
        plain_secrets=plain,
        hashed_secrets=hashed,
        public=not secret,
        grant_types=_list(row["authorized_grant_types"]) or _UNLISTED,
        scope=_list(row["scope"]),
        audience=_list(row.get("resource_ids")),
        authorities=_list(row.get("authorities")),
        access_token_lifetime=lifetime or None,
        refresh_token_lifetime=ENDLESS if refresh_lifetime == 0 else refresh_lifetime,
        left_out=(*endless, *((REDIRECT_URIS,) if _list(row.get("web_server_redirect_uri")) else ())),
    )


def _owner_of(row: Row, place: str) -> Record:
    return ImportedOwner(
        place=place,
        id=cells.key_of(row["username"]),
        username=cells.key_of(row["username"]),
        password_hash=cells.text_of(row["password"]) or "",
        authorities=cells.list_of(row["authorities"]),
        enabled=cells.flag_of(row["enabled"]),
    )


def _list(cell: object) -> tuple[str, ...]:
    return cells.list_of(cell, ",") or ()


def _seconds(cell: object) -> int | None:
    """0, as anything less, is no end there."""
    text = cells.text_of(cell)
    return 0 if text is not None and text.startswith("-") else cells.number_of(text)
