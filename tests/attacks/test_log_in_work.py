"""Every refusal of a log-in is the same work: U02 to U05."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from dragoman.config.settings import ThrottleTable
from tests.attacks.guarding import counted_work, stored_of
from tests.attacks.harness import PASSWORD, Server, configuration_of, running
from tests.attacks.test_resource_owners import REASONS, STATES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def work_of(server: Server, client: str, name: str, password: str = "wrong password") -> dict[str, int]:
    with counted_work(server) as work, server.nothing_issued():
        assert server.log_in(client, name, password).error == "invalid_grant"
    return work


def wait_until_counted(server: Server, client: str) -> None:
    """Until stored hashes have been counted: a name of nobody costs what those of people do."""
    for number in range(1000):
        server.run(asyncio.sleep(0.01))
        if work_of(server, client, f"nobody {number}")["imports"]:
            return
    pytest.fail("stored hashes are not counted")


@pytest.fixture(scope="module", params=[True, False], ids=["throttled", "not throttled"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the throttle as it is by default, and without."""
    throttle = ThrottleTable(enabled=request.param)
    with running(configuration_of(tmp_path_factory.mktemp("guarded"), throttle=throttle)) as one:
        yield one


def test_u02_u05_every_refusal_of_a_log_in_is_the_same_work(guarded: Server):
    """As many hashes, statements of the store and questions to the throttle."""
    server, client = guarded, guarded.add_client()
    refused = {
        "unknown": work_of(server, client, "nobody"),
        "wrong": work_of(server, client, server.add_owner()),
        "long": work_of(server, client, server.add_owner(), "x" * 1025),
        "unusable": work_of(server, client, server.add_owner(stored="!")),
        "of another client": work_of(server, client, server.add_owner(belongs_to=server.add_client()), PASSWORD),
        **{state: work_of(server, client, server.add_owner(**STATES[state]), PASSWORD) for state in STATES},
    }
    assert {tuple(sorted(work.items())) for work in refused.values()} == {tuple(sorted(refused["wrong"].items()))}
    assert [refused["wrong"][name] for name in ("hashes", "take", "settle")] == [1, 1, 1]


def test_u02_a_name_longer_than_any_costs_one_hash_and_is_not_even_looked_up(server: Server):
    client = server.add_client()
    server.log_in(client, "nobody")
    work = work_of(server, client, "x" * 321)
    assert (work["hashes"], work.get("row", 0)) == (1, work_of(server, client, "nobody")["row"] - 1)


def test_u03_u04_u05_with_imported_hashes_too_every_refusal_is_the_same_work(tmp_path: Path):
    with running(configuration_of(tmp_path)) as server:
        client = server.add_client()
        plain = server.add_owner(stored=stored_of("04"))
        by_state = {state: server.add_owner(stored=stored_of("04"), **STATES[state]) for state in STATES}
    with running(configuration_of(tmp_path)) as again:
        again._secrets.update(server._secrets)
        wait_until_counted(again, client)
        refused = {
            "unknown": work_of(again, client, "somebody else"),
            "wrong": work_of(again, client, plain),
            **{state: work_of(again, client, by_state[state], PASSWORD) for state in STATES},
        }
        reasons = [event["detail"] for event in again.events()[-len(STATES) :]]
        for length in (1, 71, 72, 73, 128, 1025, 5000):
            assert work_of(again, client, "somebody else", "x" * length) == work_of(again, client, plain, "x" * length)
    assert reasons == [REASONS[state] for state in STATES]
    assert {tuple(sorted(work.items())) for work in refused.values()} == {tuple(sorted(refused["wrong"].items()))}
    assert (refused["wrong"]["hashes"], refused["wrong"]["imports"]) == (1, 1)
