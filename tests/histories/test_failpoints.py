"""Failpoints: what happens at them, that they are told, and that nothing else than a known one can be set."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dragoman.wiring.failpoints import NAMES, VARIABLE, FailpointFault, read_failpoints
from tests.attacks.harness import DIALECTS, configuration_of, running
from tests.attacks.spelling import log_in, send
from tests.histories.kill_rounds import POINTS
from tests.spellings import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attacks.harness import Server

    Start = Callable[[str], Server]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Start:
    """A server with these failpoints."""

    def begin(failpoints: str) -> Server:
        monkeypatch.setenv(VARIABLE, failpoints)
        context = running(configuration_of(tmp_path / "data"))
        server = context.__enter__()
        request.addfinalizer(lambda: context.__exit__(None, None, None))
        return server

    (tmp_path / "data").mkdir(mode=0o700)
    return begin


def test_r23_what_fails_before_the_commit_leaves_the_refresh_token_as_it_was(start: Start):
    server = start("refresh.before_commit=io-error%0.5")
    client, token = logged_in(server)
    refused = 0
    for turn in range(1, 31):
        while (answer := server.refresh(client, token)).status == 503:
            refused += 1
            assert answer.header("Retry-After")
            assert [grant.generation for grant in server.grants(client)] == [turn - 1]
        token = answer.document["refresh_token"]
        assert [grant.generation for grant in server.grants(client)] == [turn]
    assert refused > 0


@pytest.mark.parametrize("token_format", ["dialect", "opaque"])
@pytest.mark.parametrize("dialect", [name for name in DIALECTS if "refresh_token" in WORDS[name].grant_types])
def test_r23_nothing_is_left_of_it_in_any_dialect(start: Start, dialect: str, token_format: str):
    server = start("refresh.before_commit=io-error%0.5")
    client, owner = server.add_client(token_format=token_format), server.add_owner()
    token = log_in(server, dialect, client, owner).document["refresh_token"]
    statuses: list[int] = []
    while statuses[-2:] != [503, 200]:
        assert len(statuses) < 100
        before = server.rows()
        answer = send(server, dialect, client, grant_type="refresh_token", refresh_token=token)
        statuses.append(answer.status)
        if answer.status == 503:
            assert server.rows() == before
        token = answer.document.get("refresh_token", token)


def test_r23_an_answer_lost_after_the_commit_is_given_again(start: Start):
    server = start("refresh.after_commit=io-error")
    client, token = logged_in(server)
    assert server.refresh(client, token).status == 503
    again = server.refresh(client, token)
    assert again.status == 200
    (grant,) = server.grants(client)
    assert (grant.generation, grant.revoked_at) == (1, None)


def test_i13_a_revocation_that_fails_is_not_told_as_done(start: Start):
    server = start("revoke.before_commit=io-error")
    client, token = logged_in(server)
    fields = {**server.credentials(client), "token": token}
    assert server.form("/oauth2/revoke", fields).status == 503
    assert server.refresh(client, token).status == 200


def test_an_exception_is_a_fault_in_the_log_and_nothing_more_to_the_client(start: Start):
    server = start("refresh.after_judge=raise@2")
    client, token = logged_in(server)
    assert server.refresh(client, token).status == 200
    refused = server.refresh(client, token)
    assert (refused.status, refused.error) == (500, "server_error")
    assert b"failpoint" not in refused.body
    assert any("failpoint refresh.after_judge" in line for line in server.log.getvalue().decode().splitlines())


def test_a_point_before_the_first_byte_belongs_to_its_grant_type(start: Start):
    server = start("refresh.before_first_byte=raise")
    client, token = logged_in(server)
    with pytest.raises(RuntimeError, match=r"refresh\.before_first_byte"):
        server.refresh(client, token)
    assert server.introspect(client, token)["active"] is False


def test_waiting_changes_nothing(start: Start):
    server = start("refresh.after_commit=sleep:1, reuse.after_commit=sleep:1")
    client, token = logged_in(server)
    assert server.refresh(client, token).status == 200


def test_a_server_tells_at_its_start_that_failpoints_are_set(start: Start):
    server = start("refresh.after_commit=kill")
    (line,) = [line for line in server.log_lines() if line["event"] == "failpoints_are_set"]
    assert (line["level"], line["variable"], line["names"]) == ("error", VARIABLE, "refresh.after_commit")


@pytest.mark.parametrize(
    "text",
    [
        "refresh", "refresh.after_commit", "refresh.after_commit=", "refresh.after_commit=explode",
        "nowhere.at_all=kill", "refresh.after_commit=sleep", "refresh.after_commit=kill@", "refresh.after_commit=kill%2",
        "refresh.after_commit=kill;revoke.after_commit=kill",
    ],
)  # fmt: skip
def test_what_names_no_failpoint_is_refused(text: str):
    with pytest.raises(FailpointFault, match=VARIABLE) as told:
        read_failpoints({VARIABLE: text}, lambda: 0.0)
    assert "refresh.after_commit" in str(told.value)


def test_nothing_is_set_where_nothing_is_said():
    for environment in ({}, {VARIABLE: ""}, {VARIABLE: " "}):
        assert read_failpoints(environment, lambda: 0.0).names == ()


def test_kill_rounds_know_every_failpoint():
    assert set(POINTS) == NAMES


def test_doctor_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    command = str(Path(sys.executable).with_name("dragoman"))
    folder = tmp_path / "data"
    subprocess.run([command, "init", str(folder)], check=True, capture_output=True)
    monkeypatch.setenv(VARIABLE, "refresh.after_commit=kill")
    asked = [command, "doctor", "--json", "--config", str(folder / "dragoman.toml")]
    told = json.loads(subprocess.run(asked, check=False, capture_output=True).stdout)
    found = {finding["check"]: finding for finding in told["findings"]}
    assert found["failpoints"]["state"] == "warning"
    assert VARIABLE in found["failpoints"]["remedy"]


def logged_in(server: Server) -> tuple[str, str]:
    """A client and its refresh token."""
    client = server.add_client()
    return client, server.log_in(client, server.add_owner()).document["refresh_token"]
