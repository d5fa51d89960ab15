"""Laravel Passport: tables as database/migrations of laravel/passport make them, 4.0.3 and 8 to 12, and 13.x."""

from __future__ import annotations

from itertools import count

import pytest

from tests.cli.commanding import Folder
from tests.importers.sources import PASSWORD, Source, ask, counts, database_of, laravel_hash

SECRET = "Ze336yRXn5nlPgQnpcAqGKeCJ9mzA9uSyPB1Jdpd"
SERVER = ("--dialect", "jobspace", "--allow-grant", "password")

CLIENTS_4 = """CREATE TABLE oauth_clients (id integer not null primary key, user_id integer null,
  name varchar(255) not null, secret varchar(100) not null, redirect text not null,
  personal_access_client {flag} not null, password_client {flag} not null, revoked {flag} not null,
  created_at timestamp null, updated_at timestamp null)"""
CLIENTS_12 = """CREATE TABLE oauth_clients (id char(36) not null primary key, user_id bigint null,
  name varchar(255) not null, secret varchar(100) null, provider varchar(255) null, redirect text not null,
  personal_access_client {flag} not null, password_client {flag} not null, revoked {flag} not null,
  created_at timestamp null, updated_at timestamp null)"""
CLIENTS_13 = """CREATE TABLE oauth_clients (id char(36) not null primary key, owner_type varchar(255) null,
  owner_id bigint null, name varchar(255) not null, secret varchar(255) null, provider varchar(255) null,
  redirect_uris text not null, grant_types text not null, revoked {flag} not null,
  created_at timestamp null, updated_at timestamp null)"""
USERS = """CREATE TABLE users (id integer not null primary key, name varchar(255) not null,
  email varchar(255) not null unique, email_verified_at timestamp null, password varchar(255) not null,
  remember_token varchar(100) null, created_at timestamp null, updated_at timestamp null)"""
_ids = count(1)


def table(source: Source, text: str) -> str:
    return text.format(flag="boolean" if database_of(source) == "postgresql" else "tinyint(1)")


def user(number: int, email: str, stored: str) -> str:
    return (
        f"INSERT INTO users VALUES ({number}, 'Ann Lee', '{email}', NULL, '{stored}', 'remembered', "
        "'2017-10-01 09:00:00', NULL)"
    )


def version_4(source: Source) -> None:
    """`php artisan passport:install`, a machine, a web app, one that was revoked, and three users."""
    source.fill(
        table(source, CLIENTS_4), USERS,
        f"INSERT INTO oauth_clients VALUES (1, NULL, 'Personal', '{'p' * 40}', 'http://localhost', true, false, false, '2017-10-01 09:00:00', NULL)",
        f"INSERT INTO oauth_clients VALUES (2, NULL, 'Password', '{SECRET}', 'http://localhost', false, true, false, '2017-10-01 09:00:00', NULL)",
        f"INSERT INTO oauth_clients VALUES (8, 7, 'Job', '{'j' * 40}', '', false, false, false, NULL, NULL)",
        f"INSERT INTO oauth_clients VALUES (9, 7, 'Web', '{'w' * 40}', 'https://app.example/cb', false, false, true, NULL, NULL)",
        user(7, "ann@example.com", laravel_hash()),
        user(10, "Bob@example.com", laravel_hash("another one")),
        user(11, "eve@example.com", "5f4dcc3b5aa765d61d8327deb882cf99"),
    )  # fmt: skip


def test_an_old_client_logs_in_with_the_old_password_in_the_old_dialect(folder: Folder, source: Source):
    version_4(source)
    outcome = source.imported(folder, "passport", *SERVER, "--json")
    assert outcome.status == 1, outcome.err
    assert counts(outcome) == {
        "client": {"created": 3, "skipped": 1},
        "resource owner": {"created": 2, "refused": 1},
    }
    status, answer = ask(
        folder, "/oauth/token", grant_type="password", client_id="2", client_secret=SECRET,
        username="ann@example.com", password=PASSWORD,
    )  # fmt: skip
    assert status == 200, answer
    assert list(answer) == ["token_type", "expires_in", "access_token", "refresh_token"]
    status, answer = ask(
        folder, "/oauth/token", grant_type="password", client_id="2", client_secret=SECRET,
        username="ann@example.com", password="wrong password",
    )  # fmt: skip
    assert (status, answer["error"]) == (401, "invalid_credentials")


