"""django-oauth-toolkit 3 (oauth2_provider/migrations) on Django 5 (contrib/auth/migrations), as they execute them."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING

from tests.importers.sources import PASSWORD, Source, ask, counts

if TYPE_CHECKING:
    from tests.cli.commanding import Folder

SECRET = "c" * 128
SCHEMA = (
    """CREATE TABLE auth_user (id integer NOT NULL PRIMARY KEY, password varchar(128) NOT NULL,
    last_login timestamp NULL, is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE,
    last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL,
    date_joined timestamp NOT NULL, first_name varchar(150) NOT NULL)""",
    "CREATE TABLE auth_group (id integer NOT NULL PRIMARY KEY, name varchar(150) NOT NULL UNIQUE)",
    "CREATE TABLE auth_user_groups (id integer NOT NULL PRIMARY KEY, user_id integer NOT NULL, group_id integer NOT NULL)",
    """CREATE TABLE oauth2_provider_application (id bigint NOT NULL PRIMARY KEY, client_id varchar(100) NOT NULL UNIQUE,
    redirect_uris text NOT NULL, client_type varchar(32) NOT NULL, authorization_grant_type varchar(44) NOT NULL,
    client_secret varchar(255) NOT NULL, name varchar(255) NOT NULL, user_id integer NULL,
    skip_authorization bool NOT NULL, created timestamp NOT NULL, updated timestamp NOT NULL,
    algorithm varchar(5) NOT NULL, hash_client_secret bool NOT NULL)""",
)


def django_hash(text: str, rounds: int = 1000) -> str:
    """As django.contrib.auth.hashers.PBKDF2PasswordHasher writes it."""
    salt = "n4GzLXnVnoR0oSAFlBtdaw"
    summed = hashlib.pbkdf2_hmac("sha256", text.encode(), salt.encode(), rounds)
    return f"pbkdf2_sha256${rounds}${salt}${b64encode(summed).decode()}"


def application(number: int, client_id: str, kind: str, grant: str, secret: str) -> str:
    return (
        f"INSERT INTO oauth2_provider_application VALUES ({number}, '{client_id}', '', '{kind}', '{grant}', '{secret}', "
        "'App', NULL, false, '2023-01-01 00:00:00', '2023-01-01 00:00:00', '', true)"
    )


def user(number: int, name: str, email: str, stored: str, *, superuser: bool = False) -> str:
    return (
        f"INSERT INTO auth_user VALUES ({number}, '{stored}', NULL, {superuser}, '{name}', 'Lee', '{email}', false, "
        "true, '2023-01-01 00:00:00', 'Ann')"
    )


def fill(source: Source) -> None:
    source.fill(
        *SCHEMA,
        application(1, "mobile", "confidential", "password", django_hash(SECRET)),
        application(2, "spa", "public", "authorization-code", ""),
        application(3, "job", "confidential", "client-credentials", "plain" * 10),
        application(4, "odd", "confidential", "telepathy", "plain" * 10),
        user(1, "ann", "ann@example.com", django_hash(PASSWORD), superuser=True),
        user(2, "bob", "", "!unusablepasswordxyz"),
        user(3, "eve", "ANN@example.com", django_hash(PASSWORD)),
        "INSERT INTO auth_group VALUES (1, 'Editors')",
        "INSERT INTO auth_group VALUES (2, 'Auditors')",
        "INSERT INTO auth_user_groups VALUES (1, 1, 1)",
        "INSERT INTO auth_user_groups VALUES (2, 1, 2)",
    )


def test_an_old_client_logs_in_with_the_old_password(folder: Folder, source: Source):
    fill(source)
    outcome = source.imported(
        folder, "django", "--allow-grant", "password", "--allow-authority", "Editors", "--scope", "read", "--json"
    )
    assert counts(outcome) == {
        "client": {"created": 3, "refused": 1},
        "resource owner": {"conflicting": 1, "created": 2},
    }
    status, answer = ask(
        folder, "/oauth2/token", grant_type="password", client_id="mobile", client_secret=SECRET, username="ann",
        password=PASSWORD,
    )  # fmt: skip
    assert status == 200, answer
    ann = folder.done("user", "show", "ann", "--json").json
    assert (ann["id"], ann["authorities"], ann["first_name"]) == ("1", ["Editors"], "Ann")
    assert sorted(text for text in outcome.json["withheld"] if text.startswith("authority")) == [
        "authority Auditors: --allow-authority 'Auditors'", "authority is_superuser: --allow-authority 'is_superuser'",
    ]  # fmt: skip
    assert folder.done("user", "show", "bob", "--json").json["has_password"] is False


def test_addresses_that_several_have_stay_out_if_that_is_said(folder: Folder, source: Source):
    fill(source)
    outcome = source.imported(folder, "django", "--without-email", "--json")
    assert counts(outcome)["resource owner"] == {"created": 3}
    assert folder.done("user", "show", "eve", "--json").json["email"] is None
