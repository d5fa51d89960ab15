"""A table of accounts as another program keeps it, in SQLite, PostgreSQL or MariaDB."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import argon2
import bcrypt

from dragoman.config.directory import ColumnsTable, DirectoryTable, SqlDirectoryTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from tests.mariadb import MariaDb
    from tests.postgresql import Cluster

PASSWORD = "tr0ub4dor and three"
OLD_PASSWORD = "abc12"
"""Shorter than any that could be set today."""
SCHEMA = """CREATE TABLE members (
    number INTEGER PRIMARY KEY, login VARCHAR(100), mail VARCHAR(100), given VARCHAR(100), family VARCHAR(100),
    pw VARCHAR(200), roles VARCHAR(100), active INTEGER
)"""
QUERY = "SELECT *, 'a:b %s %' AS remark FROM members WHERE login = :login OR mail = :login"
FIND = "SELECT * FROM members WHERE number = :id"
SAMPLE = "SELECT pw FROM members"
COLUMNS = ColumnsTable(
    id="number", username="login", email="mail", first_name="given", last_name="family", password_hash="pw",
    authorities="roles", enabled="active",
)  # fmt: skip


def bcrypt_of(password: str) -> str:
    """As the other program stores it."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def argon2_of(password: str) -> str:
    """As this program stores it in tests."""
    return argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


class Members(ABC):
    """The table, and what its own program does to it."""

    def add(self, number: int, login: str, stored: str | None = None, **cells: object) -> None:
        """One more account."""
        values = {"mail": f"{login}@members.example", "given": "Ann", "family": "Lee", "roles": "ROLE_A ROLE_B"}
        values |= {
            "number": number,
            "login": login,
            "pw": bcrypt_of(PASSWORD) if stored is None else stored,
            "active": 1,
            **cells,
        }
        self._run(f"INSERT INTO members ({', '.join(values)}) VALUES ({', '.join(map(_literal, values.values()))})")

    def change(self, number: int, **cells: object) -> None:
        """Other values in some columns."""
        changes = ", ".join(f"{name} = {_literal(cell)}" for name, cell in cells.items())
        self._run(f"UPDATE members SET {changes} WHERE number = {number}")

    def remove(self, number: int) -> None:
        """One account less."""
        self._run(f"DELETE FROM members WHERE number = {number}")

    def clear(self) -> None:
        """Nobody."""
        self._run("DELETE FROM members")

    def table(self, **settings: object) -> DirectoryTable:
        """The configuration that names it."""
        sql = {"url": self.url, "log_in": QUERY, "find": FIND, "columns": COLUMNS, **settings.pop("sql", {})}
        return DirectoryTable(sql=SqlDirectoryTable(**sql), **{"timeout_seconds": 10, **settings})

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it is."""

    @abstractmethod
    def _run(self, statement: str) -> None:
        """Change what is there."""


class SqliteMembers(Members):
    """In a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._run(SCHEMA)

    @property
    def url(self) -> str:
        return str(self.path)

    def _run(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path, timeout=60)) as connection, connection:
            connection.execute(statement)


class PostgresqlMembers(Members):
    """In a database of the test's own cluster."""

    def __init__(self, cluster: Cluster, database: str) -> None:
        self._cluster = cluster
        self._database = database
        self._run(SCHEMA)

    @property
    def url(self) -> str:
        return self._cluster.url(self._database).reveal()

    def _run(self, statement: str) -> None:
        self._cluster.run(statement, database=self._database)


class MariaDbMembers(Members):
    """In a database of the test's own server, read by a user that may only read."""

    def __init__(self, server: MariaDb, database: str) -> None:
        self._server = server
        self._database = database
        self._run(SCHEMA)

    @property
    def url(self) -> str:
        return self._server.url(self._database, user="reader").reveal()

    def _run(self, statement: str) -> None:
        self._server.run(statement, database=self._database)


@contextmanager
def members_in(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Members]:
    """An empty table in a database of this kind."""
    if kind == "sqlite":
        yield SqliteMembers(folder / "members.db")
    elif kind == "postgresql":
        cluster = request.getfixturevalue("postgresql")
        with cluster.new_database() as name:
            yield PostgresqlMembers(cluster, name)
    else:
        server = request.getfixturevalue("mariadb")
        with server.new_database() as name:
            yield MariaDbMembers(server, name)


def _literal(cell: object) -> str:
    return "NULL" if cell is None else str(cell) if isinstance(cell, int) else "'" + str(cell).replace("'", "''") + "'"
