"""Several processes, commands beside them, and deaths in between: what is ended anywhere ends at the API."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

import pytest

from dragoman.config.reading import read_configuration
from tests.cli.commanding import Folder, make_folder
from tests.mirror.laravel import Api, Laravel, laravel
from tests.processes import running_server, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.processes import ServerProcess

PASSWORD = "correct horse battery"


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Laravel]:
    """A file, unless a test asks for another kind."""
    with laravel(getattr(request, "param", "sqlite"), 12, request, tmp_path) as found:
        found.add_user(10)
        yield found


@pytest.fixture
def folder(tmp_path: Path, database: Laravel) -> Folder:
    """A server with a mirror, as its page says; the client is `2`, and ann is the user 10."""
    made = make_folder(tmp_path / "server", "--dialect", "passport-12")
    made.file.write_text(database.written(made.file.read_text()))
    made.user("ann", "--id", "10", password=PASSWORD)
    return made


@pytest.fixture
def secret(folder: Folder) -> str:
    return folder.client("2", "--dialect", "passport-12", "--grant-type", "password refresh_token")


def api_of(folder: Folder, database: Laravel) -> Api:
    return Api(database, read_configuration(folder.file), int(time.time()))


def fetch(server: ServerProcess, secret: str, **form: str) -> dict:
    body = urllib.parse.urlencode({"client_id": "2", "client_secret": secret, **form}).encode()
    with urllib.request.urlopen(f"{server.base_url}/oauth/token", body, timeout=60) as answer:
        return json.load(answer)


def log_in(server: ServerProcess, secret: str) -> dict:
    return fetch(server, secret, grant_type="password", username="ann", password=PASSWORD)


def test_a_command_ends_sessions_of_all_workers_and_one_without_a_server_those_of_the_next(
    folder: Folder, database: Laravel, secret: str
):
    with running_server(folder.file, workers=2) as server:
        api = api_of(folder, database)
        tokens = [log_in(server, secret)["access_token"] for _ in range(6)]
        assert all(map(api.lets_in, tokens))
        folder.done("user", "sign-out", "ann")
        wait_until(lambda: not any(map(api.lets_in, tokens)))
        late = log_in(server, secret)["access_token"]
        assert server.stop() == 0
    folder.done("user", "sign-out", "ann")
    assert api.lets_in(late), "nobody was there to tell"
    with running_server(folder.file):
        wait_until(lambda: not api.lets_in(late))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_each_command_that_ends_sessions_ends_their_rows_and_the_others_say_that_they_do_not(
    folder: Folder, database: Laravel, secret: str
):
    with running_server(folder.file) as server:
        api = api_of(folder, database)
        kept = log_in(server, secret)["access_token"]
        for state in (("client", "disable", "2"), ("user", "update", "ann", "--expired")):
            assert "in the mirror the access tokens of" in folder.done(*state).err
        assert folder.done("client", "enable", "2").err == ""
        assert folder.done("user", "update", "ann", "--not-expired").err == ""
        assert api.lets_in(kept)
        for command in (
            ("user", "set-password", "ann", "--password-stdin"), ("user", "disable", "ann"),
            ("client", "sign-out", "2", "--yes"), ("user", "delete", "ann", "--yes"), ("client", "delete", "2", "--yes"),
        ):  # fmt: skip
            token = log_in(server, secret)["access_token"]
            assert api.lets_in(token)
            folder.done(*command, stdin=PASSWORD)
            wait_until(lambda token=token: not api.lets_in(token))
            if command[:2] == ("user", "disable"):
                folder.done("user", "enable", "ann")
            if command[:2] == ("user", "delete"):
                folder.user("ann", "--id", "10", password=PASSWORD)


def test_killed_between_the_row_and_the_grant_nothing_is_lost(folder: Folder, database: Laravel, secret: str):
    with running_server(folder.file, environment={"DRAGOMAN_FAILPOINTS": "refresh.before_commit=kill@2"}) as server:
        first = fetch(server, secret, grant_type="password", username="ann", password=PASSWORD)
        second = fetch(server, secret, grant_type="refresh_token", refresh_token=first["refresh_token"])
        with pytest.raises(OSError):
            fetch(server, secret, grant_type="refresh_token", refresh_token=second["refresh_token"])
        assert len(database.rows()) == 3, "the row was written first"
        third: list[dict] = []

        def comes_back() -> bool:
            try:
                third.append(fetch(server, secret, grant_type="refresh_token", refresh_token=second["refresh_token"]))
            except urllib.error.HTTPError:
                raise
            except OSError:
                return False
            return True

        wait_until(comes_back)
        api = api_of(folder, database)
        assert api.lets_in(third[0]["access_token"])
        assert len(database.rows()) == 3, "the same token, so the same row"
