"""IdentityServer4 and Duende IdentityServer, and ASP.NET Identity: the tables of their Entity Framework stores.

(IdentityServer/IdentityServer4, src/EntityFramework.Storage: ConfigurationDb.sql, Models/Enums.cs, and in src/Storage
HashedSharedSecretValidator; dotnet/aspnetcore, src/Identity: IdentityUserContext.) The two are often in databases of
their own, so whichever is there is read. A user's id is the subject of the tokens there, and stays it.
"""

from __future__ import annotations

from base64 import b64decode
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.model import ENDLESS
from dragoman.elsewhere import cells
from dragoman.elsewhere.cells import CellFault
from dragoman.importers.grouping import gathered, grouped
from dragoman.importers.kind import Cutover
from dragoman.importers.record import CLIENT, RESOURCE_OWNER, ImportedClient, ImportedOwner, SourceFault
from dragoman.importers.rows import REDIRECT_URIS, Row, login_of, read_row
from dragoman.importers.sources.tables import open_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from dragoman.importers.kind import Source
    from dragoman.importers.record import Record

SUMMARY = "the database of IdentityServer4 or Duende IdentityServer, of ASP.NET Identity, or of both"

CUTOVER = Cutover(
    dialects=("standard",),
    keys=("its signing credential: as PEM without a passphrase, `dragoman key import` brings it",),
    notes=("its sessions stay behind: everybody logs in once",),
    guide="identityserver",
)

_CLIENT_TABLES = ("Clients", "ClientSecrets", "ClientGrantTypes", "ClientScopes", "ClientRedirectUris")
_USER_TABLES = ("AspNetUsers", "AspNetUserRoles", "AspNetRoles", "AspNetUserClaims")
_CLIENTS = """
SELECT clients.*, held.held_kind, held.held_value, held.held_type, held.held_until
FROM "Clients" AS clients
LEFT JOIN (
  SELECT "ClientId" AS client_key, 'secret' AS held_kind, "Value" AS held_value, "Type" AS held_type,
    "Expiration" AS held_until
  FROM "ClientSecrets"
  UNION ALL SELECT "ClientId", 'grant type', "GrantType", NULL, NULL FROM "ClientGrantTypes"
  UNION ALL SELECT "ClientId", 'scope', "Scope", NULL, NULL FROM "ClientScopes"
  UNION ALL SELECT "ClientId", 'redirect', "RedirectUri", NULL, NULL FROM "ClientRedirectUris"
) AS held ON held.client_key = clients."Id"
ORDER BY clients."Id", held.held_kind, held.held_value
"""
_CLAIMED = """
  SELECT "UserId" AS user_key, MIN("ClaimValue") AS claimed FROM "AspNetUserClaims"
  WHERE "ClaimType" IN ({types}) GROUP BY "UserId"
"""
_ROLE_CLAIMS = "'role', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'"
_FIRST_NAME_CLAIMS = "'given_name', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname'"
_LAST_NAME_CLAIMS = "'family_name', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname'"
_USERS = f"""
SELECT users.*, held.held_authority, first_name.claimed AS claimed_first_name, last_name.claimed AS claimed_last_name
FROM "AspNetUsers" AS users
LEFT JOIN (
  SELECT links."UserId" AS user_key, roles."Name" AS held_authority
  FROM "AspNetUserRoles" AS links JOIN "AspNetRoles" AS roles ON roles."Id" = links."RoleId"
  UNION
  SELECT "UserId", "ClaimValue" FROM "AspNetUserClaims" WHERE "ClaimType" IN ({_ROLE_CLAIMS})
) AS held ON held.user_key = users."Id"
LEFT JOIN ({_CLAIMED.format(types=_FIRST_NAME_CLAIMS)}) AS first_name ON first_name.user_key = users."Id"
LEFT JOIN ({_CLAIMED.format(types=_LAST_NAME_CLAIMS)}) AS last_name ON last_name.user_key = users."Id"
ORDER BY users."Id", held.held_authority
"""  # noqa: S608 (names that stand above)
_SHARED_SECRET = "SharedSecret"
_DIGESTS = {32: "sha256", 64: "sha512"}
_REUSE, _SLIDING = 0, 0
"""TokenUsage.ReUse and TokenExpiration.Sliding; 1 is the other one of each."""
_LOCKOUT_THAT_PASSES = 86400
"""Seconds. A lockout that ends sooner follows wrong passwords, and is the throttle's business (LockoutOptions)."""
_OFFLINE = "offline_access"


