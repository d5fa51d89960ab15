"""Spring Security OAuth 2.x: spring-security-oauth2's schema.sql, and spring-security-core's users.ddl and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bcrypt

from tests.importers.sources import PASSWORD, Source, ask, counts, laravel_hash

if TYPE_CHECKING:
    from tests.cli.commanding import Folder

SECRET = "paymentiq-client-secret-1"
SERVER = ("--dialect", "paymentiq", "--allow-grant", "password")
SCHEMA = (
    """CREATE TABLE oauth_client_details (client_id VARCHAR(256) PRIMARY KEY, resource_ids VARCHAR(256),
    client_secret VARCHAR(256), scope VARCHAR(256), authorized_grant_types VARCHAR(256),
    web_server_redirect_uri VARCHAR(256), authorities VARCHAR(256), access_token_validity INTEGER,
    refresh_token_validity INTEGER, additional_information VARCHAR(4096), autoapprove VARCHAR(256))""",
    "CREATE TABLE users (username VARCHAR(50) NOT NULL PRIMARY KEY, password VARCHAR(500) NOT NULL, enabled BOOLEAN NOT NULL)",
    """CREATE TABLE authorities (username VARCHAR(50) NOT NULL, authority VARCHAR(50) NOT NULL,
    CONSTRAINT fk_authorities_users FOREIGN KEY(username) REFERENCES users(username))""",
    "CREATE UNIQUE INDEX ix_auth_username ON authorities (username, authority)",
)
GROUPS = (
    "CREATE TABLE groups (id BIGINT PRIMARY KEY, group_name VARCHAR(50) NOT NULL)",
    "CREATE TABLE group_authorities (group_id BIGINT NOT NULL, authority VARCHAR(50) NOT NULL)",
    "CREATE TABLE group_members (id BIGINT PRIMARY KEY, username VARCHAR(50) NOT NULL, group_id BIGINT NOT NULL)",
    "INSERT INTO groups VALUES (1, 'agents')",
    "INSERT INTO group_authorities VALUES (1, 'ROLE_AGENT')",
    "INSERT INTO group_members VALUES (1, 'junhuh', 1)",
)


def spring_hash(password: str = PASSWORD) -> str:
    return "{bcrypt}" + bcrypt.hashpw(password.encode(), bcrypt.gensalt(4, b"2a")).decode()


def fill(source: Source, *more: str) -> None:
    source.fill(
        *SCHEMA,
        f"INSERT INTO oauth_client_details VALUES ('bo', 'api,admin', '{{noop}}{SECRET}', 'read,write', "
        "'password,refresh_token', NULL, 'ROLE_CLIENT', 600, -1, NULL, 'true')",
        f"INSERT INTO oauth_client_details VALUES ('hashed', NULL, '{spring_hash(SECRET)}', 'read,*', NULL, "
        "'https://app.example/cb', NULL, 0, NULL, NULL, NULL)",
        f"INSERT INTO users VALUES ('junhuh', '{spring_hash()}', true)",
        f"INSERT INTO users VALUES ('old', '{laravel_hash()}', false)",
        "INSERT INTO users VALUES ('plain', '{noop}hunter2hunter2', true)",
        "INSERT INTO users VALUES ('bare', 'hunter2hunter2', true)",
        "INSERT INTO authorities VALUES ('junhuh', 'ROLE_ADMIN')",
        "INSERT INTO authorities VALUES ('junhuh', 'ROLE_USER')",
        *more,
    )  # fmt: skip


def test_an_old_client_logs_in_with_the_old_password_in_the_old_dialect(folder: Folder, source: Source):
    fill(source)
    outcome = source.imported(folder, "spring", *SERVER, "--allow-authority", "ROLE_USER", "--json")
    assert counts(outcome) == {"client": {"created": 2}, "resource owner": {"created": 2, "refused": 2}}
    form = {"basic": f"bo:{SECRET}", "grant_type": "password", "username": "junhuh"}
    status, answer = ask(folder, "/paymentiq/oauth/token", **form, password=PASSWORD)
    assert status == 200, answer
    assert answer["expires_in"] in (599, 600)
    assert ask(folder, "/paymentiq/oauth/token", **form, password="hunter2hunter2")[0] == 400


def test_only_authorities_that_were_named_come_in(folder: Folder, source: Source):
    fill(source, *GROUPS)
    outcome = source.imported(
        folder, "spring", *SERVER, "--allow-authority", "ROLE_USER", "--allow-authority", "ROLE_AGENT", "--json"
    )
    assert folder.done("user", "show", "junhuh", "--json").json["authorities"] == ["ROLE_AGENT", "ROLE_USER"]
    assert folder.done("user", "show", "old", "--json").json["enabled"] is False
    assert outcome.json["withheld"]["authority ROLE_ADMIN: --allow-authority 'ROLE_ADMIN'"] == 1
    assert outcome.json["withheld"]["authority ROLE_CLIENT: --allow-authority 'ROLE_CLIENT'"] == 1


def test_lists_and_lifetimes_of_clients_come_along_and_a_wildcard_does_not(folder: Folder, source: Source):
    fill(source)
    outcome = source.imported(folder, "spring", *SERVER, "--json")
    bo = folder.done("client", "show", "bo", "--json").json
    assert (bo["scope"], bo["audience"], bo["grant_types"]) == (
        ["read", "write"], ["api", "admin"], ["password", "refresh_token"]
    )  # fmt: skip
    assert (bo["access_token_lifetime"], bo["refresh_token_lifetime"]) == (600, None)
    hashed = folder.done("client", "show", "hashed", "--json").json
    assert (hashed["scope"], hashed["secrets"]) == (["read"], 1)
    assert "scope *: --allow-scope '*'" in outcome.json["withheld"]
    assert "access tokens without end: they live as long as the dialect says" in outcome.json["withheld"]


def test_plain_passwords_are_refused_and_never_told(folder: Folder, source: Source):
    fill(source)
    outcome = source.imported(folder, "spring", *SERVER)
    assert outcome.status == 1
    assert "hunter2" not in outcome.out + outcome.err
    assert "{noop} is plain text and counts only where it is explicitly allowed" in outcome.out
    without = source.imported(folder, "spring", *SERVER, "--without-password", "--json")
    assert (without.status, counts(without)["resource owner"]) == (0, {"created": 2, "equal": 2})


def test_two_names_that_become_one_are_a_conflict_told_with_both(folder: Folder, source: Source):
    fill(source, f"INSERT INTO users VALUES ('JunHuh', '{spring_hash('something else')}', true)")
    outcome = source.imported(folder, "spring", *SERVER)
    assert outcome.status == 1
    told = [line for line in outcome.out.splitlines() if line.startswith("conflicting")]
    assert len(told) == 1
    assert "'junhuh'" in told[0]
    assert "'JunHuh'" in told[0]
    assert folder.done("user", "show", "junhuh", "--json").json["id"] == "JunHuh"  # whoever is read first
    form = {"basic": f"bo:{SECRET}", "grant_type": "password", "username": "junhuh"}
    assert ask(folder, "/paymentiq/oauth/token", **form, password=PASSWORD)[0] == 400
