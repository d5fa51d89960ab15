"""The database of a Laravel application with Passport, in each layout and kind, and an API that checks as its guard does."""

from __future__ import annotations

import json
import re
import sqlite3
import tomllib
from abc import ABC, abstractmethod
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from dragoman.config.mirror import MirrorTable
from dragoman.wiring.parts import read_keyring

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from dragoman.config.settings import Configuration
    from tests.mariadb import MariaDb
    from tests.postgresql import Cluster

PAGE = Path(__file__).parents[2] / "docs" / "mirror.md"
_ANY_HEADER = JWSRegistry(algorithms=["RS256"], strict_check_header=False)
_TYPES = {  # how Laravel's schema builder writes the columns of Passport's migrations
    "sqlite": {"char": "varchar", "number": "integer", "uuid": "varchar", "boolean": "tinyint(1)", "when": "datetime"},
    "mariadb": {
        "char": "varchar(100)", "number": "bigint unsigned", "uuid": "char(36)", "boolean": "tinyint(1)",
        "when": "timestamp", "until": "datetime",
    },
    "postgresql": {
        "char": "varchar(100)", "number": "bigint", "uuid": "uuid", "boolean": "boolean",
        "when": "timestamp(0) without time zone",
    },
}  # fmt: skip
CLIENTS = {12: "2", 13: "9a1f6c1e-5f0b-4a3c-8d2e-0c1b2a394857"}
"""The id of the client, by the version that made the tables."""


def _schema(kind: str, version: int) -> Iterator[str]:
    types = _TYPES[kind]
    when, until = types["when"], types.get("until", types["when"])
    client = types["uuid" if version == 13 else "number"]
    token = "char(80)" if version == 13 and kind != "sqlite" else types["char"]
    yield f"CREATE TABLE users (id {types['number']} primary key, email varchar(255))"
    yield f"CREATE TABLE oauth_clients (id {client} primary key, revoked {types['boolean']} not null)"
    yield f"""CREATE TABLE oauth_access_tokens (
        id {token} not null, user_id {types["number"]} null, client_id {client} not null, name varchar(255) null,
        scopes text null, revoked {types["boolean"]} not null, created_at {when} null, updated_at {when} null,
        expires_at {until} null, primary key (id))"""
    yield "CREATE INDEX oauth_access_tokens_user_id_index ON oauth_access_tokens (user_id)"
    yield f"INSERT INTO oauth_clients VALUES ('{CLIENTS[version]}', false)"


