"""Rows of a join, one for each of several names, back to one row with all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence


async def grouped(
    rows: AsyncIterator[Mapping[str, object]], key: str, name: str
) -> AsyncIterator[tuple[Mapping[str, object], tuple[str, ...]]]:
    """Each row once, with what its neighbours of the same key have under `name`. They come in the order of the key."""
    first: Mapping[str, object] | None = None
    names: list[str] = []
    async for row in rows:
        if first is not None and row[key] != first[key]:
            yield first, tuple(dict.fromkeys(names))
            first = None
        if first is None:
            first, names = row, []
        if row[name] is not None:
            names.append(str(row[name]))
    if first is not None:
        yield first, tuple(dict.fromkeys(names))


async def gathered(
    rows: AsyncIterator[Mapping[str, object]], key: str
) -> AsyncIterator[Sequence[Mapping[str, object]]]:
    """Neighbours of the same key together, where there are few. They come in the order of the key."""
    some: list[Mapping[str, object]] = []
    async for row in rows:
        if some and row[key] != some[0][key]:
            yield some
            some = []
        some.append(row)
    if some:
        yield some
