"""Right passwords at once wait for each other, and however many wait, it costs next to nothing (attack U16)."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

import pytest

from dragoman.core.throttle import Holding
from dragoman.throttle.counters import BUSY
from dragoman.throttle.throttle import Patience
from tests.coroutines import on_a_loop
from tests.throttle.guessers import attempt, namer

TICKET = object()


class Crowd:
    """Who wants something to be checked, how often each was looked after, and what stands in whose way."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self.looked: Counter[str] = Counter()
        self.held: set[str] = set()
        self.tasks: dict[str, asyncio.Task] = {}

    async def ask(self, name: str, account: str = "ann", *, known: bool = False) -> asyncio.Task:
        keys = namer().keys(attempt(account, known=known))
        self.held.add(name)

        async def look() -> object:
            self.looked[name] += 1
            return BUSY if name in self.held else TICKET

        self.tasks[name] = asyncio.ensure_future(self.patience.wait_for(keys, look))
        await asyncio.sleep(0)
        return self.tasks[name]

    def settle(self, account: str = "ann") -> None:
        self.patience.go_on(namer().keys(attempt(account)).account)

    async def leave(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.wait(self.tasks.values())


@on_a_loop
async def test_u16_of_all_who_wait_for_an_account_only_the_first_looks_again() -> None:
    crowd = Crowd(Patience())
    first = await crowd.ask("first")
    for number in range(50):
        await crowd.ask(str(number))
    while crowd.looked["first"] < 4 and not first.done():  # noqa: ASYNC110 (a pause has no event)
        await asyncio.sleep(0.005)
    assert [crowd.looked[str(number)] for number in range(50)] == [1] * 50
    await crowd.leave()


@on_a_loop
async def test_u16_what_is_settled_lets_them_go_on_one_after_the_other() -> None:
    crowd = Crowd(Patience())
    tasks = [await crowd.ask(str(number)) for number in range(20)]
    crowd.held.clear()
    crowd.settle()
    assert set(await asyncio.gather(*tasks)) == {TICKET}
    assert crowd.looked == {str(number): 2 for number in range(20)}


@on_a_loop
async def test_u14_known_addresses_do_not_wait_behind_strangers() -> None:
    crowd = Crowd(Patience())
    for number in range(10):
        await crowd.ask(str(number))
    owner = await crowd.ask("owner", known=True)
    crowd.held.remove("owner")
    crowd.settle()
    assert await owner is TICKET
    await crowd.leave()


@on_a_loop
async def test_u16_who_gives_up_lets_the_next_go_on() -> None:
    crowd = Crowd(Patience())
    first, second = await crowd.ask("first"), await crowd.ask("second")
    crowd.held.remove("second")
    first.cancel()
    assert await second is TICKET
    assert first.cancelled()


@pytest.mark.parametrize(("total", "others"), [(1000, 250), (100, 100)])
@on_a_loop
async def test_u16_one_account_takes_no_more_than_a_part_of_the_patience(total: int, others: int) -> None:
    crowd = Crowd(Patience(total))
    waiting = [await crowd.ask(str(number)) for number in range(others)]
    answer = await asyncio.ensure_future(crowd.patience.wait_for(namer().keys(attempt("ann")), partial(busy, crowd)))
    assert isinstance(answer, Holding)
    assert crowd.looked["late"] == 1
    assert not any(task.done() for task in waiting)
    another = await crowd.ask("another", "bob")
    await asyncio.sleep(0)
    assert another.done() == (total == others)
    await crowd.leave()


async def busy(crowd: Crowd) -> Holding:
    crowd.looked["late"] += 1
    return BUSY
