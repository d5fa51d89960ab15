"""The checker itself: it accepts what the promises allow, and rejects each way of breaking them."""

from __future__ import annotations

import math
import random

import pytest

from tests.histories.history import Family, Kind, Operation, Outcome
from tests.histories.linearisability import Accepted, Rejected, search
from tests.histories.specification import Breach
from tests.histories.verdict import Verdict

YES, NO, UNKNOWN = Outcome.YES, Outcome.NO, Outcome.UNKNOWN


def family(*operations: Operation, grace: int = 30) -> Family:
    return Family(first="t0", access_token="a0", grace=grace, operations=list(operations))


def refresh(presented: str, answer: str | Outcome, began: float, ended: float) -> Operation:
    successor = answer if isinstance(answer, str) else None
    outcome = YES if isinstance(answer, str) else answer
    return Operation(
        kind=Kind.REFRESH, presented=presented, began=began, ended=ended, outcome=outcome, successor=successor
    )


def revoke(presented: str, began: float, ended: float, outcome: Outcome = YES) -> Operation:
    return Operation(kind=Kind.REVOKE, presented=presented, began=began, ended=ended, outcome=outcome)


def asked(presented: str, outcome: Outcome, began: float, ended: float) -> Operation:
    kind = Kind.ASK_ACCESS_TOKEN if presented.startswith("a") else Kind.ASK_REFRESH_TOKEN
    return Operation(kind=kind, presented=presented, began=began, ended=ended, outcome=outcome)


LEGAL = {
    "nothing happened": family(),
    "a chain": family(refresh("t0", "t1", 1, 2), refresh("t1", "t2", 3, 4), refresh("t2", "t3", 5, 6)),
    "a retry is answered the same": family(refresh("t0", "t1", 1, 2), refresh("t0", "t1", 3, 4)),
    "parallel refreshes are answered the same": family(
        refresh("t0", "t1", 1, 5), refresh("t0", "t1", 2, 4), refresh("t0", "t1", 1.5, 3)
    ),
    "parallel refreshes of a strict client: one is answered, the others end the family": family(
        refresh("t0", "t1", 1, 5), refresh("t0", NO, 2, 4), refresh("t0", NO, 1.5, 3), refresh("t1", NO, 6, 7), grace=0
    ),
    "reuse ends the family": family(
        refresh("t0", "t1", 1, 2), refresh("t1", "t2", 3, 4), refresh("t0", NO, 5, 6), refresh("t2", NO, 7, 8)
    ),
    "a retry after the window ends the family": family(
        refresh("t0", "t1", 1, 2), refresh("t0", NO, 40, 41), refresh("t1", NO, 42, 43)
    ),
    "near the end of the window either answer is good, refused": family(
        refresh("t0", "t1", 1, 2), refresh("t0", NO, 30.9, 31), refresh("t1", NO, 32, 33)
    ),
    "near the end of the window either answer is good, honoured": family(
        refresh("t0", "t1", 1, 2), refresh("t0", "t1", 31.9, 33), refresh("t1", "t2", 33, 34)
    ),
    "revoked": family(refresh("t0", "t1", 1, 2), revoke("t1", 3, 4), refresh("t1", NO, 5, 6), asked("a0", NO, 5, 6)),
    "an old token revokes as well": family(refresh("t0", "t1", 1, 2), revoke("t0", 3, 4), refresh("t1", NO, 5, 6)),
    "revoking twice": family(revoke("t0", 1, 2), revoke("t0", 3, 4)),
    "a refresh that races a revocation and wins": family(
        revoke("t0", 1, 4), refresh("t0", "t1", 2, 5), refresh("t1", NO, 6, 7)
    ),
    "a refresh that races a revocation and loses": family(revoke("t0", 1, 4), refresh("t0", NO, 2, 3)),
    "a retry begun before the revocation was done": family(
        refresh("t0", "t1", 1, 2), revoke("t1", 3, 5), refresh("t0", "t1", 4, 6), refresh("t1", NO, 7, 8)
    ),
    "an unknown refresh that happened": family(refresh("t0", UNKNOWN, 1, 2), refresh("t0", "t1", 3, 4)),
    "an unknown refresh that happened, seen from a strict client": family(
        refresh("t0", UNKNOWN, 1, 2), refresh("t0", NO, 3, 4), grace=0
    ),
    "an unknown refresh that did not happen, seen from a strict client": family(
        refresh("t0", UNKNOWN, 1, 2), refresh("t0", "t1", 3, 4), refresh("t1", "t2", 5, 6), grace=0
    ),
    "an unknown refresh that happened while another was answered": family(
        refresh("t0", UNKNOWN, 1, 9), refresh("t0", NO, 2, 3), refresh("t0", NO, 4, 5), grace=0
    ),
    "an unknown revocation that happened": family(revoke("t0", 1, 2, UNKNOWN), refresh("t0", NO, 3, 4)),
    "an unknown revocation that did not happen": family(revoke("t0", 1, 2, UNKNOWN), refresh("t0", "t1", 3, 4)),
    "an unknown revocation that happens late": family(
        revoke("t0", 1, math.inf, UNKNOWN), refresh("t0", "t1", 3, 4), refresh("t1", NO, 5, 6)
    ),
    "an unknown replay that ended the family": family(
        refresh("t0", "t1", 1, 2),
        refresh("t1", "t2", 3, 4),
        refresh("t0", UNKNOWN, 5, 7),
        refresh("t2", "t3", 5, 6),
        refresh("t3", NO, 8, 9),
    ),
    "an unknown replay that never arrived": family(
        refresh("t0", "t1", 1, 2), refresh("t1", "t2", 3, 4), refresh("t0", UNKNOWN, 5, 7), refresh("t2", "t3", 8, 9)
    ),
    "a refresh that was slow lost its token to two others": family(
        refresh("t0", NO, 1, 9), refresh("t0", "t1", 2, 3), refresh("t1", "t2", 4, 5), refresh("t2", NO, 10, 11)
    ),
    "a refresh that was slow lost its token to two others, and ended nothing": family(
        refresh("t0", NO, 1, 9), refresh("t0", "t1", 2, 3), refresh("t1", "t2", 4, 5), refresh("t2", "t3", 10, 11)
    ),
    "a refresh that was slow lost its token to a retry after the window, and ended nothing": family(
        refresh("t0", NO, 1, 50), refresh("t0", "t1", 40, 41), refresh("t1", "t2", 60, 61)
    ),
    "questions": family(
        asked("t0", YES, 1, 2),
        refresh("t0", "t1", 3, 6),
        asked("t0", YES, 4, 5),
        asked("t0", NO, 7, 8),
        asked("t1", YES, 7, 8),
        asked("a0", YES, 7, 8),
        asked("t1", UNKNOWN, 7, 8),
    ),
}

