"""The machine's clock set back, at run time and at start: F18, F20. What has expired stays expired."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dragoman.core.clock import SteadyClock
from dragoman.store.backup import reset_time
from tests.attacks.harness import START, Clock, Server, configuration_of, running
from tests.machine import Machine

HOUR = 3600


@pytest.fixture
def machine() -> Machine:
    return Machine()


def settle(server: Server) -> None:
    """Until the server has noted the time."""

    async def noted() -> bool:
        return await server.tool.installation.latest_time() >= server.clock()

    deadline = time.monotonic() + 60
    while not server.run(noted()):
        assert time.monotonic() < deadline


def test_f18_a_clock_set_back_at_run_time_revives_nothing(tmp_path: Path, machine: Machine):
    with running(configuration_of(tmp_path), machine.clock()) as server:
        client, owner = server.add_client(access_token_lifetime=600), server.add_owner()
        tokens = server.log_in(client, owner).document
        machine.wait(601)
        assert server.introspect(client, tokens["access_token"]) == {"active": False}
        machine.wall -= HOUR
        assert server.introspect(client, tokens["access_token"]) == {"active": False}
        renewed = server.refresh(client, tokens["refresh_token"]).document
        assert renewed["expires_in"] == 600
        told = server.introspect(client, renewed["access_token"])
        assert told["active"] is True
        assert told["iat"] == START + 601
        machine.wait(600)
        assert server.introspect(client, renewed["access_token"]) == {"active": False}


def test_f18_a_clock_set_back_before_the_start_revives_nothing_and_is_told(tmp_path: Path, machine: Machine):
    with running(configuration_of(tmp_path), machine.clock()) as server:
        client, owner = server.add_client(access_token_lifetime=600), server.add_owner()
        tokens = server.log_in(client, owner).document
        service = server.form("/oauth2/token", {"grant_type": "client_credentials", **server.credentials(client)})
        machine.wait(601)
        settle_now(server)
    machine.wall -= HOUR
    machine.up = 77.0
    with running(configuration_of(tmp_path), machine.clock()) as server:
        server._secrets[client] = ""
        for token in (tokens["access_token"], service.document["access_token"]):
            assert server.resource(token) == 401
        assert told_behind(server) == [("error", HOUR)]
        assert server.ask("GET", "/health/ready").status == 200


def told_behind(server: Server) -> list[tuple[str, int]]:
    """What the log says of it, once the line is out."""
    deadline = time.monotonic() + 60
    while not (lines := [line for line in server.log_lines() if line["event"] == "clock_behind"]):
        assert time.monotonic() < deadline
        server.ask("GET", "/health/live")
    return [(line["level"], line["seconds"]) for line in lines]


def settle_now(server: Server) -> None:
    """Note the time as the chore does every ten seconds."""
    server.run(server.tool.installation.note_time(server.clock()))


def test_f18_the_time_is_noted_and_a_later_one_stays(tmp_path: Path, machine: Machine):
    with running(configuration_of(tmp_path), machine.clock()) as server:
        settle(server)
        assert server.run(server.tool.installation.latest_time()) == START
        server.run(server.tool.installation.note_time(START + 50))
    with running(configuration_of(tmp_path), machine.clock()) as server:
        settle(server)
        assert server.run(server.tool.installation.latest_time()) == START + 50
        assert server.clock() == START  # half a minute to either side is nothing


def test_f18_a_clock_that_was_far_ahead_once_can_be_reset(tmp_path: Path):
    ahead = Machine(wall=START + 365 * 86400)
    configuration = configuration_of(tmp_path)
    with running(configuration, ahead.clock()) as server:
        client, owner = server.add_client(), server.add_owner()
        secret = server.secret_of(client)
        tokens = server.log_in(client, owner).document
        settle_now(server)
    assert reset_time(configuration.path(configuration.database), START) == 1
    with running(configuration, Machine().clock()) as server:
        assert server.clock() == START
        server._secrets[client] = secret
        assert server.refresh(client, tokens["refresh_token"]).error == "invalid_grant"
        assert server.introspect(client, tokens["access_token"]) == {"active": False}
        assert [grant.revoked_because for grant in server.grants(client)] == ["clock_reset"]
        assert server.introspect(client, server.log_in(client, owner).document["access_token"])["active"] is True


@pytest.mark.parametrize("ahead", [0, 365 * 86400], ids=["issued before", "issued in it"])
def test_f18_what_was_revoked_and_forgotten_in_a_time_that_was_wrong_stays_so(tmp_path: Path, ahead: int):
    """A clock far ahead has revocations purged: to it, what they revoke has ended."""
    configuration, machine = configuration_of(tmp_path), Machine()
    with running(configuration, machine.clock()) as server:
        client = server.add_client()
        secret, fields = server.secret_of(client), {"grant_type": "client_credentials", **server.credentials(client)}
        machine.wait(ahead)
        token = server.form("/oauth2/token", fields).document["access_token"]
        assert server.form("/oauth2/revoke", {**server.credentials(client), "token": token}).status == 200
        machine.wait(365 * 86400)
        server.purge(server.clock() - 3600)
        assert server.rows()["revoked_access_tokens"] == 0
        settle_now(server)
    reset_time(configuration.path(configuration.database), START + 10)
    with running(configuration, Machine(wall=START + 10).clock()) as server:
        server._secrets[client] = secret
        assert server.introspect(client, token) == {"active": False}
        assert server.resource(token) == 401
        again = server.form("/oauth2/token", fields).document["access_token"]
        assert server.introspect(client, again)["active"] is True


def test_f20_a_node_half_a_minute_behind_and_one_ahead_refresh_for_each_other(tmp_path: Path):
    """One database, two clocks a minute apart; each takes its turn."""
    behind, ahead = Clock(START - 30), Clock(START + 30)
    configuration = configuration_of(tmp_path)
    with running(configuration, ahead) as server:
        client, owner = server.add_client(grace=0), server.add_owner()
        secret, token = server.secret_of(client), server.log_in(client, owner).document["refresh_token"]
    for clock in (behind, ahead, behind, ahead):
        with running(configuration, SteadyClock(clock, lambda: 0.0)) as server:
            server._secrets[client] = secret
            answer = server.refresh(client, token).document
            assert server.introspect(client, answer["access_token"])["active"] is True
            assert answer["expires_in"] == 3600
            spent, token = token, answer["refresh_token"]
    with running(configuration, behind) as server:
        server._secrets[client] = secret
        assert server.refresh(client, spent).error == "invalid_grant"
