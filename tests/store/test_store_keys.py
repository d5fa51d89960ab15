"""A database belongs to the keys that it was first used with."""

import asyncio
from pathlib import Path

import pytest
from store_cast import serve

from dragoman.core.secret import Secret
from dragoman.store.faults import StoreFault
from dragoman.store.opening import open_tool
from dragoman.store.store import Store

OURS, THEIRS = "a" * 32, "b" * 32


def test_keys_once_bound_are_accepted_ever_after(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        for _ in range(2):
            await store.administration.bind_keys(OURS)

    serve(database, scenario)
    serve(database, scenario)


def test_other_keys_are_refused_with_a_remedy_and_the_first_stay_bound(database: Path | Secret) -> None:
    async def first(store: Store) -> None:
        await store.administration.bind_keys(OURS)

    async def other(store: Store) -> None:
        for _ in range(2):
            with pytest.raises(StoreFault, match=r"another installation.*[Rr]estore") as refused:
                await store.administration.bind_keys(THEIRS)
        assert OURS not in str(refused.value)
        assert str(refused.value).endswith(".")
        await store.administration.bind_keys(OURS)

    serve(database, first)
    serve(database, other)


def test_of_two_that_bind_at_once_one_wins(database: Path | Secret) -> None:
    async def scenario() -> None:
        async with open_tool(database) as one, open_tool(database) as two:
            outcomes = await asyncio.gather(
                one.administration.bind_keys(OURS), two.administration.bind_keys(THEIRS), return_exceptions=True
            )
            assert sorted(type(outcome) for outcome in outcomes if outcome is not None) == [StoreFault]

    asyncio.run(scenario())
