"""A collector that is away, hangs, refuses or sends elsewhere: requests are answered all the same, and losses told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.processes import ServerProcess, free_port, running_server, wait_until
from tests.telemetry.test_spans import ask

if TYPE_CHECKING:
    from tests.cli.commanding import Folder
    from tests.telemetry.collector import Collector

QUEUE = 64
KEYS = "/.well-known/jwks.json"
SECRET_HEADER = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20canary-7f3a91,broken canary-8c1b22"}


def answer_all(server: ServerProcess, number: int) -> None:
    for _ in range(number):
        assert ask(server, "GET", KEYS).status == 200


def lost(server: ServerProcess) -> int:
    return sum(line["spans"] for line in server.events("traces_lost"))


def test_while_the_collector_hangs_requests_are_answered_and_a_bounded_number_of_spans_waits(
    folder: Folder, collector: Collector
):
    """It is asked, and answers nobody; what comes then is answered, more often than spans can wait."""
    collector.open.clear()
    environment = {**collector.environment, "DRAGOMAN_TELEMETRY__QUEUE": str(QUEUE)}
    with running_server(folder.file, environment=environment) as server:
        answer_all(server, 1)
        assert collector.asked.wait(20)
        answer_all(server, 3 * QUEUE)
        assert not collector.bodies
        collector.open.set()
        arrived = collector.wait_for_spans(QUEUE)
        assert server.stop() == 0
        assert len(arrived) == QUEUE, "those that waited, and no more"
        assert lost(server) == 3 * QUEUE + 1 - QUEUE


def test_a_server_ends_in_time_though_its_collector_hangs(folder: Folder, collector: Collector):
    collector.open.clear()
    with running_server(folder.file, environment=collector.environment) as server:
        answer_all(server, 1)
        assert collector.asked.wait(20)
        answer_all(server, 5)
        assert server.stop() == 0
        assert lost(server) == 6
        assert not server.events("worker_killed")


def test_a_server_ends_in_time_though_its_collector_is_away(folder: Folder):
    environment = {"DRAGOMAN_TELEMETRY__ENDPOINT": f"http://127.0.0.1:{free_port()}/v1/traces"}
    with running_server(folder.file, environment=environment) as server:
        answer_all(server, 5)
        assert server.stop() == 0
        assert lost(server) == 5
        assert not server.events("worker_killed")
        assert "Traceback" not in server.told


@pytest.mark.parametrize("status", [307, 400, 401])
def test_a_collector_that_refuses_is_told_once_with_its_status(folder: Folder, collector: Collector, status: int):
    collector.status = status
    collector.location = collector.endpoint + "/elsewhere"
    with running_server(folder.file, environment={**collector.environment, **SECRET_HEADER}) as server:
        answer_all(server, 3)
        [line] = wait_until(lambda: server.events("traces_lost"))
        assert line["collector"] == f"status {status}"
        asked = len(collector.raw)
        answer_all(server, 3)
        wait_until(lambda: len(collector.raw) > asked)
        assert len(server.events("traces_lost")) == 1
        collector.status = 200
        answer_all(server, 3)
        wait_until(lambda: server.events("traces_arrive_again"))
        assert server.stop() == 0
        assert lost(server) == 9 - len(collector.spans)
        lines = [line for line in server.told.splitlines() if not line.startswith(("{", "dragoman: "))]
        assert lines == [], "nothing of the library's own"
        assert "canary" not in server.told
    assert all(b"/elsewhere" not in one.partition(b"\n")[0] for one in collector.raw)


def test_what_waits_is_sent_before_a_server_ends(folder: Folder, collector: Collector):
    with running_server(folder.file, environment=collector.environment) as server:
        answer_all(server, 20)
        assert server.stop() == 0
        assert not server.events("traces_lost")
    assert len(collector.spans) == 20
