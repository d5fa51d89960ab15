"""A whole server with a shared one beside it: changes are seen at once, and its faults change nothing for clients."""

from __future__ import annotations

import http.client
import signal
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cli.commanding import STORED, Folder, make_folder, post, run
from tests.processes import running_server, wait_until
from tests.redis_server import ENCODED, PASSWORD, RedisServer
from tests.workers.load import TOKEN_PATH, form, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.processes import ServerProcess

WORKERS = 2


@pytest.fixture
def folder(tmp_path: Path, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Whose clients may be a minute old as long as hints are heard."""
    monkeypatch.setenv("DRAGOMAN_SHARED", shared_server.url(user="dragoman").reveal())
    monkeypatch.setenv("DRAGOMAN_CLIENT_CACHE_SECONDS", "60")
    return make_folder(tmp_path / "server")


@pytest.fixture
def shop(folder: Folder) -> tuple[str, str]:
    """Whose every token is a write."""
    return "shop", folder.client("shop", "--grant-type", "client_credentials", *STORED)


def wait_for_listeners(server: RedisServer, number: int = WORKERS) -> None:
    """Until all workers hear hints."""
    wait_until(lambda: server.count_listeners() == number)


def statuses(server: ServerProcess, client: tuple[str, str], number: int = 12) -> set[int]:
    """What so many requests over as many connections are answered; some for each worker."""
    return {post(f"{server.base_url}{TOKEN_PATH}", client, grant_type="client_credentials")[0] for _ in range(number)}


def test_commands_are_noticed_at_once_though_clients_are_kept_for_a_minute(
    folder: Folder, shop: tuple[str, str], shared_server: RedisServer
):
    with running_server(folder.file, workers=WORKERS) as server:
        wait_for_listeners(shared_server)
        assert statuses(server, shop) == {200}
        assert statuses(server, ("later", "x" * 32)) == {401}
        folder.done("client", "disable", "shop")
        wait_until(lambda: 200 not in statuses(server, shop))
        folder.done("client", "enable", "shop")
        wait_until(lambda: statuses(server, shop) == {200})
        drawn = folder.done("client", "rotate-secret", "shop", "--json").json["secret"]
        wait_until(lambda: statuses(server, shop) == {401} and statuses(server, ("shop", drawn)) == {200})
        later = "later", folder.client("later", "--grant-type", "client_credentials")
        wait_until(lambda: statuses(server, later) == {200})
        folder.done("client", "delete", "later", "--yes")
        wait_until(lambda: statuses(server, later) == {401})
        folder.done("key", "rotate", "access", "--active-in", "60")
        wait_until(lambda: len(server.events("keys_read_again")) == WORKERS)
        assert server.stop() == 0
        assert server.events("shared_away") == []


def test_a_server_starts_without_it_warns_once_and_notices_changes_after_a_second(
    folder: Folder, shop: tuple[str, str], shared_server: RedisServer
):
    shared_server.stop()
    with running_server(folder.file, workers=WORKERS) as server:
        wait_until(lambda: len(server.events("shared_away")) == WORKERS)
        assert {line["level"] for line in server.events("shared_away")} == {"warning"}
        assert {line["reason"] for line in server.events("shared_away")} == {"connection refused"}
        assert statuses(server, shop) == {200}
        disabled = folder.done("client", "disable", "shop")
        assert "warning: running servers could not be told" in disabled.err
        assert "they notice within 60 s" in disabled.err
        wait_until(lambda: 200 not in statuses(server, shop))
        shared_server.start()
        wait_for_listeners(shared_server)
        wait_until(lambda: len(server.events("shared_back")) == WORKERS)
        folder.done("client", "enable", "shop")
        wait_until(lambda: statuses(server, shop) == {200})
        assert len(server.events("shared_away")) == WORKERS
        for part in (PASSWORD, ENCODED, "Traceback"):
            assert part not in server.told


@contextmanager
def killed(server: RedisServer) -> Iterator[None]:
    server.kill()
    yield
    server.start()


@contextmanager
def read_only_and_emptied(server: RedisServer) -> Iterator[None]:
    server.run("FLUSHALL")
    server.run("REPLICAOF", "127.0.0.1", "1")
    yield
    server.run("REPLICAOF", "NO", "ONE")
    server.run("FLUSHALL")


@pytest.mark.parametrize("fault", [RedisServer.paused, killed, read_only_and_emptied])
def test_under_load_its_faults_are_seen_by_no_client(
    folder: Folder, shop: tuple[str, str], shared_server: RedisServer, fault
):
    app = "app", folder.client("app", "--grant-type", "password refresh_token")
    folder.user("ann")
    with running_server(folder.file, workers=WORKERS) as server:
        wait_for_listeners(shared_server)
        session = _log_in(server, app)
        with load(server.port, shop, clients=4, reuse=True) as under_way:
            under_way.wait_for_more(200)
            with fault(shared_server):
                until = time.monotonic() + 3
                while time.monotonic() < until:
                    session = _refresh(server, app, session["refresh_token"])
                first = _log_in(server, app)
                _revoke(server, app, first["refresh_token"])
                assert _asked(server, app, first["refresh_token"])[0] == 400
                under_way.wait_for_more(200)
            session = _refresh(server, app, session["refresh_token"])
            wait_for_listeners(shared_server)
            under_way.wait_for_more(200)
        assert under_way.failed() == []
        assert under_way.refused() == []
        assert (
            max(one.ended - one.began for one in under_way.attempts) < 3
        )  # for as long as the fault lasts, nobody waits
        away, back = (len(server.events(name)) for name in ("shared_away", "shared_back"))
        assert away == back == (0 if fault is read_only_and_emptied else WORKERS)
        assert _asked(server, app, first["refresh_token"])[0] == 400
        assert server.stop() == 0
        assert PASSWORD not in server.told


def _asked(server: ServerProcess, client: tuple[str, str], token: str) -> tuple[int, dict]:
    return post(f"{server.base_url}{TOKEN_PATH}", client, grant_type="refresh_token", refresh_token=token)


def _refresh(server: ServerProcess, client: tuple[str, str], token: str) -> dict:
    status, answer = _asked(server, client, token)
    assert status == 200, answer
    return answer


def _log_in(server: ServerProcess, client: tuple[str, str]) -> dict:
    status, answer = post(
        f"{server.base_url}{TOKEN_PATH}", client, grant_type="password", username="ann", password="correct horse"
    )
    assert status == 200, answer
    return answer


def _revoke(server: ServerProcess, client: tuple[str, str], token: str) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        connection.request("POST", "/oauth2/revoke", *form(client, token=token))
        assert connection.getresponse().status == 200


def test_a_setting_at_fault_keeps_the_server_from_starting_without_the_password(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
):
    for url in (f"redis://:{PASSWORD}@cache", f"rediss://:{ENCODED}@cache?sslrootcert=/nowhere/ca.pem"):
        monkeypatch.setenv("DRAGOMAN_SHARED", url)
        fault = run("serve", "--config", folder.file)
        assert fault.status == 2
        assert "shared server" in fault.err
        for part in (PASSWORD, ENCODED, "hunter2", "Traceback"):
            assert part not in fault.err


def test_its_password_is_in_no_process_title(folder: Folder, shop: tuple[str, str], shared_server: RedisServer):
    with running_server(folder.file, workers=1) as server:
        wait_for_listeners(shared_server, 1)
        for pid in (server.process.pid, *server.workers):
            with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
                title = file.read().decode()
            assert PASSWORD not in title
            assert ENCODED not in title
        server.send(signal.SIGTERM)
        assert server.wait() == 0
