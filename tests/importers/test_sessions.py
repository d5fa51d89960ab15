"""Cut-overs: a client that got its refresh token from the old server goes on at this one, without a log-in.

Tokens and rows are those that the old software made itself; tests/former_sessions/vectors.json tells how.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dragoman.config.reading import read_configuration
from tests.importers import test_django, test_passport, test_spring, test_ts_oauth2_server
from tests.importers.sources import FileSource, Source, counts
from tests.posting import post
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.commanding import Folder

VECTORS = json.loads((Path(__file__).parents[1] / "former_sessions" / "vectors.json").read_text())
PATIENT = 3600
"""Seconds of grace: the machine may be slow."""

PASSPORT_TABLES = (
    """CREATE TABLE oauth_access_tokens (id varchar(100) not null primary key, user_id bigint null,
    client_id bigint not null, name varchar(255) null, scopes text null, revoked {flag} not null,
    created_at timestamp null, updated_at timestamp null, expires_at timestamp null)""",
    """CREATE TABLE oauth_refresh_tokens (id varchar(100) not null primary key,
    access_token_id varchar(100) not null, revoked {flag} not null, expires_at timestamp null)""",
)
SPRING_TABLES = (
    """CREATE TABLE oauth_access_token (token_id VARCHAR(256), token BLOB, authentication_id VARCHAR(256) PRIMARY KEY,
    user_name VARCHAR(256), client_id VARCHAR(256), authentication BLOB, refresh_token VARCHAR(256))""",
    "CREATE TABLE oauth_refresh_token (token_id VARCHAR(256), token BLOB, authentication BLOB)",
)
JMONDI_TABLE = """CREATE TABLE oauth_tokens (access_token VARCHAR(255) PRIMARY KEY,
    access_token_expires_at TIMESTAMPTZ NOT NULL, refresh_token VARCHAR(255) UNIQUE,
    refresh_token_expires_at TIMESTAMPTZ, client_id UUID NOT NULL, user_id UUID,
    originating_auth_code_id VARCHAR(255), created_at TIMESTAMPTZ NOT NULL, revoked_at TIMESTAMPTZ)"""


@pytest.fixture
def file_source(tmp_path: Path) -> FileSource:
    return FileSource(tmp_path / "old.sqlite")


@dataclass(frozen=True)
class Client:
    """Of the old server's, as it stands in the field."""

    address: str
    path: str
    id: str
    secret: str
    basic: bool = False

    def refresh(self, token: str) -> tuple[int, dict[str, Any]]:
        form = {"grant_type": "refresh_token"}
        form |= {} if self.basic else {"client_id": self.id, "client_secret": self.secret}
        basic = f"{self.id}:{self.secret}" if self.basic else None
        return post(self.address + self.path, basic, **form, refresh_token=token)


@dataclass
class Cutover:
    """From a source to a server that goes on where the old one stopped."""

    folder: Folder
    source: Source
    kind: str
    options: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    def list_sessions(self) -> Any:
        return self.source.imported(self.folder, self.kind, *self.options, "--sessions", "--json")

    def adopt(self, format_name: str, key: str | None) -> None:
        lines = ["", "[[former]]", f'format = "{format_name}"', "cut_over = 2026-11-23T00:00:00Z"]
        lines += ["until = 2096-01-01T00:00:00Z"]
        if key is not None:
            path = self.folder.path / "old.key"
            path.write_text(key)
            path.chmod(0o600)
            lines.append('key = "old.key"')
        self.folder.file.write_text(self.folder.file.read_text() + "\n".join(lines) + "\n")

    @contextmanager
    def client(self, path: str, client_id: str, secret: str, *, basic: bool = False) -> Iterator[Client]:
        self.folder.done("client", "update", client_id, "--grace", PATIENT)
        with serving(read_configuration(self.folder.file)) as address:
            yield Client(address, path, client_id, secret, basic)


def goes_on(client: Client, token: str, *, rotated: bool = True) -> None:
    """Refreshed, refreshed again after a lost answer, and from then on one of ours."""
    status, first = client.refresh(token)
    assert status == 200, first
    status, again = client.refresh(token)
    assert status == 200
    assert (again["refresh_token"] == first["refresh_token"]) is rotated, "a token that stays is spelled anew there"
    assert client.refresh(first["refresh_token"])[0] == 200


