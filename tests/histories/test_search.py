"""The search against the plainest one there is: every order of every choice, on small random histories."""

from __future__ import annotations

import random
from itertools import chain, combinations, permutations
from typing import TYPE_CHECKING

from tests.histories.history import Family, Kind, Operation, Outcome
from tests.histories.linearisability import Accepted, search
from tests.histories.specification import Specification, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HISTORIES = 4000


def draw_operation(draw: random.Random) -> Operation:
    began = draw.uniform(0, 6)
    outcome = draw.choices(list(Outcome), (5, 2, 2))[0]
    kind = draw.choices(list(Kind), (8, 1, 1, 1))[0]
    number = draw.randrange(3)
    successor = f"t{number + 1}" if kind is Kind.REFRESH and outcome is Outcome.YES else None
    outcome = Outcome.YES if kind is Kind.REVOKE and outcome is Outcome.NO else outcome
    ended = began + draw.choice((0.1, 1, 3))
    return Operation(kind=kind, presented=f"t{number}", began=began, ended=ended, outcome=outcome, successor=successor)


def is_explained(family: Family) -> bool:
    """Whether any order of any choice is one that the specification takes."""
    required = [one for one in family.operations if one.outcome is not Outcome.UNKNOWN]
    optional = [one for one in family.operations if one.outcome is Outcome.UNKNOWN]
    choices = chain.from_iterable(combinations(optional, size) for size in range(len(optional) + 1))
    return any(
        _in_time(order) and _taken(Specification(family), order)
        for choice in choices
        for order in permutations([*required, *choice])
    )


def _in_time(order: Sequence[Operation]) -> bool:
    return all(later.ended >= earlier.began for earlier, later in combinations(order, 2))


def _taken(specification: Specification, order: Iterable[Operation]) -> bool:
    states = {State()}
    for operation in order:
        found = {specification.step(state, operation) for state in states}
        found |= {specification.spared(state, operation) for state in states}
        states = {one for one in found if isinstance(one, State)}
    return bool(states)


def test_the_search_finds_what_trying_everything_finds():
    draw = random.Random(11)
    accepted = 0
    for _ in range(HISTORIES):
        operations = [draw_operation(draw) for _ in range(draw.randrange(1, 6))]
        family = Family(first="t0", access_token="a0", grace=draw.choice((0, 2, 30)), operations=operations)
        expected = is_explained(family)
        assert isinstance(search(family), Accepted) == expected, family
        accepted += expected
    assert HISTORIES / 10 < accepted < HISTORIES * 9 / 10
