"""@jmondi/oauth2-server: its documentation's reference SQL, with a table or an array of scopes, and its Prisma example.

(jasonraimondi/ts-oauth2-server, docs/docs/getting_started/database_schema.md and example/prisma/schema.prisma.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.core.model import FormerSession
from dragoman.elsewhere import cells
from dragoman.importers.grouping import grouped
from dragoman.importers.kind import Cutover
from dragoman.importers.record import CLIENT, RESOURCE_OWNER, ImportedClient, ImportedOwner, SourceFault
from dragoman.importers.rows import REDIRECT_URIS, Row, login_of, numbered, read_row, secrets_of, session_of
from dragoman.importers.sources.tables import open_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dragoman.importers.kind import Source
    from dragoman.importers.record import Record
    from dragoman.importers.sources.tables import Tables

SUMMARY = "the database of a ts-oauth2-server: its reference SQL, or its Prisma schema"

CUTOVER = Cutover(
    dialects=("jmondi", "jmondi-4", "jmondi-1"),
    keys=("the secret of its JwtService: write it to a file and `dragoman key import` it, and roll it soon",),
    sessions=("the same secret reads its refresh tokens",),
    guide="ts-oauth2-server",
)
_IMPLICIT = "_OAuthClientToOAuthScope"
"""Where Prisma keeps the relation `OAuthClient.scopes`, which the example's server reads; `A` is the client."""
_TABLES = (
    "oauth_clients", "oauth_client_scopes", "oauth_scopes", "users",
    "OAuthClient", "oauthClient_oauthScope", "OAuthScope", "User", _IMPLICIT,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way to lay out the tables."""

    clients: str
    """The table of clients."""
    clients_query: str
    """With one row for each scope, which is called `scope_name`."""
    users: str
    users_query: str
    tokens: str
    tokens_query: str


SESSION_FORMAT = "ts-oauth2-server"
_TOKENS = "SELECT * FROM oauth_tokens WHERE refresh_token IS NOT NULL ORDER BY refresh_token"

_SCOPE_TABLE = Layout(
    clients="oauth_clients",
    clients_query="""
SELECT oauth_clients.*, oauth_scopes.name AS scope_name
FROM oauth_clients
LEFT JOIN oauth_client_scopes ON oauth_client_scopes.client_id = oauth_clients.id
LEFT JOIN oauth_scopes ON oauth_scopes.id = oauth_client_scopes.scope_id
ORDER BY oauth_clients.id, oauth_scopes.name
""",
    users="users",
    users_query="SELECT * FROM users ORDER BY id",
    tokens="oauth_tokens",
    tokens_query=_TOKENS,
)
_SCOPE_ARRAY = Layout(
    clients="oauth_clients",
    clients_query="SELECT oauth_clients.*, NULL AS scope_name FROM oauth_clients ORDER BY id",
    users="users",
    users_query="SELECT * FROM users ORDER BY id",
    tokens="oauth_tokens",
    tokens_query=_TOKENS,
)
_PRISMA_QUERY = """
SELECT client.id, client.name, client.secret, client."redirectUris" AS redirect_uris,
  client."allowedGrants" AS allowed_grants, scope.name AS scope_name
FROM "OAuthClient" AS client
LEFT JOIN {held} ON held.{client} = client.id
LEFT JOIN "OAuthScope" AS scope ON scope.id = held.{scope}
ORDER BY client.id, scope.name
"""
_PRISMA = Layout(
    clients="OAuthClient",
    clients_query=_PRISMA_QUERY.format(held=f'"{_IMPLICIT}" AS held', client='"A"', scope='"B"'),
    users="User",
    users_query='SELECT "User".*, "passwordHash" AS password_hash FROM "User" ORDER BY id',
    tokens="OAuthToken",
    tokens_query="""
SELECT "refreshToken" AS refresh_token, "refreshTokenExpiresAt" AS refresh_token_expires_at, "clientId" AS client_id,
  "userId" AS user_id
FROM "OAuthToken"
WHERE "refreshToken" IS NOT NULL
ORDER BY "refreshToken"
""",
)
_PRISMA_TABLE = replace(
    _PRISMA,
    clients_query=_PRISMA_QUERY.format(held='"oauthClient_oauthScope" AS held', client='"clientId"', scope='"scopeId"'),
)


async def read(source: Source) -> AsyncIterator[Record]:
    """All clients in the order of their ids, then all users in the order of theirs. Raises SourceFault."""
    async with open_tables(source.location, _TABLES) as tables:
        layout = await _layout_of(tables)
        async for row, scope in grouped(tables.rows(layout.clients_query), "id", "scope_name"):
            whole = row if layout is _SCOPE_ARRAY else {**row, "scopes": list(scope)}
            yield read_row(_client_of, whole, CLIENT, layout.clients, "id")
        async for row in tables.rows(layout.users_query):
            yield read_row(_owner_of, row, RESOURCE_OWNER, layout.users, "id")


async def read_sessions(source: Source) -> AsyncIterator[Record]:
    """All refresh tokens, by what their JWTs are made around. Their scope the JWTs tell."""
    async with open_tables(source.location) as tables:
        layout = await _layout_of(tables)
        async for record in numbered(tables.rows(layout.tokens_query), _session_of, layout.tokens):
            yield record


def _session_of(row: Row, place: str) -> Record:
    session = FormerSession(
        client_id=cells.key_of(row["client_id"]),
        subject=cells.text_of(row["user_id"]),
        scope=None,
        expires_at=cells.moment_of(row["refresh_token_expires_at"]),
    )
    ended = None if row.get("revoked_at") is None else "revoked there"
    return session_of(place, SESSION_FORMAT, cells.key_of(row["refresh_token"]), session, ended=ended)


async def _layout_of(tables: Tables) -> Layout:
    columns = await tables.columns("oauth_clients")
    users = await tables.columns("users")
    if columns >= {"id", "secret", "allowed_grants"} and users >= {"id", "email", "password_hash"}:
        return _SCOPE_ARRAY if "scopes" in columns else _SCOPE_TABLE
    if await tables.columns("OAuthClient") >= {"id", "secret", "allowedGrants"} and await tables.columns("User") >= {
        "id",
        "email",
        "passwordHash",
    }:
        return _PRISMA if await tables.columns(_IMPLICIT) else _PRISMA_TABLE
    raise SourceFault(
        "the source has neither oauth_clients and users as the reference SQL has them nor OAuthClient and User as the "
        "Prisma schema; name the right database"
    )


def _client_of(row: Row, place: str) -> Record:
    secret = cells.text_of(row["secret"])
    plain, hashed = secrets_of(secret)
    return ImportedClient(
        place=place,
        id=cells.key_of(row["id"]),
        name=cells.text_of(row["name"]) or "",
        plain_secrets=plain,
        hashed_secrets=hashed,
        public=not secret,
        grant_types=cells.list_of(row["allowed_grants"], ",") or (),
        scope=cells.list_of(row["scopes"], ",") or (),
        created_at=cells.moment_of(row.get("created_at")),
        left_out=(REDIRECT_URIS,) if cells.list_of(row.get("redirect_uris"), ",") else (),
    )


def _owner_of(row: Row, place: str) -> Record:
    return ImportedOwner(
        place=place,
        id=cells.key_of(row["id"]),
        username=login_of(row, "email"),
        email=cells.text_of(row["email"]),
        password_hash=cells.text_of(row["password_hash"]) or "",
        created_at=cells.moment_of(row.get("created_at")),
    )
