"""F28: several processes count together, exactly, whatever becomes of one of them."""

from __future__ import annotations

import fcntl
import http.client
import os
import signal
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dragoman.core.throttle import Holding, Outcome
from dragoman.throttle.memory import MEMORY_BYTES, Stuck
from dragoman.wiring.shared_memory import shared_memory
from tests.cli.commanding import make_folder
from tests.processes import kill, running_server, wait_until
from tests.throttle.guessers import Elapsed, attempt, in_memory, namer, policy
from tests.workers.load import TOKEN_PATH, ask
from tests.workers.test_workers import stopped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RULES = policy(lease=0.3)
PROCESSES = 4


def forked(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 (the parent sees the status)
            os._exit(99)
    return pid


def patiently(act: Callable[[], object]) -> object:
    """On a machine with more to do, somebody may be stopped in the moment of his turn."""
    while True:
        try:
            return act()
        except Stuck:
            continue


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_f28_four_processes_verify_together_what_one_may():
    with shared_memory("throttle", MEMORY_BYTES) as descriptor:
        results, writing = os.pipe()

        def work() -> None:
            counters, names, verified = in_memory(RULES, time.monotonic, descriptor), namer(), 0
            for number in range(500):
                address = f"10.{os.getpid() % 250}.{number % 250}.{number // 250}"
                answer = patiently(lambda: counters.take(names.keys(attempt("victim", address=address))))  # noqa: B023
                if not isinstance(answer, Holding):
                    patiently(lambda: counters.settle(answer, Outcome.WRONG))  # noqa: B023
                    verified += 1
            os.write(writing, bytes([verified]))

        assert [ended(pid) for pid in [forked(work) for _ in range(PROCESSES)]] == [0] * PROCESSES
        assert sum(os.read(results, PROCESSES)) == RULES.strangers.free


def test_f28_what_a_killed_process_had_reserved_has_failed_and_its_turn_is_over():
    with shared_memory("throttle", MEMORY_BYTES) as descriptor:
        reading, writing = os.pipe()

        def work() -> None:
            counters = in_memory(RULES, time.monotonic, descriptor)
            for _ in range(RULES.strangers.free):
                counters.take(namer().keys(attempt("victim")))
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            os.write(writing, b"x")
            signal.pause()

        pid = forked(work)
        assert os.read(reading, 1)
        counters = in_memory(RULES, time.monotonic, descriptor)
        with pytest.raises(Stuck):
            counters.take(namer().keys(attempt("victim")))
        os.kill(pid, signal.SIGKILL)
        ended(pid)
        assert str(counters.take(namer().keys(attempt("victim"))).by) == "busy"
        later = Elapsed(time.monotonic() + RULES.lease)
        counters = in_memory(RULES, later, descriptor)
        assert str(counters.take(namer().keys(attempt("victim"))).by) == "account"
        later.now += RULES.strangers.first_wait
        assert not isinstance(counters.take(namer().keys(attempt("victim"))), Holding)


def test_f28_the_workers_of_a_server_count_together_and_a_dead_one_takes_nothing_along(tmp_path: Path):
    folder = make_folder(tmp_path / "server")
    client = "shop", folder.client("shop", "--grant-type", "password")
    folder.user("ann")
    folder.change(to='to = "log"')

    def log_in(password: str) -> tuple[int | None, int]:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
            answer = ask(connection, TOKEN_PATH, client, grant_type="password", username="ann", password=password)
        refused = [line.get("detail") for line in server.events("audit") if line["outcome"] == "token_refused"]
        return answer.status, refused.count("wrong password")

    with running_server(folder.file, workers=2) as server:
        for one in server.workers:
            with stopped(server.workers - {one}):
                assert [log_in("wrong")[0] for _ in range(2)] == [400] * 2
        wait_until(lambda: len(server.events("audit")) == 4)
        kill(min(server.workers))
        server.wait_for_workers(2)
        before = server.ready_workers()
        server.send(signal.SIGHUP)
        wait_until(lambda: not before & server.workers and len(server.ready_workers()) == 2)
        assert [log_in("wrong")[0] for _ in range(8)] == [400] * 8
        assert log_in("correct horse")[0] == 400
        wait_until(lambda: len(server.events("audit")) == 13)
        assert log_in("wrong")[1] == 5
