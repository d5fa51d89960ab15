"""`dragoman throttle show`, asked of a real server and of a shared one: who is held, and for how long."""

from __future__ import annotations

import asyncio
import os
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from dragoman.config.reading import read_configuration
from dragoman.core.throttle import Outcome, account_of
from dragoman.wiring.parts import read_keyring
from dragoman.wiring.throttle import halved, namer_of, policy_of
from tests.cli.commanding import Folder, make_folder, post
from tests.processes import free_port, running_server
from tests.throttle.guessers import attempt, remote_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.processes import ServerProcess
    from tests.redis_server import RedisServer

PASSWORD = "correct horse battery"
WAITS = {
    "DRAGOMAN_THROTTLE__ACCOUNT_FAILURES": "3",
    "DRAGOMAN_THROTTLE__FIRST_WAIT_SECONDS": "3600",
    "DRAGOMAN_THROTTLE__LONGEST_WAIT_SECONDS": "3600",
    "DRAGOMAN_THROTTLE__ADDRESS_FAILURES": "8",
}
PORT = "DRAGOMAN_METRICS__PORT"


def show(folder: Folder, *arguments: object) -> dict:
    return folder.done("throttle", "show", "--json", *arguments).json


def log_in(server: ServerProcess, client: tuple[str, str], username: str, password: str) -> int:
    url = f"{server.base_url}/oauth2/token"
    return post(url, client, grant_type="password", username=username, password=password)[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = make_folder(tmp_path_factory.mktemp("throttle") / "server")
    for name in ("ann", "bob", "cyd"):
        made.user(name, password=PASSWORD)
    return made


@pytest.fixture(scope="module")
def shop(folder: Folder) -> tuple[str, str]:
    return "shop", folder.client("shop", "--grant-type", "password")


@pytest.fixture(scope="module")
def server(folder: Folder, shop: tuple[str, str]) -> Iterator[ServerProcess]:
    """With two workers, either of which answers for both."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**WAITS, PORT: str(free_port())}.items():
            patched.setenv(name, value)
        with running_server(folder.file, workers=2) as running:
            yield running


def test_whose_account_is_held_is_told_for_how_long_and_who_is_not_is_free(
    folder: Folder, shop: tuple[str, str], server: ServerProcess
):
    assert log_in(server, shop, "bob", PASSWORD) == 200
    assert [log_in(server, shop, "ann", f"guess {number}") for number in range(4)] == [400] * 4
    held = show(folder, "ann")
    assert (held["exists"], held["strangers"]["failures"], held["strangers"]["verdict"]) == (True, 3, "refused")
    assert 0 < held["strangers"]["closed_for"] <= 3600
    free = show(folder, "bob", "--address", "127.0.0.1", "--client", "shop")
    assert (free["strangers"]["verdict"], free["address_known"], free["known_addresses"]) == ("admitted", True, 1)
    assert (free["by_address"]["failures"], free["by_client"]["failures"]) == (3, 3)
    told = folder.done("throttle", "show", "ANN", "--address", "192.0.2.7").out
    assert "held for " in told
    assert told.splitlines()[-1].startswith("a log-in of ANN from 192.0.2.7 is answered as a wrong password, whatever")
    told = folder.done("throttle", "show", "bob", "--address", "::ffff:127.0.0.1", "--client", "shop").out
    assert told.splitlines()[-1] == "a log-in of bob from 127.0.0.1 is checked"
    folder.done("user", "unlock", "ann")
    assert show(folder, "ann")["strangers"]["verdict"] == "admitted"


def test_a_name_that_nobody_has_and_an_address_that_is_held_are_told(
    folder: Folder, shop: tuple[str, str], server: ServerProcess
):
    assert [log_in(server, shop, "nobody", f"guess {number}") for number in range(3)] == [400] * 3
    unknown = show(folder, "Nobody")
    assert (unknown["exists"], unknown["strangers"]["failures"], unknown["known"]) == (False, 3, None)
    assert "nobody is called Nobody" in folder.done("throttle", "show", "Nobody").out
    while log_in(server, shop, "cyd", "guess") != 429:
        log_in(server, shop, "dee", "guess")
    assert show(folder, "--address", "127.0.0.1")["by_address"]["verdict"] == "refused"
    told = folder.done("throttle", "show", "cyd", "--address", "127.0.0.1").out
    assert "refused as too many requests" in told.splitlines()[-1]


def test_a_name_that_was_asked_for_is_in_no_log_and_no_metric(folder: Folder, server: ServerProcess):
    folder.done("throttle", "show", "canary-4711", "--address", "203.0.113.77", "--client", "canary-4711")
    port = os.environ[PORT]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        assert b"canary" not in answer.read()
    assert "canary" not in server.told
    assert "203.0.113.77" not in server.told
    for path in ("/throttle/", "/throttle/canary-4711", "/throttle/" + "0" * 99):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30)
        assert refused.value.code == 404
        assert b"canary" not in refused.value.read()


def test_machines_that_count_together_are_asked_together(
    shared_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = make_folder(tmp_path / "server")
    owner_id = folder.user("ann", password=PASSWORD)["id"]
    for name, value in {**WAITS, "DRAGOMAN_SHARED": shared_server.url().reveal()}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(PORT, raising=False)
    configuration = read_configuration(folder.file)
    namer = namer_of(configuration, read_keyring(configuration.path(configuration.keys)).throttle_key())
    keys = namer.keys(attempt(account_of(owner_id, 0, ""), address="192.0.2.7"))

    async def guess() -> None:
        machine = remote_over(shared_server, halved(policy_of(configuration.throttle)))
        for _ in range(3):
            await machine.settle(await machine.take(keys), Outcome.WRONG)
        await machine.close()

    asyncio.run(guess())
    held = show(folder, "ann", "--address", "192.0.2.7")
    assert (held["strangers"]["failures"], held["strangers"]["verdict"]) == (3, "refused")
    assert (held["by_address"]["failures"], held["by_address"]["verdict"]) == (3, "admitted")
    shared_server.run("FLUSHALL")
    assert show(folder, "ann")["strangers"]["failures"] == 0


def test_where_nobody_can_be_asked_one_sentence_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = make_folder(tmp_path / "server")
    monkeypatch.delenv(PORT, raising=False)
    told = folder.run("throttle", "show", "ann").fault
    assert "write `port = 9464` under [metrics]" in told
    assert "`dragoman user unlock WHO` lets an account in" in told
    monkeypatch.setenv(PORT, "0")
    assert "metrics.port is 0" in folder.run("throttle", "show", "ann").fault
    assert "name an account" in folder.run("throttle", "show").fault
    assert "no IP address" in folder.run("throttle", "show", "--address", "example.com").fault
    monkeypatch.setenv(PORT, str(free_port()))
    assert "no server answers at 127.0.0.1" in folder.run("throttle", "show", "ann").fault
    monkeypatch.setenv("DRAGOMAN_SHARED", f"redis://127.0.0.1:{free_port()}/0")
    assert "each machine counts by itself" in folder.run("throttle", "show", "ann").fault
    monkeypatch.setenv("DRAGOMAN_THROTTLE__ENABLED", "false")
    assert "nobody is held" in folder.run("throttle", "show", "ann").fault