ILLEGAL = {
    "two successors": (Breach.FORKED, family(refresh("t0", "t1", 1, 2), refresh("t0", "other", 3, 4))),
    "two successors at once": (Breach.FORKED, family(refresh("t0", "t1", 1, 3), refresh("t0", "other", 2, 4))),
    "two successors, the first unseen until late": (
        Breach.FORKED,
        family(refresh("t0", UNKNOWN, 1, 2), refresh("t0", "t1", 3, 4), refresh("t0", "other", 5, 6)),
    ),
    "the second branch of a fork lives": (
        Breach.STRANGE,
        family(refresh("t0", "t1", 1, 2), refresh("other", "t2", 3, 4)),
    ),
    "honoured after a revocation was done": (Breach.UNDEAD, family(revoke("t0", 1, 2), refresh("t0", "t1", 3, 4))),
    "a retry honoured after a revocation was done": (
        Breach.UNDEAD,
        family(refresh("t0", "t1", 1, 2), revoke("t1", 3, 4), refresh("t0", "t1", 5, 6)),
    ),
    "both an answered refresh and its successor after a race with a revocation": (
        Breach.UNDEAD,
        family(revoke("t0", 1, 4), refresh("t0", "t1", 2, 5), refresh("t1", "t2", 6, 7)),
    ),
    "an access token active after a revocation was done": (
        Breach.UNDEAD,
        family(revoke("t0", 1, 2), asked("a0", YES, 3, 4)),
    ),
    "a lost acknowledged token": (Breach.LOST, family(refresh("t0", "t1", 1, 2), refresh("t1", NO, 3, 4))),
    "a first token lost": (Breach.LOST, family(refresh("t0", NO, 1, 2))),
    "a token lost over a crash": (
        Breach.LOST,
        family(refresh("t0", UNKNOWN, 1, 2), refresh("t0", "t1", 3, 4), refresh("t1", NO, 5, 6)),
    ),
    "a generation rolled back by a crash": (
        Breach.LOST,
        family(refresh("t0", "t1", 1, 2), refresh("t1", NO, 3, 4), refresh("t0", "t1", 5, 6)),
    ),
    "a retry inside the window refused": (
        Breach.LOST_RETRY,
        family(refresh("t0", "t1", 1, 2), refresh("t0", NO, 3, 4)),
    ),
    "honoured after the window": (Breach.TWICE, family(refresh("t0", "t1", 1, 2), refresh("t0", "t1", 40, 41))),
    "honoured twice by a strict client": (
        Breach.TWICE,
        family(refresh("t0", "t1", 1, 3), refresh("t0", "t1", 2, 4), grace=0),
    ),
    "an old one honoured": (
        Breach.TWICE,
        family(refresh("t0", "t1", 1, 2), refresh("t1", "t2", 3, 4), refresh("t0", "t1", 5, 6)),
    ),
    "a family that died of reuse honours": (
        Breach.UNDEAD,
        family(
            refresh("t0", "t1", 1, 2), refresh("t1", "t2", 3, 4), refresh("t0", NO, 5, 6), refresh("t2", "t3", 7, 8)
        ),
    ),
    "a strict family that died of a parallel refresh honours": (
        Breach.UNDEAD,
        family(refresh("t0", "t1", 1, 3), refresh("t0", NO, 2, 4), refresh("t1", "t2", 5, 6), grace=0),
    ),
    "a replay that was slow ended nothing": (
        Breach.UNDEAD,
        family(
            refresh("t0", "t1", 1, 2), refresh("t0", NO, 2.5, 9), refresh("t1", "t2", 4, 5), refresh("t2", "t3", 10, 11)
        ),
    ),
    "a replay of a strict client that was slow ended nothing": (
        Breach.UNDEAD,
        family(
            refresh("t0", NO, 1, 9),
            refresh("t0", "t1", 2, 3),
            refresh("t1", "t2", 4, 5),
            refresh("t2", "t3", 10, 11),
            grace=0,
        ),
    ),
    "an unknown replay cannot end the family after the server was dead": (
        Breach.LOST,
        family(
            refresh("t0", "t1", 1, 2),
            refresh("t1", "t2", 3, 4),
            refresh("t0", UNKNOWN, 5, 6),
            refresh("t2", "t3", 7, 8),
            refresh("t3", NO, 9, 10),
        ),
    ),
    "a live access token told to be dead": (Breach.DEAD, family(asked("a0", NO, 1, 2))),
    "a spent refresh token told to be live": (
        Breach.UNDEAD,
        family(refresh("t0", "t1", 1, 2), asked("t0", YES, 3, 4)),
    ),
}


