"""IdentityServer4 and Duende (src/EntityFramework.Storage, ConfigurationDb.sql) with ASP.NET Identity (IdentityUserContext).

Names as EF Core's providers quote them, columns that matter and some that do not.
"""

from __future__ import annotations

import hashlib
import sqlite3
from base64 import b64encode
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.importers.sources import PASSWORD, FileSource, Source, asking, counts, database_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.commanding import Folder

SECRET = "511536EF-F270-4058-80CA-1C89C192F69A"
SERVER = ("--allow-grant", "password", "--allow-authority", "Member")
ANN, BOB, EVE, OTP = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abef")
_MOMENT = {"postgresql": "timestamp with time zone", "mariadb": "datetime(6)", "sqlite": "TEXT"}
_CLIENT_TABLES = (
    """CREATE TABLE "Clients" ("Id" integer NOT NULL PRIMARY KEY, "Enabled" boolean NOT NULL, "ClientId" varchar(200) NOT NULL,
    "ProtocolType" varchar(200) NOT NULL, "RequireClientSecret" boolean NOT NULL, "ClientName" varchar(200),
    "AllowOfflineAccess" boolean NOT NULL, "AccessTokenLifetime" integer NOT NULL,
    "AbsoluteRefreshTokenLifetime" integer NOT NULL, "SlidingRefreshTokenLifetime" integer NOT NULL,
    "RefreshTokenUsage" integer NOT NULL, "RefreshTokenExpiration" integer NOT NULL, "Created" {moment} NOT NULL)""",
    """CREATE TABLE "ClientSecrets" ("Id" integer NOT NULL PRIMARY KEY, "Description" varchar(2000),
    "Value" varchar(4000) NOT NULL, "Expiration" {moment} NULL, "Type" varchar(250) NOT NULL, "Created" {moment} NOT NULL,
    "ClientId" integer NOT NULL)""",
    'CREATE TABLE "ClientGrantTypes" ("Id" integer NOT NULL PRIMARY KEY, "GrantType" varchar(250) NOT NULL, "ClientId" integer NOT NULL)',
    'CREATE TABLE "ClientScopes" ("Id" integer NOT NULL PRIMARY KEY, "Scope" varchar(200) NOT NULL, "ClientId" integer NOT NULL)',
    'CREATE TABLE "ClientRedirectUris" ("Id" integer NOT NULL PRIMARY KEY, "RedirectUri" varchar(2000) NOT NULL, "ClientId" integer NOT NULL)',
)
_USER_TABLES = (
    """CREATE TABLE "AspNetUsers" ("Id" varchar(255) NOT NULL PRIMARY KEY, "UserName" varchar(256), "NormalizedUserName" varchar(256),
    "Email" varchar(256), "PasswordHash" varchar(400), "SecurityStamp" varchar(100), "TwoFactorEnabled" boolean NOT NULL,
    "LockoutEnd" {moment} NULL, "LockoutEnabled" boolean NOT NULL, "AccessFailedCount" integer NOT NULL)""",
    'CREATE TABLE "AspNetRoles" ("Id" varchar(255) NOT NULL PRIMARY KEY, "Name" varchar(256), "NormalizedName" varchar(256))',
    'CREATE TABLE "AspNetUserRoles" ("UserId" varchar(255) NOT NULL, "RoleId" varchar(255) NOT NULL)',
    'CREATE TABLE "AspNetUserClaims" ("Id" integer NOT NULL PRIMARY KEY, "UserId" varchar(255) NOT NULL, "ClaimType" varchar(400), "ClaimValue" varchar(400))',
)


def identity_hash(password: str = PASSWORD) -> str:
    """As PasswordHasher version 3 writes it (dotnet/aspnetcore), with HMAC-SHA512 and few rounds."""
    salt = bytes(range(16))
    header = b"\x01" + (2).to_bytes(4) + (1000).to_bytes(4) + len(salt).to_bytes(4)
    return b64encode(header + salt + hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 1000, 32)).decode()


def shared(secret: str, algorithm: str = "sha256") -> str:
    """As `"secret".Sha256()` writes it (IdentityServer4.Models.HashExtensions)."""
    return b64encode(hashlib.new(algorithm, secret.encode()).digest()).decode()


def client(number: int, name: str, *, secret: bool = True, offline: bool = True, refresh: str = "1, 1") -> str:
    return (
        f"INSERT INTO \"Clients\" VALUES ({number}, true, '{name}', 'oidc', {secret}, 'The {name}', {offline}, 600, "
        f"86400, 3600, {refresh}, '2021-03-01 10:00:00')"
    )


