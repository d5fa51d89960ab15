"""Several workers on one port: all of them answer, and the death of one is its own affair."""

from __future__ import annotations

import fcntl
import http.client
import os
import signal
import socket
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from tests.cli.commanding import STORED
from tests.processes import PATIENCE_SECONDS, kill, running_server, started_process, wait_for_end, wait_until
from tests.workers.load import TOKEN_PATH, ask, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.core.secret import Secret
    from tests.cli.commanding import Folder
    from tests.postgresql import Cluster
    from tests.processes import ServerProcess


@contextmanager
def stopped(pids: frozenset[int]) -> Iterator[None]:
    """These processes stand still, until the block ends."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _connection(server: ServerProcess) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)


def status_of(server: ServerProcess, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        connection.request("GET", path)
        return connection.getresponse().status


def fetch(server: ServerProcess, client: tuple[str, str]) -> int | None:
    """The status with which this client gets a token, or does not."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        return ask(connection, TOKEN_PATH, client, grant_type="client_credentials").status


def memory_of(pid: int) -> int:
    """MiB that are resident."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20


def test_every_worker_answers_and_none_is_large(folder: Folder, shop: tuple[str, str]):
    with running_server(folder.file, workers=3) as server:
        workers = server.workers
        for one in workers:
            with stopped(workers - {one}):
                assert fetch(server, shop) == 200
                assert status_of(server, "/health/ready") == 200
        assert max(memory_of(pid) for pid in workers) < 80
        assert memory_of(server.process.pid) < 48
        assert server.stop() == 0


def test_a_killed_worker_takes_with_it_only_what_it_was_answering(folder: Folder, shop: tuple[str, str]):
    deaths = []
    with running_server(folder.file, workers=3) as server:
        with load(server.port, shop, clients=6, reuse=False) as under_way:
            for _ in range(3):
                before = server.wait_for_workers(3)
                under_way.wait_for_more(50)
                moment = time.monotonic()
                kill(min(before))
                deaths.append((moment, time.monotonic()))
                under_way.wait_for_more(50)
                assert server.wait_for_workers(3) - before
        assert [line["how"] for line in server.events("worker_ended")] == ["signal SIGKILL"] * 3
    assert under_way.refused() == []
    for moment, gone in deaths:
        in_flight = [one for one in under_way.failed() if one.began <= gone and one.ended >= moment]
        assert len(in_flight) <= 6
        under_way.attempts[:] = [one for one in under_way.attempts if one not in in_flight]
    assert under_way.failed() == []


def test_workers_end_when_their_parent_is_killed(folder: Folder):
    with running_server(folder.file, workers=2) as server:
        workers = server.workers
        server.send(signal.SIGKILL)
        server.wait()
        wait_for_end(workers)
        with running_server(folder.file, workers=2) as next_one:  # neither port nor database is held any more
            assert status_of(next_one, "/health/ready") == 200


def test_a_second_server_on_the_same_file_is_refused(folder: Folder):
    with running_server(folder.file, workers=2) as server:
        second = folder.run("serve")
        assert f"in use by another Dragoman server (process {server.process.pid})" in second.fault
        assert status_of(server, "/health/live") == 200


def test_a_lock_file_that_was_deleted_is_taken_anew_and_a_second_server_still_refused(folder: Folder):
    with running_server(folder.file) as server:
        lock = folder.path / "dragoman.db.lock"
        lock.unlink()
        wait_until(lambda: lock.exists() and lock.read_text() == f"{server.process.pid}\n")
        assert "in use by another Dragoman server" in folder.run("serve").fault
        assert status_of(server, "/health/ready") == 200
        kill(min(server.workers))
        server.wait_for_workers(1)
        assert server.stop() == 0


def test_a_server_whose_deleted_lock_was_taken_by_another_ends_with_the_reason(folder: Folder):
    with running_server(folder.file) as server:
        os.kill(server.process.pid, signal.SIGSTOP)
        lock = folder.path / "dragoman.db.lock"
        lock.unlink()
        with lock.open("w") as another:
            fcntl.flock(another, fcntl.LOCK_EX)
            os.kill(server.process.pid, signal.SIGCONT)
            assert server.wait() == 3
        assert "is in use by another Dragoman server" in server.told.splitlines()[-1]


def test_workers_that_cannot_start_any_more_end_the_server_with_the_reason(folder: Folder):
    with running_server(folder.file) as server:
        keys = folder.path / "keys"
        keys.rename(folder.path / "elsewhere")
        kill(min(server.workers))
        assert server.wait() == 4
        assert f"the key folder {keys} cannot be read" in server.told.splitlines()[-1]
        assert len(server.events("worker_ended")) == 6


def test_one_worker_is_replaced_too(folder: Folder):
    with running_server(folder.file) as server:
        (worker,) = server.workers
        kill(worker)
        assert server.wait_for_workers(1) != {worker}
        assert status_of(server, "/health/ready") == 200


def test_a_store_that_is_broken_ends_the_whole_server(folder: Folder, shop: tuple[str, str]):
    with running_server(folder.file, workers=2) as server:
        workers = server.workers
        copy = folder.path / "copy"
        copy.write_bytes((folder.path / "dragoman.db").read_bytes())
        copy.replace(folder.path / "dragoman.db")
        assert fetch(server, shop) == 503
        assert server.wait() == 3
        wait_for_end(workers)
        assert "was removed or replaced while it was open" in server.told.splitlines()[-1]


def test_a_log_that_was_taken_away_ends_the_whole_server_with_the_reason_and_loses_nothing(
    folder: Folder, shop: tuple[str, str]
):
    with running_server(folder.file, workers=3) as server, load(server.port, shop) as under_way:
        under_way.wait_for_more(50)
        (folder.path / "dragoman.db-wal").unlink()
        assert server.wait() == 3
        assert "dragoman.db-wal was removed or replaced while it was open" in server.told.splitlines()[-1]
    with running_server(folder.file) as server, closing(_connection(server)) as connection:
        tokens = under_way.tokens()
        assert len(tokens) >= 50
        assert all(ask(connection, "/oauth2/introspect", shop, token=one).answer["active"] for one in tokens)


def test_a_setting_at_fault_is_told_once_however_many_workers_there_are(folder: Folder):
    folder.change(dialect='dialect = "nowhere"')
    with started_process(folder.file, "--workers", "4") as server:
        assert server.wait() == 2
        assert server.told.count("\n") == 1
        assert "there is no dialect 'nowhere'" in server.told


def test_the_number_of_workers_has_bounds(folder: Folder):
    assert folder.run("serve", "--workers", 0).status == 2
    folder.change(drain_seconds="workers = 65")
    assert "server.workers" in folder.run("serve").fault


def test_workers_share_a_postgresql_database(folder: Folder, postgresql_url: Secret):
    folder.change(database=f'database = "{postgresql_url.reveal()}"')
    shop = "shop", folder.client("shop", "--grant-type", "client_credentials", *STORED)
    with running_server(folder.file, workers=2) as server:
        workers = server.workers
        for one in workers:
            with stopped(workers - {one}):
                assert fetch(server, shop) == 200
                assert status_of(server, "/health/ready") == 200
        kill(min(workers))
        assert server.wait_for_workers(2) - workers
        assert fetch(server, shop) == 200
        assert server.stop() == 0


def test_while_the_database_is_away_a_server_keeps_trying_to_replace_its_only_worker(
    folder: Folder, postgresql: Cluster, postgresql_url: Secret
):
    folder.change(database=f'database = "{postgresql_url.reveal()}"')
    shop = "shop", folder.client("shop", "--grant-type", "client_credentials", *STORED)
    with running_server(folder.file) as server:
        postgresql.stop_immediately()
        try:
            kill(min(server.workers))
            wait_until(lambda: len(server.events("worker_ended")) > 5)
        finally:
            postgresql.start()
        server.wait_for_workers(1)
        assert fetch(server, shop) == 200
        assert server.stop() == 0
        assert "the database cannot be used now" in server.events("worker_ended")[-1]["reason"]


def test_what_is_no_request_leaves_nothing_on_standard_error_but_our_log(folder: Folder):
    """Another library's warnings would be written by the event loop itself, and hold it up where nobody reads."""
    with running_server(folder.file) as server:
        for text in (
            b"GARBAGE\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
                connection.sendall(text)
                assert connection.recv(100).startswith(b"HTTP/1.1 4")
        assert status_of(server, "/health/live") == 200
        assert server.stop() == 0
        text = server.log.read_text(encoding="utf-8")
    assert "Invalid HTTP request" not in text
    assert "upgrade" not in text.lower()