async def read(source: Source) -> AsyncIterator[Record]:
    """All clients in the order of their keys, then all users in the order of their ids. Raises SourceFault."""
    async with open_tables(source.location, (*_CLIENT_TABLES, *_USER_TABLES)) as tables:
        clients = await tables.columns("Clients") >= {"Id", "ClientId", "RequireClientSecret", "AllowOfflineAccess"}
        users = await tables.columns("AspNetUsers") >= {"Id", "UserName", "PasswordHash"}
        if not clients and not users:
            raise SourceFault(
                "the source has neither Clients as IdentityServer makes it nor AspNetUsers as ASP.NET Identity does; "
                "name the right database"
            )
        for there, needed in ((clients, _CLIENT_TABLES), (users, _USER_TABLES)):
            for table in needed if there else ():
                if not await tables.columns(table):
                    raise SourceFault(f"the source has {needed[0]}, but no table {table}; name the whole database")
        if clients:
            async for rows in gathered(tables.rows(_CLIENTS), "Id"):
                yield read_row(partial(_client_of, rows, source.now), rows[0], CLIENT, "Clients", "ClientId")
        if users:
            async for row, authorities in grouped(tables.rows(_USERS), "Id", "held_authority"):
                yield read_row(partial(_owner_of, authorities, source.now), row, RESOURCE_OWNER, "AspNetUsers", "Id")


def _client_of(held: Sequence[Row], now: int, row: Row, place: str) -> Record:
    grant_types, scope = _values(held, "grant type"), _values(held, "scope")
    offline = cells.flag_of(row["AllowOfflineAccess"])
    public = not cells.flag_of(row["RequireClientSecret"])
    secrets, left_out = ((), ()) if public else _secrets_of(held, now)
    return ImportedClient(
        place=place,
        id=cells.key_of(row["ClientId"]),
        name=cells.text_of(row.get("ClientName")) or "",
        hashed_secrets=secrets,
        public=public,
        grant_types=(*grant_types, "refresh_token") if offline else grant_types,
        scope=(*scope, _OFFLINE) if offline else scope,
        enabled=cells.flag_of(row.get("Enabled")),
        created_at=cells.moment_of(row.get("Created")),
        access_token_lifetime=cells.number_of(row.get("AccessTokenLifetime")),
        refresh_token_lifetime=_longest_of(row),
        refresh_token_idle_lifetime=_idle_of(row),
        refresh=_refresh_of(row),
        left_out=(*left_out, *((REDIRECT_URIS,) if _values(held, "redirect") else ())),
    )


def _values(held: Sequence[Row], kind: str) -> tuple[str, ...]:
    return tuple(cells.key_of(one["held_value"]) for one in held if one["held_kind"] == kind)


def _secrets_of(held: Sequence[Row], now: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that are good now, and what did not come with them."""
    good, left_out = [], []
    for one in held:
        if one["held_kind"] != "secret":
            continue
        until = cells.moment_of(one["held_until"])
        if one["held_type"] != _SHARED_SECRET:
            left_out.append("secrets that are certificates or keys")
        elif until is not None and until <= now:
            left_out.append("secrets that have expired")
        else:
            good.append(_digest_of(cells.key_of(one["held_value"])))
    return tuple(good), tuple(dict.fromkeys(left_out))


def _digest_of(value: str) -> str:
    """As one of the formats of hashes that are kept (docs/password-hashes.md)."""
    try:
        digest = b64decode(value, validate=True)
    except ValueError:
        digest = b""
    if len(digest) not in _DIGESTS:
        raise CellFault("a secret is no SHA-256 or SHA-512 digest in base64")
    return f"$digest${_DIGESTS[len(digest)]}(password)$${digest.hex()}"


def _longest_of(row: Row) -> int | str | None:
    """Without end where a sliding expiration has no absolute one beside it."""
    longest = cells.number_of(row.get("AbsoluteRefreshTokenLifetime"))
    return ENDLESS if longest == 0 and _slides(row) else longest or None


def _idle_of(row: Row) -> int | str | None:
    return cells.number_of(row.get("SlidingRefreshTokenLifetime")) or None if _slides(row) else ENDLESS


def _slides(row: Row) -> bool:
    return cells.number_of(row.get("RefreshTokenExpiration")) == _SLIDING


def _refresh_of(row: Row) -> str | None:
    usage = cells.number_of(row.get("RefreshTokenUsage"))
    return None if usage is None else "reuse" if usage == _REUSE else "rotate"


def _owner_of(authorities: tuple[str, ...], now: int, row: Row, place: str) -> Record:
    return ImportedOwner(
        place=place,
        id=cells.key_of(row["Id"]),
        username=login_of(row, "UserName", "Email"),
        email=cells.text_of(row.get("Email")) or "",
        first_name=cells.text_of(row["claimed_first_name"]),
        last_name=cells.text_of(row["claimed_last_name"]),
        password_hash=cells.text_of(row["PasswordHash"]) or "",
        authorities=authorities,
        locked=_is_locked(row, now),
        second_factor=bool(cells.flag_of(row.get("TwoFactorEnabled"))),
    )


def _is_locked(row: Row, now: int) -> bool:
    until = max(_ends_of(row), default=0)
    return bool(cells.flag_of(row.get("LockoutEnabled"))) and until > now + _LOCKOUT_THAT_PASSES


def _ends_of(row: Row) -> Iterator[int]:
    """When its lockout ends, as ASP.NET Core writes it and as its predecessor did."""
    for name in ("LockoutEnd", "LockoutEndDateUtc"):
        until = cells.moment_of(row.get(name))
        if until is not None:
            yield until
