"""After a failure nothing is tried for a moment, and for longer the more often it fails."""

from __future__ import annotations

import pytest

from dragoman.core.circuit import Circuit


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_never_failed_may_be_tried_at_once():
    assert Circuit(Clock(), lambda: 0.5).wait_seconds() == 0


@pytest.mark.parametrize(("draw", "share"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_each_failure_doubles_the_wait_up_to_five_seconds_and_chance_decides_half_of_it(draw: float, share: float):
    clock = Clock()
    circuit = Circuit(clock, lambda: draw)
    waits = []
    for _ in range(40):
        circuit.failed()
        waits.append(circuit.wait_seconds())
        clock.now += waits[-1]
        assert circuit.wait_seconds() == 0
    assert waits == pytest.approx([share * min(0.1 * 2**number, 5) for number in range(40)])


def test_a_success_that_lasts_makes_the_next_wait_short_and_one_that_does_not_leaves_it_long():
    clock = Clock()
    circuit = Circuit(clock, lambda: 1.0)
    for _ in range(10):
        circuit.failed()
    clock.now += 5
    circuit.succeeded()
    clock.now += 9
    circuit.failed()
    assert circuit.wait_seconds() == pytest.approx(5)
    clock.now += 5
    circuit.succeeded()
    clock.now += 1
    circuit.succeeded()
    clock.now += 9
    circuit.failed()
    assert circuit.wait_seconds() == pytest.approx(0.1)
