"""Laravel Passport 1 to 13: `oauth_clients`, and the application's `users` (laravel/passport, database/migrations).

Which grant types a client may use stands in flags up to version 12, and in a list from version 13 on. Who `users` are
is up to the application: they log in by e-mail, and by `username` where there is such a column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.model import FormerSession
from dragoman.core.scope import Scope
from dragoman.elsewhere import cells
from dragoman.importers.kind import Cutover
from dragoman.importers.record import CLIENT, RESOURCE_OWNER, ImportedClient, ImportedOwner, PassedOver
from dragoman.importers.rows import REDIRECT_URIS, Row, login_of, numbered, read_row, secrets_of, session_of
from dragoman.importers.sources.tables import open_tables, refuse_others

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from dragoman.importers.kind import Source
    from dragoman.importers.record import Record

SUMMARY = "the database of a Laravel application with Passport 1 to 13"

CUTOVER = Cutover(
    dialects=("jobspace", "passport-12", "passport-13"),
    keys=(
        "storage/oauth-private.key signs its access tokens: brought along, APIs that check signatures notice nothing",
    ),
    key_files=("storage/oauth-private.key",),
    sessions=("APP_KEY reads its refresh tokens: put it into a file for `key`, as .env has it",),
    apis=(
        "an API that uses Passport's guard looks each token up in oauth_access_tokens, where this server writes none",
        "configure [mirror] with the statements of docs/mirror.md, or have the API check tokens by itself",
    ),
    guide="laravel-passport",
)

_TABLES = ("oauth_clients", "users")
_NEEDED = {"oauth_clients": {"id", "name", "secret", "revoked"}}
_NEEDED_FOR_SESSIONS = {
    "oauth_refresh_tokens": {"id", "access_token_id", "revoked", "expires_at"},
    "oauth_access_tokens": {"id", "user_id", "client_id", "scopes", "revoked"},
}
SESSION_FORMAT = "passport"
_SESSIONS = """
SELECT refresh.id, refresh.revoked, refresh.expires_at, access.user_id, access.client_id, access.scopes,
  access.revoked AS access_revoked
FROM oauth_refresh_tokens AS refresh LEFT JOIN oauth_access_tokens AS access ON access.id = refresh.access_token_id
ORDER BY refresh.id
"""
_PERSONAL = "personal_access"
_FOR_ANY_SECRET = "client_credentials: the old server let every client use it; `dragoman client update` adds it"


async def read(source: Source) -> AsyncIterator[Record]:
    """All clients in the order of their ids, then all users in the order of theirs. Raises SourceFault."""
    async with open_tables(source.location, _TABLES) as tables:
        await refuse_others(tables, _NEEDED, "as Passport makes it")
        await refuse_others(tables, {"users": {"id", "password"}}, "with id and password")
        async for row in tables.rows("SELECT * FROM oauth_clients ORDER BY id"):
            yield read_row(_client_of, row, CLIENT, "oauth_clients", "id")
        async for row in tables.rows("SELECT * FROM users ORDER BY id"):
            yield read_row(_owner_of, row, RESOURCE_OWNER, "users", "id")


async def read_sessions(source: Source) -> AsyncIterator[Record]:
    """All refresh tokens, by their ids. The access token may be purged: then the token itself says whose it is."""
    async with open_tables(source.location) as tables:
        await refuse_others(tables, _NEEDED_FOR_SESSIONS, "as Passport makes it")
        async for record in numbered(tables.rows(_SESSIONS), _session_of, "oauth_refresh_tokens"):
            yield record


def _session_of(row: Row, place: str) -> Record:
    scope = cells.list_of(row["scopes"])
    session = FormerSession(
        client_id=cells.text_of(row["client_id"]),
        subject=cells.text_of(row["user_id"]),
        scope=None if scope is None else Scope.of(scope),
        expires_at=cells.moment_of(row["expires_at"]),
    )
    revoked = cells.flag_of(row["revoked"]) or cells.flag_of(row["access_revoked"])
    ended = "revoked there" if revoked else None
    return session_of(place, SESSION_FORMAT, cells.key_of(row["id"]), session, ended=ended)


def _client_of(row: Row, place: str) -> Record:
    client_id, secret = cells.key_of(row["id"]), cells.text_of(row["secret"])
    grant_types, left_out = _grant_types(row, public=not secret)
    if not grant_types:
        return PassedOver(place=place, kind=CLIENT, id=client_id, why="a client for personal access tokens only")
    plain, hashed = secrets_of(secret)
    return ImportedClient(
        place=place,
        id=client_id,
        name=cells.text_of(row["name"]) or "",
        plain_secrets=plain,
        hashed_secrets=hashed,
        public=not secret,
        grant_types=grant_types,
        enabled=not cells.flag_of(row["revoked"]),
        created_at=cells.moment_of(row.get("created_at")),
        left_out=(*left_out, *_other(row)),
    )


def _grant_types(row: Row, *, public: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What it may use, and what it may use but most likely does not; nothing for personal access tokens alone."""
    listed = cells.list_of(row.get("grant_types"))
    if listed is not None:
        return tuple(name for name in listed if name != _PERSONAL), ()
    if cells.flag_of(row.get("personal_access_client")):
        return (), ()
    further = () if public else (_FOR_ANY_SECRET,)
    if cells.flag_of(row.get("password_client")):
        return ("password", "refresh_token"), further
    if _has_redirect(row):
        return ("authorization_code", "refresh_token"), further
    return ("client_credentials",), ()


def _has_redirect(row: Row) -> bool:
    return any(cells.list_of(row.get(name)) for name in ("redirect", "redirect_uris"))


def _other(row: Row) -> Iterator[str]:
    if _has_redirect(row):
        yield REDIRECT_URIS
    if row.get("provider"):
        yield "user provider: all accounts may use every client here"


def _owner_of(row: Row, place: str) -> Record:
    return ImportedOwner(
        place=place,
        id=cells.key_of(row["id"]),
        username=login_of(row, "username", "email"),
        email=cells.text_of(row.get("email")) or "",
        first_name=cells.text_of(row["first_name"] if "first_name" in row else row.get("name")),
        last_name=cells.text_of(row.get("last_name")),
        password_hash=cells.text_of(row["password"]) or "",
        enabled=row.get("deleted_at") is None,
        created_at=cells.moment_of(row.get("created_at")),
    )
