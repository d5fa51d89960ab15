"""A server's folder on either database, for backups and restores."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from dragoman.config.reading import read_configuration
from dragoman.store.sqlite.time import noted_time
from tests.cli.commanding import Folder, make_folder, post
from tests.processes import wait_until
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgresql import Cluster

PASSWORD = "correct horse"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A folder with a client and a person."""

    folder: Folder
    secret: str
    cluster: Cluster | None
    databases: ExitStack = field(default_factory=ExitStack)

    def empty(self) -> tuple[str, ...]:
        """Make room for a restore; the options that it needs then."""
        if self.cluster is None:
            return ("--replace",)
        name = self.databases.enter_context(self.cluster.new_database())
        self.folder.change(database=f"database = {json.dumps(self.cluster.url(name).reveal())}")
        return ()

    @contextmanager
    def serving(self) -> Iterator[Asking]:
        with serving(read_configuration(self.folder.file)) as address:
            wait_until(self._has_noted_the_time)  # a server that ends before that has not been in use
            yield Asking(address=address, client=("app", self.secret))

    def _has_noted_the_time(self) -> bool:
        if self.cluster is None:
            return noted_time(self.folder.path / "dragoman.db") > 0
        name = self.folder.file.read_text().rpartition("/dragoman_")[2].partition("?")[0]
        found = self.cluster.run("SELECT 1 FROM installation WHERE name = 'latest time'", database=f"dragoman_{name}")
        return len(found) > 0


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A running server, and what clients ask of it."""

    address: str
    client: tuple[str, str]

    def token(self, **form: str) -> tuple[int, dict]:
        return post(f"{self.address}/oauth2/token", self.client, **form)

    def log_in(self) -> dict:
        status, answer = self.token(grant_type="password", username="ann", password=PASSWORD)
        assert status == 200, answer
        return answer

    def refresh(self, answer: dict) -> tuple[int, dict]:
        return self.token(grant_type="refresh_token", refresh_token=answer["refresh_token"])

    def refreshed(self, answer: dict) -> dict:
        status, renewed = self.refresh(answer)
        assert status == 200, renewed
        return renewed

    def for_itself(self) -> dict:
        status, answer = self.token(grant_type="client_credentials")
        assert status == 200, answer
        return answer

    def is_active(self, answer: dict) -> bool:
        return post(f"{self.address}/oauth2/introspect", self.client, token=answer["access_token"])[1]["active"]

    def revoke(self, answer: dict) -> None:
        post_bare(f"{self.address}/oauth2/revoke", self.client, token=answer["access_token"])


def post_bare(url: str, client: tuple[str, str], **fields: str) -> None:
    """A form whose answer has no body."""
    import urllib.parse
    import urllib.request
    from base64 import b64encode

    basic = b64encode(":".join(client).encode()).decode()
    request = urllib.request.Request(url, urllib.parse.urlencode(fields).encode(), {"Authorization": f"Basic {basic}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 200


def make_site(path: Path, cluster: Cluster | None = None, database: str = "") -> Site:
    folder = make_folder(path)
    settings = {"level": 'level = "error"'}
    if cluster is not None:
        settings["database"] = f"database = {json.dumps(cluster.url(database).reveal())}"
    folder.change(**settings)
    grant_types = "password refresh_token client_credentials"
    secret = folder.client("app", "--grant-type", grant_types)
    folder.user("ann", password=PASSWORD)
    return Site(folder=folder, secret=secret, cluster=cluster)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    if request.param == "sqlite":
        yield make_site(tmp_path / "server")
        return
    cluster = request.getfixturevalue("postgresql")
    monkeypatch.setenv("PATH", f"{cluster._programs}{os.pathsep}{os.environ['PATH']}")
    with cluster.new_database() as name:
        one = make_site(tmp_path / "server", cluster, name)
        with one.databases:
            yield one


def query(path: Path, statement: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()