def fill_clients(source: Source) -> None:
    moment = _MOMENT[database_of(source)]
    source.fill(
        *(text.format(moment=moment) for text in _CLIENT_TABLES),
        client(1, "mobile"),
        client(2, "spa", secret=False, refresh="0, 0"),
        client(3, "job", offline=False),
        client(4, "machine", offline=False),
        f"INSERT INTO \"ClientSecrets\" VALUES (1, NULL, '{shared('an old one')}', '2020-01-01 00:00:00', 'SharedSecret', '2019-01-01 00:00:00', 1)",
        f"INSERT INTO \"ClientSecrets\" VALUES (2, NULL, '{shared(SECRET)}', '2999-01-01 00:00:00', 'SharedSecret', '2019-01-01 00:00:00', 1)",
        f"INSERT INTO \"ClientSecrets\" VALUES (3, NULL, '{shared(SECRET, 'sha512')}', NULL, 'SharedSecret', '2019-01-01 00:00:00', 3)",
        "INSERT INTO \"ClientSecrets\" VALUES (4, NULL, 'AB12', NULL, 'X509Thumbprint', '2019-01-01 00:00:00', 4)",
        "INSERT INTO \"ClientGrantTypes\" VALUES (1, 'password', 1)",
        "INSERT INTO \"ClientGrantTypes\" VALUES (2, 'authorization_code', 2)",
        "INSERT INTO \"ClientGrantTypes\" VALUES (3, 'client_credentials', 3)",
        "INSERT INTO \"ClientScopes\" VALUES (1, 'api', 1)",
        "INSERT INTO \"ClientScopes\" VALUES (2, 'openid', 1)",
        "INSERT INTO \"ClientRedirectUris\" VALUES (1, 'https://app.example/cb', 2)",
    )


def user(user_id: str, name: str, *, lockout: str = "NULL", factor: bool = False, enabled: bool = True) -> str:
    return (
        f"INSERT INTO \"AspNetUsers\" VALUES ('{user_id}', '{name}', '{name.upper()}', '{name}@example.com', "
        f"'{identity_hash()}', 'stamp', {factor}, {lockout}, {enabled}, 0)"
    )


def fill_users(source: Source) -> None:
    moment = _MOMENT[database_of(source)]
    source.fill(
        *(text.format(moment=moment) for text in _USER_TABLES),
        user(ANN, "ann", lockout="'2020-01-01 00:00:00'"),
        user(BOB, "bob", lockout="'9999-12-31 23:59:59'"),
        user(EVE, "eve", lockout="'9999-12-31 23:59:59'", enabled=False),
        user(OTP, "otp", factor=True),
        "INSERT INTO \"AspNetRoles\" VALUES ('1', 'Admin', 'ADMIN')",
        "INSERT INTO \"AspNetRoles\" VALUES ('2', 'Member', 'MEMBER')",
        f"INSERT INTO \"AspNetUserRoles\" VALUES ('{ANN}', '1')",
        f"INSERT INTO \"AspNetUserRoles\" VALUES ('{ANN}', '2')",
        f"INSERT INTO \"AspNetUserClaims\" VALUES (1, '{ANN}', 'given_name', 'Ann')",
        f"INSERT INTO \"AspNetUserClaims\" VALUES (2, '{ANN}', 'role', 'Editor')",
        f"INSERT INTO \"AspNetUserClaims\" VALUES (3, '{ANN}', 'website', 'https://ann.example')",
        f"INSERT INTO \"AspNetUserClaims\" VALUES (4, '{BOB}', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname', 'Lee')",
    )


def fill(source: Source) -> None:
    fill_clients(source)
    fill_users(source)


@pytest.fixture
def digests(folder: Folder) -> Folder:
    folder.change(weak_formats='weak_formats = ["digest"]')
    return folder