def test_clients_get_what_their_flags_say_and_nothing_more(folder: Folder, source: Source):
    version_4(source)
    outcome = source.imported(folder, "passport", "--dialect", "jobspace", "--json")
    clients = {one["id"]: one for one in folder.done("client", "list", "--json").json}
    assert sorted(clients) == ["2", "8", "9"]
    assert (clients["2"]["grant_types"], clients["2"]["secrets"]) == (["refresh_token"], 1)
    assert clients["8"]["grant_types"] == ["client_credentials"]
    assert clients["9"]["enabled"] is False
    assert clients["2"]["created_at"] == 1506848400
    assert outcome.json["withheld"]["grant type password: --allow-grant password"] == 1
    assert outcome.json["reasons"]["skipped"] == {"a client for personal access tokens only": 1}


def test_no_secret_and_no_hash_is_told(folder: Folder, source: Source, tmp_path):
    version_4(source)
    report = tmp_path / "report"
    outcome = source.imported(folder, "passport", *SERVER, "--report", report)
    told = outcome.out + outcome.err + report.read_text() + folder.done("user", "list").out
    for secret in (SECRET, "$2y$", "5f4dcc3b", "remembered", "p@ss", "%40ss", "argon2"):
        assert secret not in told
    assert report.stat().st_mode & 0o777 == 0o600
    assert "refused resource owner '11' (users, id 11): no password can match its hash" in outcome.out


def test_an_account_comes_in_without_its_useless_hash_if_that_is_said(folder: Folder, source: Source):
    version_4(source)
    outcome = source.imported(folder, "passport", *SERVER, "--without-password", "--json")
    assert (outcome.status, counts(outcome)["resource owner"]) == (0, {"created": 3})
    assert folder.done("user", "show", "eve@example.com", "--json").json["has_password"] is False
    again = source.imported(folder, "passport", *SERVER, "--without-password", "--json")
    assert (again.status, counts(again)) == (0, {"client": {"equal": 3, "skipped": 1}, "resource owner": {"equal": 3}})


@pytest.mark.parametrize(("schema", "grants"), [(CLIENTS_12, None), (CLIENTS_13, '["password","refresh_token"]')])
def test_uuids_hashed_secrets_public_clients_and_lists_of_grant_types(folder, source, schema, grants):
    one, two = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d", "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
    middle = f"NULL, '[]', '{grants}'" if grants else "NULL, 'http://localhost', false, true"
    owner = "NULL, NULL" if grants else "NULL"
    source.fill(
        table(source, schema), USERS, user(7, "ann@example.com", laravel_hash()),
        f"INSERT INTO oauth_clients VALUES ('{one}', {owner}, 'Hashed', '{laravel_hash(SECRET)}', {middle}, false, NULL, NULL)",
        f"INSERT INTO oauth_clients VALUES ('{two}', {owner}, 'Public', NULL, {middle}, false, NULL, NULL)",
    )  # fmt: skip
    outcome = source.imported(folder, "passport", *SERVER, "--json")
    assert outcome.status == 0, outcome.out
    form = {"grant_type": "password", "username": "ann@example.com", "password": PASSWORD}
    assert ask(folder, "/oauth/token", client_id=one, client_secret=SECRET, **form)[0] == 200
    assert ask(folder, "/oauth/token", client_id=one, client_secret=SECRET + "x", **form)[0] == 401
    assert folder.done("client", "show", two, "--json").json["secrets"] == 0


def test_a_client_and_a_person_of_one_number_come_in_only_if_that_is_said(folder: Folder, source: Source):
    version_4(source)
    source.fill(user(2, "carl@example.com", laravel_hash()), user(8, "dora@example.com", laravel_hash()))
    first = source.imported(folder, "passport", *SERVER)
    assert first.status == 1
    assert "conflicting resource owner '2' (users, id 2): the id is that of a client here" in first.out
    again = source.imported(folder, "passport", *SERVER, "--allow-shared-ids", "--json")
    assert counts(again)["resource owner"] == {"conflicting": 1, "created": 1, "equal": 2, "refused": 1}
    form = {"grant_type": "password", "username": "carl@example.com", "password": PASSWORD}
    assert ask(folder, "/oauth/token", client_id="2", client_secret=SECRET, **form)[0] == 200
    fault = folder.run("client", "update", "2", "--grant-type", "client_credentials").fault
    assert "shares its id with a resource owner" in fault
    folder.done("user", "delete", "carl@example.com", "--yes")
    assert folder.done("client", "show", "2", "--json").json["id"] == "2"
    folder.done("client", "delete", "2", "--yes")


def test_what_is_no_passport_database_is_one_sentence(folder: Folder, source: Source):
    source.fill("CREATE TABLE oauth_clients (id integer)")
    assert "no table oauth_clients as Passport makes it" in source.imported(folder, "passport").err
    assert source.imported(folder, "passport").status == 2
