"""@jmondi/oauth2-server: its database_schema.md (a scope table, an array) and example/prisma/schema.prisma, migrated."""

from __future__ import annotations

import bcrypt
import pytest

from tests.cli.commanding import Folder
from tests.importers.sources import PASSWORD, FileSource, Source, ask, counts, database_of

SERVER = ("--dialect", "jmondi", "--allow-grant", "password")
CLIENT, SCOPE, USER = (f"{digit * 8}-2222-4333-8444-555555555555" for digit in "abc")
SECRET = "a-long-secret-of-jmondis-server"
GRANTS = "password,refresh_token,implicit"

USERS = "CREATE TABLE users (id UUID PRIMARY KEY, email VARCHAR(255) NOT NULL UNIQUE, password_hash VARCHAR(255), created_at TIMESTAMPTZ NOT NULL, updated_at TIMESTAMPTZ)"
PIVOT = (
    "CREATE TABLE oauth_scopes (id UUID PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, description TEXT)",
    "CREATE TABLE oauth_clients (id UUID PRIMARY KEY, name VARCHAR(255) NOT NULL, secret VARCHAR(255), redirect_uris {texts} NOT NULL, allowed_grants {texts} NOT NULL, created_at TIMESTAMPTZ NOT NULL)",
    "CREATE TABLE oauth_client_scopes (client_id UUID NOT NULL, scope_id UUID NOT NULL, PRIMARY KEY (client_id, scope_id))",
    f"INSERT INTO oauth_scopes VALUES ('{SCOPE}', 'contacts.read', NULL)",
    f"INSERT INTO oauth_client_scopes VALUES ('{CLIENT}', '{SCOPE}')",
)
ARRAY = (
    "CREATE TABLE oauth_clients (id UUID PRIMARY KEY, name VARCHAR(255) NOT NULL, secret VARCHAR(255), redirect_uris {texts} NOT NULL, allowed_grants {texts} NOT NULL, scopes {texts} NOT NULL, created_at TIMESTAMPTZ NOT NULL)",
)
IMPLICIT = (
    'CREATE TABLE "_OAuthClientToOAuthScope" ("A" UUID NOT NULL, "B" UUID NOT NULL)',
    f"""INSERT INTO "_OAuthClientToOAuthScope" VALUES ('{CLIENT}', '{SCOPE}')""",
)
PRISMA = (
    """CREATE TYPE "GrantTypes" AS ENUM ('client_credentials', 'authorization_code', 'refresh_token', 'implicit', 'password')""",
    'CREATE TABLE "User" ("id" UUID NOT NULL, "email" TEXT NOT NULL, "passwordHash" VARCHAR(255) NOT NULL, CONSTRAINT "User_pkey" PRIMARY KEY ("id"))',
    'CREATE TABLE "OAuthClient" ("id" UUID NOT NULL, "name" VARCHAR(255) NOT NULL, "secret" VARCHAR(255), "redirectUris" TEXT[], "allowedGrants" "GrantTypes"[], CONSTRAINT "OAuthClient_pkey" PRIMARY KEY ("id"))',
    'CREATE TABLE "OAuthScope" ("id" UUID NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "OAuthScope_pkey" PRIMARY KEY ("id"))',
    'CREATE TABLE "oauthClient_oauthScope" ("clientId" UUID NOT NULL, "scopeId" UUID NOT NULL, CONSTRAINT "oauthClient_oauthScope_pkey" PRIMARY KEY ("clientId","scopeId"))',
)


def stored(password: str = PASSWORD) -> str:
    """As bcryptjs writes it."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4, b"2a")).decode()


def fill(source: Source, layout: str) -> None:
    arrays = database_of(source) == "postgresql"
    texts, empty = ("TEXT[]", "'{}'") if arrays else ("TEXT", "'[]'")
    grants = f"'{{{GRANTS}}}'" if arrays else f"'{GRANTS}'"
    scopes = "'{contacts.read}'" if arrays else "'[\"contacts.read\"]'"
    if layout.startswith("prisma"):
        relation = (
            IMPLICIT
            if layout == "prisma"
            else (f"""INSERT INTO "oauthClient_oauthScope" VALUES ('{CLIENT}', '{SCOPE}')""",)
        )
        source.fill(
            *PRISMA,
            *relation,
            f"""INSERT INTO "User" VALUES ('{USER}', 'jason@example.com', '{stored()}')""",
            f"""INSERT INTO "OAuthClient" VALUES ('{CLIENT}', 'Web', '{SECRET}', '{{}}', '{{{GRANTS}}}')""",
            f"""INSERT INTO "OAuthScope" VALUES ('{SCOPE}', 'contacts.read')""",
        )
        return
    more = f", {scopes}" if layout == "array" else ""
    moment = "TIMESTAMP NULL" if database_of(source) == "mariadb" else "TIMESTAMPTZ"
    tables = (USERS, *(ARRAY if layout == "array" else PIVOT))
    source.fill(
        *(text.replace("{texts}", texts).replace("TIMESTAMPTZ", moment) for text in tables),
        f"INSERT INTO users VALUES ('{USER}', 'jason@example.com', '{stored()}', '2024-05-01T10:00:00+00:00', NULL)",
        f"INSERT INTO oauth_clients VALUES ('{CLIENT}', 'Web', '{stored(SECRET)}', {empty}, {grants}{more}, '2024-05-01T10:00:00+00:00')",
    )  # fmt: skip


@pytest.mark.parametrize("layout", ["pivot", "array", "prisma", "prisma table"])
def test_an_old_client_logs_in_with_the_old_password_in_the_old_dialect(folder: Folder, source: Source, layout: str):
    if layout.startswith("prisma") and isinstance(source, FileSource):
        pytest.skip("arrays of enumerations are PostgreSQL's")
    fill(source, layout)
    outcome = source.imported(folder, "ts-oauth2-server", *SERVER, "--json")
    assert (outcome.status, counts(outcome)) == (0, {"client": {"created": 1}, "resource owner": {"created": 1}})
    client = folder.done("client", "show", CLIENT, "--json").json
    assert (client["scope"], client["grant_types"]) == (["contacts.read"], ["password", "refresh_token"])
    assert outcome.json["withheld"] == {"grant type implicit: not offered by this server": 1}
    again = source.imported(folder, "ts-oauth2-server", *SERVER, "--json")
    assert counts(again) == {"client": {"equal": 1}, "resource owner": {"equal": 1}}
    status, answer = ask(
        folder, "/token", grant_type="password", client_id=CLIENT, client_secret=SECRET, scope="contacts.read",
        username="jason@example.com", password=PASSWORD,
    )  # fmt: skip
    assert status == 200, answer
