"""Every deployment keeps its promises on refresh tokens, as far as many apps at once can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.histories.kinds import KINDS, deployed
from tests.histories.load import run_load
from tests.histories.storms import run_crowds, run_sign_outs
from tests.histories.verdict import expect_kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.histories.deployment import Deployment
    from tests.histories.load import Load

SECONDS = 3
CROWDS = 4
SIGN_OUTS = 48


@pytest.fixture(scope="module", params=KINDS)
def deployment(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """A running one of each kind."""
    kind = KINDS[request.param]
    cluster = request.getfixturevalue("postgresql") if kind.postgresql else None
    with deployed(kind, cluster) as one:
        one.start()
        yield one
        one.stop()


def expect_no_faults(load: Load) -> None:
    """Nobody was told of a fault, or was not answered. A machine that stalls may bring a 503."""
    told = {name for name in load.recorder.answers if not name.endswith(("200", "400", "503"))}
    assert told == set(), load.recorder.answers


def test_many_apps_at_once_see_one_order_of_events(deployment: Deployment):
    load = run_load(deployment, SECONDS, seed=1)
    expect_no_faults(load)
    assert expect_kept(load.finished).acknowledged > 10  # how many, only the machine decides


def test_r03_a_crowd_with_one_token_is_given_one_successor(deployment: Deployment):
    load = run_crowds(deployment, CROWDS, seed=2)
    expect_no_faults(load)
    assert expect_kept(load.finished).families == CROWDS


def test_nothing_works_after_a_revocation_that_raced_refreshes(deployment: Deployment):
    load = run_sign_outs(deployment, SIGN_OUTS, seed=3)
    expect_no_faults(load)
    assert expect_kept(load.finished).families == SIGN_OUTS
