"""Commands beside a shared server: it is told of changes, and looked at by the doctor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import redis

from tests.redis_server import ENCODED, PASSWORD, RedisServer, redis_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.commanding import Folder


@pytest.fixture(autouse=True)
def _shared(shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_SHARED", shared_server.url().reveal())


@pytest.fixture
def hints(shared_server: RedisServer) -> Iterator[redis.client.PubSub]:
    with redis.Redis(port=shared_server.port, password=PASSWORD) as client, client.pubsub() as heard:
        heard.subscribe("dragoman:hints")
        assert heard.get_message(timeout=60)["type"] == "subscribe"
        yield heard


def said(hints: redis.client.PubSub) -> str:
    return hints.get_message(timeout=60)["data"].decode()


def findings(folder: Folder, check: str = "shared") -> list[tuple[str, str, str]]:
    outcome = folder.run("doctor", "--json")
    for part in (PASSWORD, ENCODED, "Traceback"):
        assert part not in outcome.out + outcome.err
    return [
        (one["state"], one["text"], one["remedy"]) for one in outcome.json["findings"] if one["check"] == check
    ]  # fmt: skip


def test_every_change_of_a_client_or_of_keys_is_announced_after_it_was_made(folder: Folder, hints):
    folder.client("app", "--grant-type", "client_credentials")
    assert said(hints) == "client app"
    for command in ("disable", "enable", "rotate-secret", "drop-old-secrets"):
        folder.done("client", command, "app")
        assert said(hints) == "client app"
    folder.done("client", "update", "app", "--name", "Another")
    assert said(hints) == "client app"
    folder.done("client", "delete", "app", "--yes")
    assert said(hints) == "client app"
    kid = folder.done("key", "rotate", "--json").json["kid"]
    assert said(hints) == "keys"
    folder.done("key", "retire", kid, "--in", 60)
    assert said(hints) == "keys"
    folder.run("client", "disable", "nobody")
    folder.done("client", "list")
    folder.user("ann")
    folder.done("user", "disable", "ann")
    assert hints.get_message(timeout=0.1) is None


def test_another_prefix_is_another_channel(folder: Folder, hints, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DRAGOMAN_SHARED_PREFIX", "other")
    folder.client("app", "--grant-type", "client_credentials")
    assert hints.get_message(timeout=0.1) is None


def test_a_change_is_made_though_nobody_can_be_told(folder: Folder, shared_server: RedisServer):
    shared_server.kill()
    created = folder.done("client", "create", "app", "--grant-type", "client_credentials", "--json")
    assert created.json["id"] == "app"
    warnings = [line for line in created.err.splitlines() if "could not be told" in line]
    assert len(warnings) == 1
    assert "(connection refused); they notice within 1 s" in warnings[0]
    rotated = folder.done("key", "rotate", "--json")
    assert "could not be told" in rotated.err
    assert PASSWORD not in created.err + rotated.err


def test_the_doctor_finds_that_hints_arrive(folder: Folder, shared_server: RedisServer):
    shown = f"the shared server at 127.0.0.1:{shared_server.port}"
    ((state, text, remedy),) = findings(folder)
    assert (state, remedy) == ("ok", "")
    assert re.fullmatch(re.escape(shown) + r": Valkey [0-9.]+, hints arrive", text)


def test_the_doctor_of_who_has_no_shared_server_says_nothing_of_it(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DRAGOMAN_SHARED")
    assert findings(folder) == []


def test_the_doctor_tells_what_could_be_better(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    with redis_server("valkey", "maxmemory 64mb", "maxmemory-policy noeviction", "replicaof 127.0.0.1 1") as server:
        monkeypatch.setenv("DRAGOMAN_SHARED", server.url(user="dragoman").reveal())
        found = findings(folder)
        assert [state for state, _, _ in found] == ["warning", "warning", "ok"]
        assert "replica" in found[0][1]
        assert "volatile-ttl" in found[1][2]
        server.run("ACL", "SETUSER", "dragoman", "-info")
        found = findings(folder)
        assert [state for state, _, _ in found] == ["warning", "ok"]
        assert found[0][1].endswith("nothing more can be seen of it: its user may not INFO")
        assert "of an unknown version, hints arrive" in found[1][1]


def test_the_doctor_tells_that_guesses_are_not_counted_there(
    folder: Folder, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DRAGOMAN_SHARED", shared_server.url(user="dragoman").reveal())
    assert findings(folder, "throttle") == []
    assert [state for state, _, _ in findings(folder)] == ["ok"]
    shared_server.run("ACL", "SETUSER", "dragoman", "-evalsha")
    ((state, text, remedy),) = findings(folder, "throttle")
    assert (state, text.partition(": ")[2]) == ("problem", "its user may not EVALSHA")
    assert "each machine counts by itself" in remedy
    monkeypatch.setenv("DRAGOMAN_THROTTLE__ENABLED", "false")
    assert findings(folder, "throttle") == []


def test_the_doctor_tells_why_it_is_of_no_use(
    folder: Folder, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch
):
    shared_server.run("ACL", "SETUSER", "dragoman", "-publish")
    monkeypatch.setenv("DRAGOMAN_SHARED", shared_server.url(user="dragoman").reveal())
    ((state, text, _),) = findings(folder)
    assert (state, text.partition(": ")[2]) == ("problem", "its user may not PUBLISH")
    shared_server.kill()
    ((state, text, remedy),) = findings(folder)
    assert (state, text.partition(": ")[2]) == ("problem", "connection refused")
    assert "servers go on" in remedy
    monkeypatch.setenv("DRAGOMAN_SHARED", f"rediss://:{ENCODED}@127.0.0.1:1?sslrootcert=/nowhere.pem")
    ((state, text, _),) = findings(folder)
    assert state == "problem"
    assert "sslrootcert" in text
