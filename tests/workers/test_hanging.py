"""A worker whose event loop stands still is found, says where it stands, and is replaced; nobody else is touched."""

from __future__ import annotations

import http.client
import os
import signal
import socket
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from dragoman.serving.forking import Turning, hear, tell_that_it_turns
from dragoman.serving.watching import Positions, Watch
from tests.processes import PATIENCE_SECONDS, ServerProcess, running_server, wait_until
from tests.workers.load import TOKEN_PATH, form
from tests.workers.test_workers import fetch, status_of, stopped

if TYPE_CHECKING:
    from tests.cli.commanding import Folder

PASSWORD = "correct horse battery"


@pytest.fixture
def watched(folder: Folder) -> Folder:
    """A folder whose server does not wait for long."""
    folder.change(hang_seconds="hang_seconds = 2")
    return folder


def connection(server: ServerProcess) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)


def live(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/health/live")
    answer = connection.getresponse()
    answer.read()
    return answer.status


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_was_stopped_lets_go_of_its_clients_and_is_replaced(
    watched: Folder, shop: tuple[str, str], workers: int
):
    with running_server(watched.file, workers=workers) as server, closing(connection(server)) as held:
        hanging = max(server.workers)
        with stopped(server.workers - {hanging}):
            assert live(held) == 200
        os.kill(hanging, signal.SIGSTOP)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            live(held)
        (line,) = wait_until(lambda: server.events("worker_hung"))
        assert (line["process"], line["where"]) == (hanging, [])
        wait_until(lambda: [one["process"] for one in server.events("worker_ended")] == [hanging])
        assert hanging not in server.wait_for_workers(workers)
        assert fetch(server, shop) == 200
        assert server.stop() == 0


def test_where_a_worker_hangs_is_told_without_what_it_had_in_its_hands(watched: Folder):
    client = "app", watched.client("app", "--grant-type", "password")
    watched.user("ann", password=PASSWORD)
    given = {"DRAGOMAN_FAILPOINTS": "password.after_judge=hang"}
    with running_server(watched.file, environment=given) as server, closing(connection(server)) as asking:
        before = server.workers
        fields = {"grant_type": "password", "username": "ann", "password": PASSWORD}
        asking.request("POST", TOKEN_PATH, *form(client, **fields))
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            asking.getresponse()
        wait_until(lambda: server.events("worker_ended"))
        assert not server.wait_for_workers(1) & before
        (line,) = server.events("worker_hung")
        assert {line["process"]} == before
        assert any("failpoints.py" in one and one.endswith(" in reach") for one in line["where"])
        assert any("slots.py" in one for one in line["where"])  # other threads, too: one may have what it waits for
        assert PASSWORD not in server.told
        assert client[1] not in server.told
        assert status_of(server, "/health/ready") == 200


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_who_answers_and_drains_is_left_alone_however_long_it_takes(watched: Folder, number: signal.Signals):
    """Three times as long as somebody may hang."""
    client = "app", watched.client("app", "--grant-type", "password")
    watched.user("ann", password=PASSWORD)
    given = {"DRAGOMAN_FAILPOINTS": "password.after_judge=sleep:6000"}
    with running_server(watched.file, environment=given) as server, closing(connection(server)) as asking:
        fields = {"grant_type": "password", "username": "ann", "password": PASSWORD}
        asking.request("POST", TOKEN_PATH, *form(client, **fields))
        server.send(number)
        assert asking.getresponse().status == 200
        assert server.stop() == 0
        assert server.events("worker_hung") == server.events("worker_ended") == []


def test_with_0_nobody_is_watched() -> None:
    watch = Watch(0)
    watch.hear(1)
    assert (watch.next_moment(), watch.look()) == (None, [])


def test_time_in_which_the_parent_stood_still_itself_does_not_count() -> None:
    now = 100.0
    watch = Watch(60, lambda: now)
    watch.hear(1)
    for _ in range(3):  # a container that was paused for an hour, three times
        now += 3600
        assert watch.look() == []
    for _ in range(8):
        now = watch.next_moment()
        assert watch.look() == []
    now = watch.next_moment()
    assert watch.look() == [1]


def test_who_is_heard_again_hangs_no_more_and_who_was_forgotten_never() -> None:
    now = 0.0
    watch = Watch(2, lambda: now)
    for pid in (1, 2):
        watch.hear(pid)
    watch.forget(2)
    for _ in range(20):
        now += 0.5
        watch.hear(1)
        assert watch.look() == []


def test_a_parent_that_reads_nothing_holds_up_no_worker_and_hears_it_afterwards() -> None:
    with ExitStack() as opened:
        ours, theirs = (opened.enter_context(end) for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        for _ in range(5000):
            tell_that_it_turns(theirs)
        assert hear(ours) == Turning()


def test_what_one_worker_left_unread_is_not_told_of_the_next() -> None:
    with closing(Positions()) as positions:
        os.write(positions.writing, b"somebody else's\n")
        held = signal.signal(signal.SIGUSR2, lambda *_: os.write(positions.writing, b"  here\n\n  there\n"))
        try:
            assert positions.of(os.getpid()) == ["here", "there"]
        finally:
            signal.signal(signal.SIGUSR2, held)
