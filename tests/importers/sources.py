"""Databases of other servers, made with the statements that their own migrations execute, and read by the command."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bcrypt

from dragoman.config.reading import read_configuration
from tests.cli.commanding import Folder, Outcome
from tests.postgresql import for_the_driver
from tests.posting import post
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.mariadb import MariaDb
    from tests.postgresql import Cluster

PASSWORD = "SjsRVfPE92"


def laravel_hash(password: str = PASSWORD) -> str:
    """As PHP's password_hash writes it, at a cost for tests."""
    return "$2y$" + bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()[4:]


@dataclass(frozen=True)
class FileSource:
    path: Path

    def fill(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def imported(self, folder: Folder, kind: str, *options: object) -> Outcome:
        before = (self.path.read_bytes(), sorted(self.path.parent.glob("old*")))
        outcome = folder.run("import", kind, self.path, *options)
        assert (self.path.read_bytes(), sorted(self.path.parent.glob("old*"))) == before, "the source was changed"
        return outcome


@dataclass(frozen=True)
class ServerSource:
    cluster: Cluster
    name: str

    def fill(self, *statements: str) -> None:
        self.cluster.run(*statements, database=self.name)

    def imported(self, folder: Folder, kind: str, *options: object) -> Outcome:
        return folder.run("import", kind, "-", *options, stdin=for_the_driver(self.cluster.url(self.name)))

    def dumped(self, *options: str) -> bytes:
        return self.cluster.dump(self.name, *options)


@dataclass(frozen=True)
class MariaDbSource:
    server: MariaDb
    name: str

    def fill(self, *statements: str) -> None:
        self.server.run(*statements, database=self.name)

    def imported(self, folder: Folder, kind: str, *options: object) -> Outcome:
        url = self.server.url(self.name, user="reader")
        return folder.run("import", kind, "-", *options, stdin=url.reveal())

    def dumped(self, *options: str) -> bytes:
        return self.server.dump(self.name, *options)


@dataclass(frozen=True)
class DumpSource:
    """What the database's own tool writes of it."""

    origin: ServerSource | MariaDbSource
    path: Path
    options: tuple[str, ...] = ()

    def fill(self, *statements: str) -> None:
        self.origin.fill(*statements)

    def imported(self, folder: Folder, kind: str, *options: object) -> Outcome:
        content = self.origin.dumped(*self.options)
        self.path.write_bytes(content)
        outcome = folder.run("import", kind, self.path, *options)
        assert self.path.read_bytes() == content, "the source was changed"
        return outcome


Source = FileSource | ServerSource | MariaDbSource | DumpSource


def database_of(source: Source) -> str:
    """Whose words its statements are in."""
    match source:
        case DumpSource():
            return database_of(source.origin)
        case FileSource():
            return "sqlite"
        case ServerSource():
            return "postgresql"
        case MariaDbSource():
            return "mariadb"


def counts(outcome: Outcome) -> dict[str, dict[str, int]]:
    return outcome.json["counts"]


def ask(folder: Folder, path: str, basic: str | None = None, **form: str) -> tuple[int, dict]:
    """One token request, as an old client sends it, at the real server; `basic` is its id and secret."""
    with asking(folder) as send:
        return send(path, basic, **form)


@contextmanager
def asking(folder: Folder) -> Iterator[Callable[..., tuple[int, dict]]]:
    """Several requests at one server."""
    with serving(read_configuration(folder.file)) as address:
        yield lambda path, basic=None, **form: post(address + path, basic, **form)