def test_an_old_client_logs_in_with_the_old_password(digests: Folder, source: Source):
    fill(source)
    outcome = source.imported(digests, "identityserver", *SERVER, "--json")
    assert counts(outcome) == {
        "client": {"created": 3, "refused": 1},
        "resource owner": {"created": 3, "refused": 1},
    }
    form = {"grant_type": "password", "client_id": "mobile", "scope": "api offline_access", "username": "ann"}
    with asking(digests) as send:
        status, answer = send("/oauth2/token", **form, client_secret=SECRET, password=PASSWORD)
        assert (status, "refresh_token" in answer) == (200, True), answer
        for wrong in ({"client_secret": "an old one"}, {"password": "wrong password"}, {"username": "bob"}):
            assert send("/oauth2/token", **{**form, "client_secret": SECRET, "password": PASSWORD, **wrong})[0] in (
                400,
                401,
            )
        job = {"grant_type": "client_credentials", "client_id": "job", "client_secret": SECRET}
        assert send("/oauth2/token", **job)[0] == 200
    again = source.imported(digests, "identityserver", *SERVER, "--json")
    assert counts(again)["resource owner"] == {"equal": 2, "conflicting": 1, "refused": 1}  # ann's hash was raised


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
def test_clients_come_with_what_their_rows_say(digests: Folder, source: Source):
    fill_clients(source)
    outcome = source.imported(digests, "identityserver", "--json")
    clients = {one["id"]: one for one in digests.done("client", "list", "--json").json}
    assert sorted(clients) == ["job", "mobile", "spa"]
    mobile, spa = clients["mobile"], clients["spa"]
    assert (mobile["secrets"], mobile["grant_types"], mobile["scope"]) == (
        1,
        ["refresh_token"],
        ["api", "openid", "offline_access"],
    )
    assert (mobile["access_token_lifetime"], mobile["refresh_token_lifetime"], mobile["refresh"]) == (
        600,
        86400,
        "rotate",
    )
    assert (mobile["refresh_token_idle_lifetime"], mobile["created_at"]) == (None, 1614592800)
    assert (spa["refresh_token_idle_lifetime"], spa["refresh_token_lifetime"], spa["refresh"]) == (3600, 86400, "reuse")
    assert outcome.json["withheld"]["secrets that have expired"] == 1
    assert outcome.json["withheld"]["grant type password: --allow-grant password"] == 1
    assert outcome.json["reasons"]["refused"] == {"it has no secret, and the source does not say that it is public": 1}


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
def test_accounts_come_with_roles_names_and_lasting_lockouts(digests: Folder, source: Source):
    fill_users(source)
    outcome = source.imported(digests, "identityserver", *SERVER, "--allow-authority", "Editor", "--json")
    ann, bob, eve = (digests.done("user", "show", one, "--json").json for one in (ANN, BOB, EVE))
    assert (ann["authorities"], ann["first_name"], ann["locked"]) == (["Editor", "Member"], "Ann", False)
    assert (bob["last_name"], bob["locked"], eve["locked"]) == ("Lee", True, False)
    assert outcome.json["withheld"] == {"authority Admin: --allow-authority 'Admin'": 1}
    assert "it has a second factor" in next(iter(outcome.json["reasons"]["refused"]))
    without = source.imported(digests, "identityserver", *SERVER, "--without-second-factor", "--json")
    assert counts(without)["resource owner"]["created"] == 1


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
def test_a_bare_digest_of_a_secret_counts_only_where_the_setting_says_so(folder: Folder, source: Source):
    fill_clients(source)
    outcome = source.imported(folder, "identityserver", "--json")
    assert counts(outcome) == {"client": {"created": 1, "refused": 3}}
    assert any("explicitly allowed" in why for why in outcome.json["reasons"]["refused"])


def test_tables_that_came_through_csv_are_all_text_and_mean_the_same(digests: Folder, tmp_path: Path):
    """As docs/importing.md copies them from SQL Server: no types, empty cells for NULL, zones behind a space."""
    fill(FileSource(tmp_path / "typed.sqlite"))
    source = FileSource(tmp_path / "old.sqlite")
    with closing(sqlite3.connect(tmp_path / "typed.sqlite")) as typed, closing(sqlite3.connect(source.path)) as text:
        for (table,) in typed.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = typed.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in rows.description]
            text.execute(f'CREATE TABLE "{table}" ({", ".join(f"{chr(34)}{name}{chr(34)} TEXT" for name in names)})')
            for row in rows:
                cells = [
                    "" if cell is None else str(cell).replace("23:59:59", "23:59:59.9999999 +00:00") for cell in row
                ]
                text.execute(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(cells))})', cells)
        text.commit()
    outcome = source.imported(digests, "identityserver", *SERVER, "--json")
    assert counts(outcome) == {"client": {"created": 3, "refused": 1}, "resource owner": {"created": 3, "refused": 1}}
    assert digests.done("user", "show", BOB, "--json").json["locked"] is True
    assert digests.done("user", "show", ANN, "--json").json["locked"] is False


@pytest.mark.parametrize("source", ["sqlite"], indirect=True)
def test_a_database_of_neither_is_one_sentence(folder: Folder, source: Source):
    source.fill('CREATE TABLE "AspNetUsers" ("Id" integer)')
    outcome = source.imported(folder, "identityserver")
    assert (outcome.status, "neither Clients" in outcome.err) == (2, True)
