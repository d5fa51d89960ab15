"""The hash processes of a whole server: its workers' together, and nobody's loss where one of them ends (K01, F28)."""

from __future__ import annotations

import os
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.posting import post
from tests.processes import children, is_alive, kill, running_server, wait_for_end, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.commanding import Folder
    from tests.processes import ServerProcess

_PASSWORD = "correct horse battery"
_WORTH_A_PROCESS = "memory_kib = 4096"


@pytest.fixture
def client(folder: Folder) -> str:
    """Id and secret of one with a person, in a server that computes two hashes at once."""
    folder.done("user", "create", "ann", "--password-stdin", stdin=_PASSWORD)
    set_slots(folder.file, 2)
    return f"app:{folder.client('app', '--grant-type', 'password')}"


def set_slots(file: Path, number: int) -> None:
    """So many hashes at once, each worth a process."""
    before, _, after = file.read_text(encoding="utf-8").partition("[passwords]\n")
    kept = [line for line in after.splitlines() if not line.startswith(("memory_kib", "slots"))]
    text = "\n".join([f"{before}[passwords]", _WORTH_A_PROCESS, f"slots = {number}", *kept])
    file.write_text(f"{text}\n", encoding="utf-8")


def log_in(server: ServerProcess, client: str) -> int:
    """The status, over a connection of its own, which any worker may take."""
    status, _ = post(
        f"{server.base_url}/oauth2/token", client, grant_type="password", username="ann", password=_PASSWORD
    )
    return status


@contextmanager
def log_ins(server: ServerProcess, client: str) -> Iterator[list[int]]:
    """The statuses of many at once, while the block runs until they are all there."""
    with ThreadPoolExecutor(8) as pool:
        coming = [pool.submit(log_in, server, client) for _ in range(40)]
        statuses: list[int] = []
        yield statuses
        statuses += [one.result() for one in coming]


def test_workers_share_as_many_as_there_are_slots(folder: Folder, client: str) -> None:
    with running_server(folder.file, workers=3) as server:
        assert not server.hash_processes
        with log_ins(server, client) as statuses:
            pass
        assert statuses == [200] * 40
        assert 1 <= len(server.hash_processes) <= 2
        assert [children(worker) for worker in server.workers] == [set()] * 3


@pytest.fixture
def memory_images() -> Iterator[None]:
    """Whoever dies by a fault of its own leaves its memory in a file, as the system has it here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == 0:
        pytest.skip("nobody may leave such a file here")
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@pytest.mark.usefixtures("memory_images")
def test_s09_no_process_of_a_server_leaves_its_memory_in_a_file(folder: Folder, client: str) -> None:
    """Keys and passwords would be in it."""
    with running_server(folder.file, workers=2) as server:
        with log_ins(server, client) as statuses:
            pass
        assert statuses == [200] * 40
        assert server.hash_processes
        for process in (server.process.pid, *server.workers, *server.hash_processes):
            soft, _ = resource.prlimit(process, resource.RLIMIT_CORE)
            assert soft == 0


def test_f28_a_worker_that_is_killed_takes_none_along(folder: Folder, client: str) -> None:
    with running_server(folder.file, workers=2) as server:
        with log_ins(server, client):
            pass
        before = server.hash_processes
        for worker in server.workers:
            kill(worker)
        server.wait_for_workers(2)
        assert log_in(server, client) == 200
        assert before <= server.hash_processes


def test_k01_where_each_is_killed_again_and_again_others_are_begun(folder: Folder, client: str) -> None:
    with running_server(folder.file, workers=2) as server:
        for _ in range(3):
            with log_ins(server, client) as statuses:
                for process in wait_until(lambda: server.hash_processes):
                    kill(process)
            assert set(statuses) <= {200, 503}
        assert log_in(server, client) == 200
        assert len(server.wait_for_workers(2)) == 2
        assert not server.events("worker_ended")


def test_k01_where_all_are_stopped_they_are_ended_and_others_begun(folder: Folder, client: str) -> None:
    with running_server(folder.file, workers=2) as server:
        assert log_in(server, client) == 200
        stopped = server.hash_processes
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        assert log_in(server, client) in {200, 503}
        wait_for_end(stopped)
        assert log_in(server, client) == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_they_end_with_their_server_however_that_ends(folder: Folder, client: str, number: signal.Signals) -> None:
    with running_server(folder.file, workers=2) as server:
        assert log_in(server, client) == 200
        family = server.workers | server.hash_processes
        server.send(number)
        server.wait()
        wait_for_end(family)


def test_fewer_slots_after_a_reload_leave_fewer(folder: Folder, client: str) -> None:
    with running_server(folder.file, workers=2) as server:
        while len(before := server.hash_processes) < 2:
            with log_ins(server, client):
                pass
        set_slots(folder.file, 1)
        server.send(signal.SIGHUP)
        wait_until(lambda: sum(map(is_alive, before)) == 1)
        assert log_in(server, client) == 200
