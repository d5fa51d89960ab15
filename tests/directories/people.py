"""A table of accounts as another program keeps it: ours for tests, in SQLite."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import argon2
import bcrypt

from dragoman.config.directory import ColumnsTable, DirectoryTable, SqlDirectoryTable

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "tr0ub4dor and three"
OLD_PASSWORD = "abc12"
"""Shorter than any that could be set today."""
SCHEMA = """CREATE TABLE members (
    number INTEGER PRIMARY KEY, login TEXT, mail TEXT, given TEXT, family TEXT, pw TEXT, roles TEXT, active INTEGER
)"""
QUERY = "SELECT * FROM members WHERE login = :login OR mail = :login"
FIND = "SELECT * FROM members WHERE number = :id"
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


class Members:
    """The table, and what its own program does to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(SCHEMA)

    def add(self, number: int, login: str, stored: str | None = None, **cells: object) -> None:
        """One more account."""
        values = {"mail": f"{login}@members.example", "given": "Ann", "family": "Lee", "roles": "ROLE_A ROLE_B"}
        values |= {"number": number, "login": login, "pw": stored or bcrypt_of(PASSWORD), "active": 1, **cells}
        names = ", ".join(values)
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                f"INSERT INTO members ({names}) VALUES ({', '.join('?' * len(values))})", tuple(values.values())
            )

    def change(self, number: int, **cells: object) -> None:
        """Another value in some columns."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for name, cell in cells.items():
                connection.execute(f"UPDATE members SET {name} = ? WHERE number = ?", (cell, number))

    def remove(self, number: int) -> None:
        """One account less."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("DELETE FROM members WHERE number = ?", (number,))

    def table(self, **settings: object) -> DirectoryTable:
        """The configuration that names it."""
        sql = SqlDirectoryTable(url=str(self.path), log_in=QUERY, find=FIND, columns=COLUMNS)
        return DirectoryTable(sql=sql, **{"timeout_seconds": 10, **settings})
