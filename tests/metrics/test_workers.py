"""Metrics of a server with several workers: one port, the sums of all, whatever becomes of a worker."""

from __future__ import annotations

import http.client
import signal
import sqlite3
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.cli.commanding import Folder, post
from tests.metrics.scraping import fetch, metrics_url, scrape
from tests.processes import kill, running_server, wait_until
from tests.workers.load import form, load
from tests.workers.test_reloading import reload

if TYPE_CHECKING:
    from pathlib import Path

    from tests.metrics.scraping import Scrape
    from tests.processes import ServerProcess

ON = {"DRAGOMAN_METRICS__PORT": "0"}
ANSWERS = "dragoman_token_responses_total"
REVOCATIONS = "dragoman_grant_revocations_total"


@pytest.fixture
def folder(made_folder: Folder, tmp_path: Path) -> Folder:
    return made_folder.copied_to(tmp_path / "server")


@pytest.fixture
def shop(folder: Folder) -> tuple[str, str]:
    return "shop", folder.client("shop", "--grant-type", "client_credentials")


@pytest.fixture
def app(folder: Folder) -> tuple[str, str]:
    """A client for people, without any grace."""
    folder.user("ann")
    return "app", folder.client("app", "--grant-type", "password", "--grant-type", "refresh_token", "--grace", "0")


def ask(server: ServerProcess, client: tuple[str, str], number: int, **fields: str) -> None:
    """So many requests, each on a connection of its own, so that both workers get some."""
    for _ in range(number):
        post(f"{server.base_url}/oauth2/token", client, **{"grant_type": "client_credentials", **fields})