def test_clients_of_passport_go_on(folder: Folder, source: Source):
    vector, cutover = VECTORS["passport"], Cutover(folder, source, "passport", test_passport.SERVER)
    payload = vector["payload"]
    test_passport.version_4(source)
    source.fill(*(test_passport.table(source, text) for text in PASSPORT_TABLES))
    later, before = "'2096-10-02 07:06:40'", "'2020-01-01 00:00:00'"
    rows = (
        (payload["refresh_token_id"], payload["access_token_id"], "false", "false", later, "7"),
        ("revoked", "access of revoked", "true", "true", later, "7"),
        ("signed out", "access of signed out", "false", "true", later, "7"),
        ("expired", "access of expired", "false", "false", before, "7"),
        ("nobody's", "access of nobody's", "false", "false", later, "99"),
    )
    for refresh, access, revoked, access_revoked, end, user in rows:
        source.fill(
            f"INSERT INTO oauth_access_tokens VALUES ('{access.replace(chr(39), chr(39) * 2)}', {user}, 2, NULL, "
            f'\'["read","write"]\', {access_revoked}, NULL, NULL, {end})',
            f"INSERT INTO oauth_refresh_tokens VALUES ('{refresh.replace(chr(39), chr(39) * 2)}', "
            f"'{access.replace(chr(39), chr(39) * 2)}', {revoked}, {end})",
        )
    source.fill(f"INSERT INTO oauth_refresh_tokens VALUES ('purged', 'gone', false, {later})")
    cutover.adopt("passport", vector["app_key"] + "\n")
    told = cutover.list_sessions()
    assert counts(told)["session"] == {"created": 2, "refused": 1, "skipped": 3}
    assert told.json["reasons"]["skipped"] == {
        "a client for personal access tokens only": 1, "revoked there": 2, "expired": 1,
    }  # fmt: skip
    for secret in (payload["refresh_token_id"], vector["app_key"]):
        assert secret not in told.out + told.err
    assert counts(cutover.list_sessions())["session"] == {"equal": 2, "refused": 1, "skipped": 3}
    with cutover.client("/oauth/token", "2", test_passport.SECRET) as client:
        stranger = Client(client.address, client.path, "8", "j" * 40)
        assert stranger.refresh(vector["refresh_token"])[0] >= 400
        goes_on(client, vector["refresh_token"])
        status, refused = client.refresh(vector["code"])
        assert (status, refused["error"]) == (401, "invalid_request")
    assert counts(cutover.list_sessions())["session"]["equal"] == 2, "an adopted one is left alone"
    doctor = folder.run("doctor").out
    assert "passport: 2 known, 1 adopted; more are adopted until" in doctor


def test_what_the_old_server_ended_between_two_imports_is_taken_out(folder: Folder, file_source: FileSource):
    source = file_source
    cutover = Cutover(folder, source, "passport", test_passport.SERVER)
    test_passport.version_4(source)
    source.fill(*(test_passport.table(source, text) for text in PASSPORT_TABLES))
    payload = VECTORS["passport"]["payload"]
    for refresh in (payload["refresh_token_id"], "deleted"):
        source.fill(f"INSERT INTO oauth_refresh_tokens VALUES ('{refresh}', 'gone', false, '2096-10-02 07:06:40')")
    assert counts(cutover.list_sessions())["session"] == {"created": 2}
    source.fill(
        f"UPDATE oauth_refresh_tokens SET revoked = true WHERE id = '{payload['refresh_token_id']}'",
        "DELETE FROM oauth_refresh_tokens WHERE id = 'deleted'",
    )
    cutover.adopt("passport", VECTORS["passport"]["app_key"])
    with closing(sqlite3.connect(folder.path / "dragoman.db")) as connection, connection:
        connection.execute("UPDATE former_sessions SET seen_at = seen_at - 60")  # the first import is a minute ago
    dry = cutover.source.imported(folder, "passport", *cutover.options, "--sessions", "--dry-run", "--json")
    assert dry.json["dropped"] == 0
    assert "passport: 2 known, 0 adopted" in folder.run("doctor").out
    told = cutover.list_sessions()
    assert (counts(told)["session"], told.json["dropped"]) == ({"skipped": 1}, 1)
    assert "passport: none listed" in folder.run("doctor").out
    with cutover.client("/oauth/token", "2", test_passport.SECRET) as client:
        assert client.refresh(VECTORS["passport"]["refresh_token"])[0] == 401


def test_clients_of_a_ts_oauth2_server_go_on(folder: Folder, file_source: FileSource):
    source = file_source
    vector = VECTORS["ts-oauth2-server"]
    row, cutover = vector["row"], Cutover(folder, source, "ts-oauth2-server", test_ts_oauth2_server.SERVER)
    test_ts_oauth2_server.fill(source, "pivot")
    for table, old, new in (
        ("users", test_ts_oauth2_server.USER, row["user_id"]),
        ("oauth_clients", test_ts_oauth2_server.CLIENT, row["client_id"]),
    ):
        source.fill(f"UPDATE {table} SET id = '{new}' WHERE id = '{old}'")
    source.fill(f"UPDATE oauth_client_scopes SET client_id = '{row['client_id']}'")
    token = "INSERT INTO oauth_tokens VALUES ('{0}', '{1}', '{2}', '{3}', '{4}', '{5}', NULL, '{1}', {6})"
    source.fill(
        JMONDI_TABLE,
        token.format(*row.values(), "NULL"),
        token.format("a", row["access_token_expires_at"], "revoked", *list(row.values())[3:], "'2026-01-01T00:00:00Z'"),
        token.format(
            "b", row["access_token_expires_at"], "over", "1970-01-01T00:00:00Z", *list(row.values())[4:], "NULL"
        ),
    )
    cutover.adopt("ts-oauth2-server", vector["key"])
    assert counts(cutover.list_sessions())["session"] == {"created": 1, "skipped": 2}
    with cutover.client("/token", row["client_id"], test_ts_oauth2_server.SECRET) as client:
        goes_on(client, vector["refresh_token"])


