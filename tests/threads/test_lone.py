"""One thread for a piece of work, however many were begun."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from dragoman.threads import beginning as beginning_module
from dragoman.threads import lone as lone_module
from dragoman.threads.beginning import NoThread
from dragoman.threads.lone import LoneThread
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 10.0


class Work:
    """Ends when it is told to, once for each thread that does it."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.began = 0

    def __call__(self) -> None:
        self.began += 1
        self.arrived.release()
        assert self.may_end.acquire(timeout=PATIENCE)


def held_back(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What was to be begun from here on, for the test to begin when it likes."""
    held: list[Callable[[], object]] = []
    monkeypatch.setattr(beginning_module, "start_new_thread", lambda work, _arguments: held.append(work))
    return held


def test_the_first_to_arrive_does_the_work_and_the_others_end(monkeypatch: pytest.MonkeyPatch):
    work = Work()
    lone = LoneThread(work)
    held = held_back(monkeypatch)
    lone.begin()
    lone.begin()
    assert not lone.present
    first, second = (threading.Thread(target=run, daemon=True) for run in held)
    first.start()
    assert work.arrived.acquire(timeout=PATIENCE)
    assert lone.present
    second.start()
    second.join(PATIENCE)
    assert not second.is_alive()
    assert lone.present
    work.may_end.release()
    first.join(PATIENCE)
    assert work.began == 1
    assert not lone.present


def test_who_comes_once_the_work_has_left_is_not_forgotten_when_the_first_ends(monkeypatch: pytest.MonkeyPatch):
    work, may_return = Work(), threading.Event()

    def leaving() -> None:
        work()
        lone.leave()
        assert may_return.wait(PATIENCE)

    lone = LoneThread(leaving)
    held = held_back(monkeypatch)
    lone.begin()
    lone.begin()
    first, second = (threading.Thread(target=run, daemon=True) for run in held)
    first.start()
    assert work.arrived.acquire(timeout=PATIENCE)
    work.may_end.release()
    wait_until(lambda: not lone.present)
    second.start()
    assert work.arrived.acquire(timeout=PATIENCE)
    may_return.set()
    first.join(PATIENCE)
    assert lone.present
    work.may_end.release()
    second.join(PATIENCE)
    assert not lone.present


def test_work_that_fails_leaves_its_place_to_another(monkeypatch: pytest.MonkeyPatch):
    def fail() -> None:
        raise ValueError

    lone = LoneThread(fail)
    held = held_back(monkeypatch)
    lone.begin()
    with pytest.raises(ValueError):
        held[0]()
    assert not lone.present


def test_one_that_does_not_arrive_is_overdue_and_one_that_is_there_is_not(monkeypatch: pytest.MonkeyPatch):
    work = Work()
    lone = LoneThread(work)
    assert lone.is_overdue
    with monkeypatch.context() as system:
        held_back(system)
        lone.begin()
    assert not lone.is_overdue
    monkeypatch.setattr(lone_module, "ARRIVAL_SECONDS", 0.0)
    assert lone.is_overdue
    lone.begin()
    assert work.arrived.acquire(timeout=PATIENCE)
    assert not lone.is_overdue
    work.may_end.release()


@pytest.mark.parametrize("want", [RuntimeError("can't start new thread"), MemoryError()])
def test_where_the_system_has_none_to_give_it_says_so(monkeypatch: pytest.MonkeyPatch, want: Exception):
    def refuse(*_arguments: object) -> None:
        raise want

    monkeypatch.setattr(beginning_module, "start_new_thread", refuse)
    lone = LoneThread(Work())
    with pytest.raises(NoThread, match="no thread can be begun now"):
        lone.begin()
    assert not lone.present