def revoke(server: ServerProcess, client: tuple[str, str], token: str) -> None:
    body, headers = form(client, token=token)
    request = urllib.request.Request(f"{server.base_url}/oauth2/revoke", body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def counted(told: Scrape) -> float:
    assert told.of("dragoman_request_duration_seconds_count", endpoint="token") == told.of(ANSWERS)
    return told.of(ANSWERS)


def test_each_scrape_tells_all_workers_and_no_counter_goes_back_when_they_die_or_are_replaced(
    folder: Folder, shop: tuple[str, str]
):
    with running_server(folder.file, workers=2, environment=ON) as server:
        ask(server, shop, 20)
        for _ in range(5):  # whichever worker answers
            assert counted(scrape(server)) == 20
        for _ in range(2):
            kill(min(server.workers))
            assert counted(scrape(server)) == 20
        server.wait_for_workers(2)
        ask(server, shop, 20)
        before = scrape(server)
        assert counted(before) == before.of(ANSWERS, grant_type="client_credentials", outcome="ok") == 40
        reload(server)
        server.wait_for_workers(2)
        wait_until(lambda: scrape(server).of("dragoman_workers") == 2)
        after = scrape(server)
        assert {key: after.numbers[key] for key in before.counters} == before.counters
        ask(server, shop, 1)
        assert counted(scrape(server)) == 41
        assert server.stop() == 0


def test_under_load_no_counter_ever_goes_back_though_workers_are_killed(folder: Folder, shop: tuple[str, str]):
    with running_server(folder.file, workers=2, environment=ON) as server:
        told = [scrape(server)]
        with load(server.port, shop, reuse=False) as under_way:
            for round_ in range(3):
                under_way.wait_for_more(50)
                told += [scrape(server) for _ in range(5)]
                kill(sorted(server.workers)[round_ % 2])
                told += [scrape(server) for _ in range(5)]
                server.wait_for_workers(2)
        for before, after in pairwise(told):
            assert all(after.numbers.get(key, 0) >= number for key, number in before.counters.items())
        answered = len(under_way.tokens())
        assert answered <= counted(scrape(server)) <= answered + len(under_way.failed())


def test_what_ends_a_grant_is_counted_once_with_its_client_and_reason(folder: Folder, app: tuple[str, str]):
    with running_server(folder.file, workers=2, environment=ON) as server:
        token = f"{server.base_url}/oauth2/token"

        def log_in() -> str:
            sent = {"grant_type": "password", "username": "ann", "password": "correct horse"}
            return post(token, app, **sent)[1]["refresh_token"]

        def refresh(presented: str) -> dict:
            return post(token, app, grant_type="refresh_token", refresh_token=presented)[1]

        late, stolen, left = log_in(), log_in(), log_in()
        refresh(late)
        assert refresh(late)["error"] == "invalid_grant"
        assert refresh(late)["error"] == "invalid_grant"  # it has ended already
        refresh(refresh(stolen)["refresh_token"])
        assert refresh(stolen)["error"] == "invalid_grant"
        for presented in (left, left, "no token"):
            revoke(server, app, presented)
        told = scrape(server)
        reuse = {"client": "app", "reason": "refresh_token_reuse"}
        assert told.of(REVOCATIONS, **reuse, looked_like_retry="yes") == 1
        assert told.of(REVOCATIONS, **reuse, looked_like_retry="no") == 1
        assert told.of(REVOCATIONS, reason="revoked_by_client", looked_like_retry="not_applicable") == 1
        assert told.of(REVOCATIONS) == 3
        assert told.of(ANSWERS, grant_type="refresh_token", outcome="revoked_refresh_token") == 3


def test_hashes_that_were_refused_are_counted(folder: Folder, app: tuple[str, str]):
    slow = {"DRAGOMAN_PASSWORDS__MEMORY_KIB": "65536", "DRAGOMAN_PASSWORDS__ITERATIONS": "5"}
    narrow = {"DRAGOMAN_PASSWORDS__SLOTS": "1", "DRAGOMAN_PASSWORDS__QUEUE": "1"}
    with running_server(folder.file, workers=1, environment={**ON, **slow, **narrow}) as server:

        def log_in(number: int) -> int:
            sent = {"grant_type": "password", "username": f"nobody{number}", "password": "wrong horse"}
            return post(f"{server.base_url}/oauth2/token", app, **sent)[0]

        with ThreadPoolExecutor(8) as pool:
            shed = list(pool.map(log_in, range(8))).count(503)
        assert shed
        wait_until(lambda: scrape(server).of("dragoman_password_hashes_shed_total") == shed)
        told = scrape(server)
        assert told.of(ANSWERS, grant_type="password", outcome="temporarily_unavailable") == shed
        wait_until(lambda: scrape(server).of("dragoman_password_hashes_running") == 0)


def test_a_database_that_takes_no_writes_is_told_until_it_does(folder: Folder):
    with (
        running_server(folder.file, workers=2, environment=ON) as server,
        closing(sqlite3.connect(folder.path / "dragoman.db", isolation_level=None)) as other,
    ):
        assert scrape(server).of("dragoman_store_writable") == 1
        other.execute("BEGIN IMMEDIATE")
        wait_until(lambda: scrape(server).of("dragoman_store_writable") == 0)
        other.execute("ROLLBACK")
        wait_until(lambda: scrape(server).of("dragoman_store_writable") == 1)


def test_each_port_answers_its_own_alone_and_only_to_be_read(folder: Folder):
    with running_server(folder.file, workers=2, environment=ON) as server:
        url = metrics_url(server)
        for elsewhere in (f"{server.base_url}/metrics", url.replace("/metrics", "/oauth2/token"), f"{url}/"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(elsewhere, timeout=10)
        with pytest.raises(urllib.error.HTTPError, match="405"):
            urllib.request.urlopen(url, data=b"x", timeout=10)
        port = int(url.rpartition(":")[2].partition("/")[0])
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            for _ in range(3):  # one connection, as Prometheus keeps it
                connection.request("HEAD", "/metrics", headers={"Accept": "application/openmetrics-text; version=x"})
                answer = connection.getresponse()
                assert (answer.status, answer.read()) == (200, b"")
            server.send(signal.SIGTERM)
            assert server.wait() == 0


def test_another_port_needs_a_restart(folder: Folder):
    text = folder.file.read_text()
    with running_server(folder.file, workers=1) as server:
        assert "metrics on" not in server.told
        folder.file.write_text(text.replace("[metrics]\n", "[metrics]\nport = 0\n"))
        told = reload(server, "not_reloaded")["reason"]
        assert told == "metrics.port has changed, which needs a restart; everything stays as it was"
    with running_server(folder.file, workers=1) as server:
        assert fetch(metrics_url(server)).of("dragoman_workers") == 1