@pytest.mark.parametrize("name", LEGAL)
def test_legal_histories_are_accepted(name: str):
    found = search(LEGAL[name])
    assert isinstance(found, Accepted), found


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal_histories_are_rejected_and_named(name: str):
    breach, history = ILLEGAL[name]
    found = search(history)
    assert isinstance(found, Rejected)
    assert found.breach is breach
    text = Verdict().judge([history]).texts[0]
    assert text.startswith(breach)
    assert text.count(">>") == 1


def test_one_token_in_two_log_ins_is_a_breach():
    verdict = Verdict().judge([family(refresh("t0", "t1", 1, 2)), Family(first="t1", access_token="b", grace=30)])
    assert verdict.breaches == {Breach.STRANGE: 1}


def test_what_a_crash_took_is_counted():
    verdict = Verdict().judge([LEGAL["an unknown refresh that happened, seen from a strict client"]])
    assert (verdict.unknown, verdict.committed_unseen, verdict.ended_unseen) == (1, 1, 1)
    verdict = Verdict().judge([LEGAL["an unknown refresh that happened"]])
    assert (verdict.unknown, verdict.lost, verdict.ended_unseen) == (1, 0, 0)


def test_what_is_found_does_not_depend_on_the_order_of_recording():
    draw = random.Random(7)
    for history in [*LEGAL.values(), *(history for _, history in ILLEGAL.values())]:
        expected = type(search(history))
        operations = list(history.operations)
        draw.shuffle(operations)
        assert type(search(family(*operations, grace=history.grace))) is expected


def test_large_histories_are_judged_before_anybody_loses_patience():
    crowd = [refresh("t0", "t1", 1 + n / 1000, 3 + n / 1000) for n in range(200)]
    assert isinstance(search(family(*crowd)), Accepted)
    assert isinstance(search(family(*crowd, refresh("t1", NO, 4, 5))), Rejected)
    unknown = [refresh(f"t{n}", UNKNOWN, n + 0.1, n + 0.4) for n in range(200)]
    chain = [refresh(f"t{n}", f"t{n + 1}", n + 0.5, n + 0.9) for n in range(200)]
    assert isinstance(search(family(*chain, *unknown)), Accepted)
    assert isinstance(search(family(*chain, *unknown, refresh("t200", NO, 300, 301))), Rejected)
