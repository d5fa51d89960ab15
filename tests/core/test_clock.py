"""The steady clock, between a wall clock that anybody may set and one that nobody can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.machine import START, Machine

from dragoman.core.clock import TOLERANCE


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_it_is_the_machines_clock_as_long_as_that_goes_on(machine: Machine):
    clock = machine.clock()
    for _ in range(5):
        machine.wait(0.7)
        assert clock() == int(machine.wall)
    machine.wait(86400)
    assert clock() == int(machine.wall)
    assert clock.behind == 0


def test_a_small_step_back_is_waited_for(machine: Machine):
    clock = machine.clock()
    given_out = clock()
    machine.wall -= TOLERANCE
    assert clock() == given_out
    machine.wait(TOLERANCE - 1)
    assert clock() == given_out
    assert clock.behind == 0
    machine.wait(5)
    assert clock() == int(machine.wall) == given_out + 4


def test_a_clock_set_back_an_hour_is_not_believed(machine: Machine):
    clock = machine.clock()
    given_out = clock()
    machine.wall -= 3600
    assert clock() == given_out
    machine.wait(100)
    assert clock() == given_out + 100
    assert clock.behind == 3600


def test_a_clock_that_was_mended_is_believed_again(machine: Machine):
    clock = machine.clock()
    clock()
    machine.wall -= 3600
    machine.wait(100)
    clock()
    machine.wall += 3600
    assert clock() == int(machine.wall)
    assert clock.behind == 0


def test_it_begins_at_the_mark_where_the_machine_is_far_behind(machine: Machine):
    clock = machine.clock()
    clock.count_on_from(START + 3600)
    machine.wait(10)
    assert clock() == START + 3610
    assert clock.behind == 3600


def test_nodes_half_a_minute_apart_disturb_nobody(machine: Machine):
    clock = machine.clock()
    clock.count_on_from(START + TOLERANCE)
    for _ in range(10):
        machine.wait(10)
        assert clock() == int(machine.wall)
    assert clock.behind == 0


def test_a_mark_in_the_past_changes_nothing(machine: Machine):
    clock = machine.clock()
    assert clock() == START
    clock.count_on_from(START - 1000)
    machine.wait(1)
    assert clock() == START + 1


def test_it_never_goes_below_the_earliest_time(machine: Machine):
    clock = machine.clock()
    clock.count_on_from(START + 2, START + 2)
    assert clock() == START + 2
    machine.wait(1)
    assert clock() == START + 2
    machine.wait(2)
    assert clock() == START + 3


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(-10_000, 10_000))))
def test_whatever_happens_time_never_goes_back_nor_far_behind(steps: list[tuple[float, float]]):
    machine = Machine()
    clock = machine.clock()
    before, latest, at = clock(), START, machine.up
    for passed, jump in steps:
        machine.wait(passed)
        machine.wall += jump
        now = clock()
        assert now >= before
        assert now >= latest + int(machine.up - at) - TOLERANCE - 1
        before = now
        if now > latest + machine.up - at:
            latest, at = now, machine.up
