"""Killed under load and started again: what was acknowledged still holds (the long run is `make kill-rounds`)."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.histories.kill_rounds import POINTS, plan, run_rounds, tell
from tests.histories.kinds import KINDS, deployed

ROUNDS = {"sqlite": 50, "sqlite-workers": 6, "postgresql-workers": 6, "postgresql-servers": 6}


@pytest.mark.parametrize("name", ROUNDS)
def test_no_kill_loses_or_doubles_what_was_acknowledged(request: pytest.FixtureRequest, name: str):
    kind = KINDS[name]
    cluster = request.getfixturevalue("postgresql") if kind.postgresql else None
    with deployed(kind, cluster) as deployment:
        report = asyncio.run(run_rounds(deployment, ROUNDS[name], seed=random.randrange(10**6)))
    assert not report.verdict.texts, "\n\n".join([tell(report, kind.told), *report.verdict.texts[:3]])
    assert report.rounds == ROUNDS[name]
    assert report.kills.total() >= ROUNDS[name]
    assert report.verdict.acknowledged > ROUNDS[name]
    assert not any(answer.endswith((" 500", "unanswered")) for answer in report.answers), report.answers


def test_every_failpoint_has_its_turn():
    draw = random.Random(1)
    rounds = [plan(number, draw).failpoints for number in range(2 * len(POINTS))]
    assert [text.partition("=kill@")[0] for text in rounds[::2]] == list(POINTS)