def test_clients_of_a_spring_server_with_stored_tokens_go_on(folder: Folder, file_source: FileSource):
    vector, source = VECTORS["spring-jdbc"], file_source
    cutover = Cutover(folder, source, "spring", test_spring.SERVER)
    test_spring.fill(source)
    (access,), (refresh,) = vector["oauth_access_token"], vector["oauth_refresh_token"]
    source.fill(
        *SPRING_TABLES,
        f"INSERT INTO oauth_access_token VALUES ('{access['token_id']}', NULL, '{access['authentication_id']}', "
        f"'{access['user_name']}', '{access['client_id']}', NULL, '{access['refresh_token']}')",
        f"INSERT INTO oauth_refresh_token VALUES ('{refresh['token_id']}', NULL, NULL)",
        "INSERT INTO oauth_refresh_token VALUES ('d41d8cd98f00b204e9800998ecf8427e', NULL, NULL)",
    )
    cutover.adopt("spring-jdbc", None)
    told = cutover.list_sessions()
    assert counts(told)["session"] == {"created": 1, "refused": 1}
    assert told.json["reasons"]["refused"]["no access token of it tells whose it is"] == 1
    with cutover.client("/paymentiq/oauth/token", "bo", test_spring.SECRET, basic=True) as client:
        goes_on(client, vector["refresh_token"], rotated=False)
        assert client.refresh(refresh["token_id"])[0] >= 400, "the key of a row is no token"


def test_clients_of_django_oauth_toolkit_go_on(folder: Folder, file_source: FileSource):
    vector, source = VECTORS["django"], file_source
    cutover = Cutover(folder, source, "django", ("--dialect", "standard", "--scope", "read", "--scope", "write"))
    test_django.fill(source)
    for table in ("oauth2_provider_accesstoken", "oauth2_provider_refreshtoken"):
        rows = vector["tables"][table]["rows"]
        columns = [name for name in rows[0] if name != "resource"]
        kinds = {name: "bigint" if name == "id" or name.endswith("_id") else "text" for name in columns}
        source.fill(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in kinds.items())})")
        for row in rows:
            values = ("NULL" if row[name] is None else repr(row[name]) for name in columns)
            source.fill(f"INSERT INTO {table} VALUES ({', '.join(values)})")
    source.fill("INSERT INTO oauth2_provider_refreshtoken (id, token, application_id, user_id) VALUES (9, 'x', 1, 1)")
    cutover.adopt("django", None)
    told = cutover.list_sessions()
    assert counts(told)["session"] == {"created": 2, "refused": 1, "skipped": 1}
    report = told.out + told.err
    assert not any(token in report for token in vector["tokens"].values())
    with cutover.client("/oauth2/token", "mobile", test_django.SECRET) as client:
        goes_on(client, vector["tokens"]["first"])
        goes_on(client, vector["tokens"]["live"])
        assert client.refresh(vector["tokens"]["spent"])[0] == 400


def test_sessions_of_people_who_live_in_a_directory_are_listed_too(folder: Folder, file_source: FileSource):
    test_spring.fill(file_source)
    (access,) = VECTORS["spring-jdbc"]["oauth_access_token"]
    (refresh,) = VECTORS["spring-jdbc"]["oauth_refresh_token"]
    file_source.fill(
        *SPRING_TABLES,
        f"INSERT INTO oauth_access_token VALUES ('{access['token_id']}', NULL, '{access['authentication_id']}', "
        f"'of the directory', '{access['client_id']}', NULL, '{access['refresh_token']}')",
        f"INSERT INTO oauth_refresh_token VALUES ('{refresh['token_id']}', NULL, NULL)",
    )
    cutover = Cutover(folder, file_source, "spring", test_spring.SERVER)
    told = cutover.list_sessions()
    assert counts(told)["session"] == {"refused": 1}
    assert told.json["reasons"]["refused"]["its resource owner is not here"] == 1
    settings = folder.file.read_text()
    assert settings.count("[directory.sql]\n") == 1
    folder.file.write_text(settings.replace("[directory.sql]\n", '[directory.sql]\nurl = "members.db"\n'))
    assert counts(cutover.list_sessions())["session"] == {"created": 1}


def test_a_source_without_sessions_is_told(folder: Folder, tmp_path: Path):
    (tmp_path / "people.csv").write_text("id\n")
    told = folder.run("import", "csv", tmp_path / "people.csv", "--sessions")
    assert "tell of no refresh tokens" in told.err
    assert told.status == 2


@pytest.mark.parametrize(("kind", "fill"), [("passport", test_passport.version_4), ("django", test_django.fill),
                                            ("spring", test_spring.fill)])  # fmt: skip
def test_a_source_without_the_tables_of_sessions_is_told(folder: Folder, file_source: FileSource, kind: str, fill: Any):
    fill(file_source)
    told = file_source.imported(folder, kind, "--sessions")
    assert told.status == 2
    assert "the source has no table oauth" in told.err