def documented(scheme: str) -> dict[str, object]:
    """The settings that the page has for this kind of database."""
    blocks = re.findall(r"```toml\n(\[mirror\]\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    tables = [tomllib.loads(block)["mirror"] for block in blocks]
    return next(table for table in tables if table["url"].startswith(scheme))


class Laravel(ABC):
    """The database."""

    kind: str
    scheme: str

    def __init__(self, version: int | None) -> None:
        """Without a version somebody else has made the tables."""
        if version is not None:
            self.version = version
            self.run(*_schema(self.kind, version))

    @property
    def client_id(self) -> str:
        """Of the one client."""
        return CLIENTS[self.version]

    def written(self, text: str) -> str:
        """A configuration as `dragoman init` made it, with the mirror filled in."""
        table = self.table()
        lines = [f'{name} = """{getattr(table, name)}"""' for name in ("url", "insert", "revoke_grant", "revoke_token")]
        head, found, rest = text.partition("\n[mirror]\n")
        assert found
        return "\n".join([head, "[mirror]", "timeout_seconds = 10", *lines, rest])

    def add_user(self, number: int) -> None:
        """One more."""
        self.run(f"INSERT INTO users VALUES ({number}, 'user{number}@example.org')")

    def table(self, **settings: object) -> MirrorTable:
        """The configuration that names it, with the page's statements; patient, since the machine may be slow."""
        given = {**documented(self.scheme), "url": self.url, "timeout_seconds": 10, **settings}
        return msgspec.convert(given, MirrorTable)

    def row(self, identifier: str) -> dict | None:
        """Of this token."""
        found = self.query(f"SELECT * FROM oauth_access_tokens WHERE id = '{identifier}'")
        return found[0] if found else None

    def rows(self) -> list[dict]:
        """All of them."""
        return self.query("SELECT * FROM oauth_access_tokens")

    @contextmanager
    def table_is_gone(self) -> Iterator[None]:
        """As while somebody migrates it."""
        self.run("ALTER TABLE oauth_access_tokens RENAME TO elsewhere")
        try:
            yield
        finally:
            self.run("ALTER TABLE elsewhere RENAME TO oauth_access_tokens")

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it is."""

    @abstractmethod
    def run(self, *statements: str) -> None:
        """Change what is there."""

    @abstractmethod
    def query(self, statement: str) -> list[dict]:
        """What is there."""


class SqliteLaravel(Laravel):
    """In a file."""

    kind, scheme = "sqlite", "/"

    def __init__(self, version: int | None, path: Path) -> None:
        self.path = path
        super().__init__(version)

    @property
    def url(self) -> str:
        return str(self.path)

    def run(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, timeout=60)) as connection, connection:
            for one in statements:
                connection.execute(one)

    def query(self, statement: str) -> list[dict]:
        with closing(sqlite3.connect(self.path, timeout=60)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement)]


class PostgresqlLaravel(Laravel):
    """In a database of the test's own cluster."""

    kind, scheme = "postgresql", "postgresql://"

    def __init__(self, version: int | None, cluster: Cluster, name: str) -> None:
        self._cluster, self._name = cluster, name
        super().__init__(version)

    @property
    def url(self) -> str:
        return self._cluster.url(self._name).reveal()

    def run(self, *statements: str) -> None:
        self._cluster.run(*statements, database=self._name)

    def query(self, statement: str) -> list[dict]:
        return [dict(row) for row in self._cluster.run(statement, database=self._name)]


class MariaDbLaravel(Laravel):
    """In a database of the test's own server, whose sessions are not in UTC."""

    kind, scheme = "mariadb", "mysql://"

    def __init__(self, version: int | None, server: MariaDb, name: str) -> None:
        self._server, self._name = server, name
        super().__init__(version)

    @property
    def url(self) -> str:
        return self._server.url(self._name).reveal()

    def run(self, *statements: str) -> None:
        self._server.run(*statements, database=self._name)

    def query(self, statement: str) -> list[dict]:
        return self._server.query(statement, self._name)


@contextmanager
def laravel(kind: str, version: int, request: pytest.FixtureRequest, folder: Path) -> Iterator[Laravel]:
    """Such a database, until the block ends."""
    if kind == "sqlite":
        yield SqliteLaravel(version, folder / "laravel.sqlite")
    else:
        server = request.getfixturevalue(kind)
        with server.new_database() as name:
            yield (PostgresqlLaravel if kind == "postgresql" else MariaDbLaravel)(version, server, name)


class Api:
    """An API behind `auth:api`: the JWT's signature, then the rows (Laravel\\Passport\\Guards\\TokenGuard)."""

    def __init__(self, database: Laravel, configuration: Configuration, now: int) -> None:
        keyring = read_keyring(configuration.path(configuration.keys))
        self._key = next(RSAKey.import_key(key) for key in keyring.public_jwks(now)["keys"] if key["kty"] == "RSA")
        self._database = database

    def claims(self, token: str) -> dict:
        """What a genuine token says."""
        return jwt.decode(token, self._key, algorithms=["RS256"], registry=_ANY_HEADER).claims

    def row(self, token: str) -> dict | None:
        """What is known of it here."""
        return self._database.row(self.claims(token)["jti"])

    def lets_in(self, token: str) -> bool:
        """Whether the guard does."""
        claims, row = self.claims(token), self.row(token)
        if row is None or row["revoked"]:
            return False
        client = self._database.query(f"SELECT revoked FROM oauth_clients WHERE id = '{claims['aud']}'")
        user = self._database.query(f"SELECT id FROM users WHERE id = '{row['user_id'] or 0}'")
        return bool(client) and not client[0]["revoked"] and (row["user_id"] is None or bool(user))

    def scopes(self, token: str) -> list[str]:
        """What it may do, by its row."""
        row = self.row(token)
        assert row is not None
        return json.loads(row["scopes"])


def seconds_of(moment: datetime | str) -> int:
    """A time as Laravel stores it, in UTC."""
    return int((datetime.fromisoformat(moment) if isinstance(moment, str) else moment).replace(tzinfo=UTC).timestamp())
