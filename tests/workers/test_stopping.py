"""SIGTERM: nobody new, nobody dropped. A second one: at once."""

from __future__ import annotations

import http.client
import os
import signal
import socket
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from tests.cli.commanding import STORED
from tests.cli.test_whole_story import begun, refuses
from tests.processes import running_server, started_process, wait_for_end, wait_until
from tests.workers.load import TOKEN_PATH, ask, form, load

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dragoman.core.secret import Secret
    from tests.cli.commanding import Folder
    from tests.processes import ServerProcess


def connected(server: ServerProcess) -> AbstractContextManager[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20))


@pytest.mark.parametrize("reuse", [True, False])
def test_under_load_every_answer_is_whole_every_token_is_kept_and_the_status_is_0(
    folder: Folder, shop: tuple[str, str], reuse: bool
):
    with running_server(folder.file, workers=2) as server:
        with load(server.port, shop, reuse=reuse) as under_way:
            under_way.wait_for_more(100)
            assert server.stop() == 0
        assert refuses(server.port)
    assert under_way.refused() == []
    unanswered = [one.failure for one in under_way.failed() if not one.failure.startswith("ConnectionRefusedError")]
    assert len(unanswered) <= 2, unanswered  # who came just as the last process closed the door
    with running_server(folder.file) as server, connected(server) as connection:
        for token in under_way.tokens()[-20:]:
            assert ask(connection, "/oauth2/introspect", shop, token=token).answer["active"] is True


def test_whoever_is_connected_is_told_that_it_is_no_longer_ready_and_still_answered(
    folder: Folder, shop: tuple[str, str]
):
    with running_server(folder.file, workers=2) as server:
        port = server.port
        with (
            connected(server) as probe,
            connected(server) as other,
        ):
            for connection in (probe, other):
                connection.request("GET", "/health/ready")
                assert connection.getresponse().read() == b'{"status": "ready"}'
            server.send(signal.SIGTERM)
            wait_until(lambda: refuses(port))
            probe.request("GET", "/health/ready")
            answer = probe.getresponse()
            assert (answer.status, answer.getheader("Connection")) == (503, "close")
            other.request("POST", TOKEN_PATH, *form(shop, grant_type="client_credentials"))
            answer = other.getresponse()
            assert (answer.status, answer.getheader("Connection")) == (200, "close")
        assert server.wait() == 0


@pytest.fixture
def person(folder: Folder) -> tuple[str, str]:
    folder.user("ann", password="correct horse battery")
    return "app", folder.client("app", "--grant-type", "password")


def test_a_request_that_has_begun_may_finish(folder: Folder, person: tuple[str, str]):
    with running_server(folder.file, workers=2) as server:
        workers = server.workers
        with begun(server.base_url, person) as finish:
            server.send(signal.SIGTERM)
            wait_until(lambda: refuses(server.port))
            wait_until(lambda: len(server.workers) == 1)  # the other one had nothing to finish
            assert finish().startswith(b"HTTP/1.1 200 OK")
        assert server.wait() == 0
        wait_for_end(workers)


def test_a_request_of_which_only_a_part_has_arrived_is_answered_too(folder: Folder):
    with running_server(folder.file, workers=2) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: ")
            server.send(signal.SIGTERM)
            wait_until(lambda: len(server.workers) == 1)  # the other one had nothing to wait for
            connection.sendall(b"x\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        assert server.wait() == 0


def test_a_second_signal_does_not_wait_for_it(folder: Folder, person: tuple[str, str]):
    folder.change(drain_seconds="drain_seconds = 600")
    with running_server(folder.file, workers=2) as server, begun(server.base_url, person):
        workers = server.workers
        server.send(signal.SIGTERM)
        wait_until(lambda: refuses(server.port))
        server.send(signal.SIGTERM)
        server.wait()
        wait_for_end(workers)


def test_the_time_to_drain_has_an_end(folder: Folder, person: tuple[str, str]):
    folder.change(drain_seconds="drain_seconds = 1")
    with running_server(folder.file) as server, begun(server.base_url, person):
        assert server.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_processes_at_once_is_as_good_as_one_to_the_parent(
    folder: Folder, person: tuple[str, str], number: signal.Signals
):
    with running_server(folder.file, workers=2) as server:
        with begun(server.base_url, person) as finish:
            os.killpg(server.process.pid, number)
            wait_until(lambda: refuses(server.port))
            assert finish().startswith(b"HTTP/1.1 200 OK")
        assert server.wait() == 0


def test_the_connections_beyond_the_limit_of_files_wait_and_nobody_falls_over(folder: Folder, shop: tuple[str, str]):
    with running_server(folder.file, files=64) as server:
        worker = server.workers
        waiting = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=20) for _ in range(200)]
        for connection in waiting:
            connection.connect()
        for connection in waiting[:10]:
            assert ask(connection, TOKEN_PATH, shop, grant_type="client_credentials").status == 200
        for connection in waiting[:150]:
            connection.close()
        for connection in waiting[150:]:
            assert ask(connection, TOKEN_PATH, shop, grant_type="client_credentials").status == 200
            connection.close()
        assert server.workers == worker
        assert server.stop() == 0
        assert server.events("fault") == server.events("worker_ended") == server.events("keys_not_read") == []


def test_the_descriptors_of_the_databases_pool_are_kept_from_connections(
    folder: Folder, shop: tuple[str, str], postgresql_url: Secret
):
    folder.change(database=f'database = "{postgresql_url.reveal()}&pool_size=8"')
    shop = "shop", folder.client("shop", "--grant-type", "client_credentials", *STORED)
    with running_server(folder.file, files=64) as server, ExitStack() as stack:
        for _ in range(100):
            silent = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            stack.enter_context(silent).sendall(b"GET / HTTP/1.1\r\nHost: ")
        with load(server.port, shop, clients=16) as under_way:
            under_way.wait_for_more(50)
        assert (under_way.failed(), under_way.refused()) == ([], [])
        assert server.stop() == 0
        assert server.events("fault") == server.events("worker_ended") == server.events("keys_not_read") == []


def test_a_pool_that_leaves_no_descriptor_for_clients_is_refused(folder: Folder, postgresql_url: Secret):
    folder.change(database=f'database = "{postgresql_url.reveal()}&pool_size=40"', slots="slots = 1")
    with started_process(folder.file, files=64) as server:
        assert server.wait() == 2
        assert "may have 64 files open, and 70 are kept for the database and the rest: let it have 78" in server.told
