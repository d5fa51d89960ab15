from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.attacks.harness import Answer, Server, configuration_of, running
from tests.mirror.laravel import Api, Laravel, SqliteLaravel, laravel
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LAYOUTS = (("sqlite", 12), ("postgresql", 13), ("mariadb", 12))
"""Kinds of databases, and the version of Passport that made the tables."""
MIRRORED = ("jobspace", "passport-12", "passport-13")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A server with a mirror, the database that it mirrors into, and an API over that."""

    server: Server
    database: Laravel
    api: Api

    @property
    def path(self) -> str:
        """Where the client asks for tokens."""
        return f"/passport-{self.database.version}/oauth/token"

    def add_user(self, number: int) -> str:
        """Somebody whom both know; the user name."""
        self.database.add_user(number)
        return self.server.add_owner(id=str(number))

    def log_in(self, username: str, **more: str) -> Answer:
        form = {"grant_type": "password", "username": username, "password": "correct horse battery", **more}
        return self._post(form)

    def refresh(self, token: str, **more: str) -> Answer:
        return self._post({"grant_type": "refresh_token", "refresh_token": token, **more})

    def for_itself(self) -> Answer:
        return self._post({"grant_type": "client_credentials"})

    def revoke(self, token: str) -> None:
        """RFC 7009, by the client."""
        answer = self.server.form(
            "/oauth2/revoke", {**self.server.credentials(self.database.client_id), "token": token}
        )
        assert answer.status == 200

    def becomes(self, look: Callable[[], bool]) -> None:
        """It does, while the server goes on."""
        wait_until(lambda: (self.server.run(asyncio.sleep(0.05)), look())[1])

    def ends(self, token: str) -> None:
        """The API stops letting it in."""
        self.becomes(lambda: not self.api.lets_in(token))

    def _post(self, form: dict[str, str]) -> Answer:
        return self.server.form(self.path, {**self.server.credentials(self.database.client_id), **form})


@pytest.fixture(scope="module", params=LAYOUTS, ids=str)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """For each kind of database and layout of the tables."""
    kind, version = request.param
    folder = tmp_path_factory.mktemp("mirror")
    with laravel(kind, version, request, folder) as database, mirrored(database, folder) as told:
        yield told
        log = told.server.log.getvalue()
        assert b'"event":"fault"' not in log.replace(b": ", b":")
        assert b"p@ss" not in log


@contextmanager
def mirrored(database: Laravel, folder: Path, **settings: object) -> Iterator[Story]:
    """A server that mirrors into this database, until the block ends."""
    with running(configuration_of(folder, mirror=database.table(**{"dialects": MIRRORED, **settings}))) as server:
        server.add_client(id=database.client_id)
        yield Story(server=server, database=database, api=Api(database, server.configuration, server.clock()))


@pytest.fixture
def file_story(tmp_path: Path) -> Iterator[Story]:
    """With a file, which is enough where the kind of database makes no difference."""
    with mirrored(SqliteLaravel(12, tmp_path / "laravel.sqlite"), tmp_path) as told:
        yield told
