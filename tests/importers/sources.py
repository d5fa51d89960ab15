"""Databases of other servers, made with the statements that their own migrations execute, and read by the command."""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bcrypt

from dragoman.config.reading import read_configuration
from tests.cli.commanding import Folder, Outcome
from tests.postgresql import for_the_driver
from tests.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

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


Source = FileSource | ServerSource


def counts(outcome: Outcome) -> dict[str, dict[str, int]]:
    return outcome.json["counts"]


def ask(folder: Folder, path: str, basic: str | None = None, **form: str) -> tuple[int, dict]:
    """One token request, as an old client sends it, at the real server; `basic` is its id and secret."""
    headers = {} if basic is None else {"Authorization": f"Basic {b64encode(basic.encode()).decode()}"}
    with serving(read_configuration(folder.file)) as address:
        request = urllib.request.Request(address + path, urllib.parse.urlencode(form).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)
