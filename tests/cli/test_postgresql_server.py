"""`database = "postgresql://…"` is all it takes: the same commands, the same server, beside others of its kind."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from dragoman.config.reading import read_configuration
from tests.cli.commanding import STORED, Folder, make_folder, post, run
from tests.postgresql import ENCODED, PASSWORD, Cluster
from tests.serving import serving

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(postgresql: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder whose database is elsewhere, and not there at first."""
    with postgresql.new_database() as name:
        monkeypatch.setenv("DRAGOMAN_DATABASE", postgresql.url(name).reveal())
        folder = make_folder(tmp_path / "server")
        folder.change(level='level = "info"')
        yield folder


def _log_in(base: str, secret: str) -> tuple[int, dict]:
    return post(
        f"{base}/oauth2/token", ("app", secret), grant_type="password", username="ann", password="correct horse"
    )


def _refresh(base: str, secret: str, token: str) -> tuple[int, dict]:
    return post(f"{base}/oauth2/token", ("app", secret), grant_type="refresh_token", refresh_token=token)


def _ready(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/health/ready", timeout=30) as response:
            return response.status == 200
    except urllib.error.HTTPError as error:
        error.close()
        return error.code != 503


def test_two_servers_and_the_command_line_share_one_database(folder: Folder) -> None:
    assert not (folder.path / "dragoman.db").exists()
    secret = folder.client("app", "--grant-type", "password refresh_token")
    folder.user("ann")
    configuration = read_configuration(folder.file)
    with serving(configuration) as one, serving(configuration) as two:
        status, first = _log_in(one, secret)
        assert status == 200
        status, second = _refresh(two, secret, first["refresh_token"])
        assert status == 200
        status, retried = _refresh(one, secret, first["refresh_token"])
        assert (status, retried["refresh_token"]) == (200, second["refresh_token"])
        assert folder.done("token", "list", "--user", "ann", "--json").json
        folder.done("user", "sign-out", "ann")
        assert _refresh(two, secret, second["refresh_token"])[1]["error"] == "invalid_grant"


def test_the_doctor_looks_at_it_and_shows_no_password(folder: Folder) -> None:
    outcome = folder.run("doctor", "--json")
    states = {(one["check"], one["state"]) for one in outcome.json["findings"]}
    assert ("database", "ok") in states
    assert ("tokens", "ok") in states
    assert "disk" not in {check for check, _ in states}
    assert "The PostgreSQL database" in outcome.out
    for part in (PASSWORD, ENCODED):
        assert part not in outcome.out + outcome.err


def test_the_doctor_and_the_commands_tell_when_it_is_away_without_its_password(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_DATABASE", f"postgresql://dragoman:{ENCODED}@127.0.0.1:1/none")
    outcome = folder.run("doctor", "--json")
    assert outcome.status == 1
    (problem,) = [one for one in outcome.json["findings"] if one["check"] == "database"]
    assert "cannot be reached" in problem["text"]
    fault = folder.run("client", "list").fault
    assert "cannot be reached" in fault
    refused = run("serve", "--config", folder.file)
    assert refused.status == 2
    for part in (PASSWORD, ENCODED):
        assert part not in outcome.out + fault + refused.err


def test_while_the_database_is_away_clients_are_asked_to_come_again_and_then_nothing_is_lost(
    folder: Folder, postgresql: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = folder.client("app", "--grant-type", "password refresh_token")
    folder.user("ann")
    with serving(read_configuration(folder.file)) as base:
        _, session = _log_in(base, secret)
        assert _ready(base)
        postgresql.stop_immediately()
        try:
            for _ in range(2):
                status, refused = _refresh(base, secret, session["refresh_token"])
                assert (status, refused["error"]) == (503, "temporarily_unavailable")
            assert not _ready(base)
            with urllib.request.urlopen(f"{base}/health/live", timeout=30) as response:
                assert response.status == 200
        finally:
            postgresql.start()
        until = time.monotonic() + 60
        while not _ready(base):
            assert time.monotonic() < until
            time.sleep(0.05)
        status, successor = _refresh(base, secret, session["refresh_token"])
        assert status == 200
        assert successor["refresh_token"] != session["refresh_token"]
    logged = "".join(capfd.readouterr())
    for part in (PASSWORD, ENCODED, "Traceback"):
        assert part not in logged


def test_f17_a_server_without_its_database_gives_nothing_that_would_have_to_be_kept(
    folder: Folder, postgresql: Cluster
) -> None:
    """A token of no session that tells all itself needs no row, and goes on while its client is remembered."""
    secret = folder.client("app", "--grant-type", "password refresh_token client_credentials")
    kept = folder.client("kept", "--grant-type", "client_credentials", *STORED)
    folder.user("ann")
    folder.change(client_cache_seconds="client_cache_seconds = 60")

    def ask(client_id: str, client_secret: str) -> tuple[int, dict]:
        return post(f"{base}/oauth2/token", (client_id, client_secret), grant_type="client_credentials")

    with serving(read_configuration(folder.file)) as base:
        _, session = _log_in(base, secret)
        service = ask("app", secret)[1]["access_token"]
        assert ask("kept", kept)[0] == 200
        postgresql.stop_immediately()
        try:
            assert ask("app", secret)[0] == 200
            for status, refused in (
                ask("kept", kept),
                _log_in(base, secret),
                _refresh(base, secret, session["refresh_token"]),
                post(f"{base}/oauth2/introspect", ("app", secret), token=session["access_token"]),
                post(f"{base}/oauth2/introspect", ("app", secret), token=service),
            ):
                assert (status, refused["error"]) == (503, "temporarily_unavailable")
        finally:
            postgresql.start()
