"""An old server that is broken, slow or dead refuses nobody, ends no session, and is not noticed by who lives here."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bridge.crossing import crossing
from tests.bridge.pairs import BROKEN, PATH, ROOT, TOLD, WRONG, lied_to, says
from tests.old_servers import ANN, cast_of, dead_url
from tests.processes import wait_until
from tests.shadow.watching import ask, password, refresh

if TYPE_CHECKING:
    from tests.bridge.crossing import Crossed


@pytest.mark.parametrize("kind", BROKEN)
def test_without_a_clear_answer_nobody_is_refused_and_nobody_moves_in(liar, kind: str):
    talker, crossed = liar
    talker.answer = WRONG
    assert ask(crossed.url, PATH, password(ANN)).status == 400
    talker.answer = BROKEN[kind]
    assert ask(crossed.url, PATH, password(ANN)).status == 503
    assert ask(crossed.url, PATH, password(ROOT)).status == 200  # who lives here does not notice
    assert crossed.owner("ann") is None
    crossed.forget_grants()


@pytest.mark.parametrize("kind", ["error page", "a fault as a refusal"])
def test_names_at_which_the_old_server_stumbles_do_not_shut_out_others(liar, kind: str):
    talker, crossed = liar
    talker.answer = BROKEN[kind]
    for _ in range(8):
        assert ask(crossed.url, PATH, password(ANN)).status == 503
    talker.answer = WRONG
    assert ask(crossed.url, PATH, password(ANN)).status == 400


def test_a_dead_server_costs_nobody_a_session(tmp_path: Path):
    with crossing(tmp_path / "ours", "standard", cast_of(ROOT), dead_url(), **TOLD) as crossed:
        for _ in range(5):
            assert ask(crossed.url, PATH, password(ANN)).status == 503
            assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000001")).status == 503
        assert ask(crossed.url, PATH, password(ROOT)).status == 200


@pytest.mark.parametrize("kind", ["error page", "no client", "a fault as a refusal", "an error of another type"])
def test_a_session_is_refused_only_where_the_old_server_refuses_it(liar, kind: str):
    talker, crossed = liar
    talker.answer = BROKEN[kind]
    assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000002")).status == 503
    talker.answer = WRONG
    assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000002")).status == 400


def test_a_slow_server_keeps_nobody_waiting_and_its_late_answer_still_counts(tmp_path: Path):
    late = threading.Event()

    def answer(connection) -> None:
        late.wait(60)
        connection.sendall(says(sub="owner-mallory", username="mallory"))

    with lied_to(tmp_path, b"", seconds=1) as (talker, crossed):
        talker.answer = answer
        assert ask(crossed.url, PATH, refresh("a-token-of-theirs-000001")).status == 503
        late.set()
        assert _until_200(crossed, "a-token-of-theirs-000001")
        assert len(talker.requests) == 1  # it was presented once, and whoever asked again got its session


def _until_200(crossed: Crossed, token: str) -> bool:
    return wait_until(lambda: ask(crossed.url, PATH, refresh(token)).status == 200, 60)
