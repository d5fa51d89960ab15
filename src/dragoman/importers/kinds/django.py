"""django-oauth-toolkit: `oauth2_provider_application`, and Django's `auth_user` with its groups.

(django-oauth-toolkit, oauth2_provider/migrations; Django, contrib/auth/migrations.) Being staff or superuser comes as
the authorities `is_staff` and `is_superuser`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.model import FormerSession
from dragoman.core.scope import Scope
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

SUMMARY = "the database of a Django project with django-oauth-toolkit"

CUTOVER = Cutover(
    dialects=("standard",),
    keys=("its access tokens are random, and signed with nothing",),
    sessions=("its rows do not tell when a refresh token ends: it ends at `until`",),
    notes=("an API that looks tokens up in Django's database has to ask this server's introspection instead",),
    guide="django-oauth-toolkit",
)

_TABLES = ("oauth2_provider_application", "auth_user", "auth_user_groups", "auth_group")
_NEEDED = {
    "oauth2_provider_application": {"id", "client_id", "client_secret", "client_type"},
    "auth_user": {"id", "username", "password", "is_active"},
    "auth_user_groups": {"user_id", "group_id"},
}
_NEEDED_FOR_SESSIONS = {
    "oauth2_provider_refreshtoken": {"id", "token", "revoked", "user_id", "application_id"},
    "oauth2_provider_accesstoken": {"id", "scope"},
}
SESSION_FORMAT = "django"
_SESSIONS = """
SELECT refresh.token, refresh.revoked, refresh.user_id, application.client_id, access.scope
FROM oauth2_provider_refreshtoken AS refresh
JOIN oauth2_provider_application AS application ON application.id = refresh.application_id
LEFT JOIN oauth2_provider_accesstoken AS access ON access.id = refresh.access_token_id
ORDER BY refresh.id
"""
_GRANT_TYPES = {
    "authorization-code": ("authorization_code", "refresh_token"),
    "openid-hybrid": ("authorization_code", "refresh_token"),
    "implicit": ("implicit",),
    "password": ("password", "refresh_token"),
    "client-credentials": ("client_credentials",),
    "urn:ietf:params:oauth:grant-type:device_code": (
        "urn:ietf:params:oauth:grant-type:device_code",
        "refresh_token",
    ),
}
_UNUSABLE = "!"
"""What a password hash begins with that nobody can log in with (Django, UNUSABLE_PASSWORD_PREFIX)."""
_FLAGS = ("is_staff", "is_superuser")
_USERS = """
SELECT auth_user.*, auth_group.name AS group_name
FROM auth_user
LEFT JOIN auth_user_groups ON auth_user_groups.user_id = auth_user.id
LEFT JOIN auth_group ON auth_group.id = auth_user_groups.group_id
ORDER BY auth_user.id, auth_group.name
"""


async def read(source: Source) -> AsyncIterator[Record]:
    """All applications in the order of their numbers, then all users in the order of theirs. Raises SourceFault."""
    async with open_tables(source.location, _TABLES) as tables:
        await refuse_others(tables, _NEEDED, "as Django makes it")
        async for row in tables.rows("SELECT * FROM oauth2_provider_application ORDER BY id"):
            yield read_row(_client_of, row, CLIENT, "oauth2_provider_application", "client_id")
        async for row, groups in grouped(tables.rows(_USERS), "id", "group_name"):
            yield read_row(_owner_of, {**row, "groups": list(groups)}, RESOURCE_OWNER, "auth_user", "id")


async def read_sessions(source: Source) -> AsyncIterator[Record]:
    """All refresh tokens. When they end is a setting of the application, and not known here."""
    async with open_tables(source.location) as tables:
        await refuse_others(tables, _NEEDED_FOR_SESSIONS, "as Django makes it")
        async for record in numbered(tables.rows(_SESSIONS), _session_of, "oauth2_provider_refreshtoken"):
            yield record


def _session_of(row: Row, place: str) -> Record:
    revoked, scope = cells.moment_of(row["revoked"]), cells.list_of(row["scope"])
    if revoked is None and scope is None:
        raise CellFault("its access token is gone, and with it what its scope was")
    session = FormerSession(
        client_id=cells.key_of(row["client_id"]),
        subject=cells.key_of(row["user_id"]),
        scope=Scope.of(scope or ()),
        expires_at=None,
    )
    ended = None if revoked is None else "revoked there"
    return session_of(place, SESSION_FORMAT, cells.key_of(row["token"]), session, ended=ended)


def _client_of(row: Row, place: str) -> Record:
    public = row["client_type"] == "public"
    plain, hashed = ((), ()) if public else secrets_of(cells.text_of(row["client_secret"]))
    spelled = cells.text_of(row["authorization_grant_type"]) or ""
    if spelled not in _GRANT_TYPES:
        raise CellFault("its authorization grant type is not one of django-oauth-toolkit's")
    return ImportedClient(
        place=place,
        id=cells.key_of(row["client_id"]),
        name=cells.text_of(row["name"]) or "",
        plain_secrets=plain,
        hashed_secrets=hashed,
        public=public,
        grant_types=_GRANT_TYPES[spelled],
        created_at=cells.moment_of(row.get("created")),
        left_out=(REDIRECT_URIS,) if cells.list_of(row.get("redirect_uris")) else (),
    )


def _owner_of(row: Row, place: str) -> Record:
    password = cells.text_of(row["password"]) or ""
    flags = (name for name in _FLAGS if cells.flag_of(row.get(name)))
    return ImportedOwner(
        place=place,
        id=cells.key_of(row["id"]),
        username=cells.key_of(row["username"]),
        email=cells.text_of(row.get("email")) or "",
        first_name=cells.text_of(row.get("first_name")) or "",
        last_name=cells.text_of(row.get("last_name")) or "",
        password_hash="" if password.startswith(_UNUSABLE) else password,
        authorities=(*(cells.list_of(row["groups"]) or ()), *flags),
        enabled=cells.flag_of(row["is_active"]),
        created_at=cells.moment_of(row.get("date_joined")),
    )
