"""How access tokens stood a moment ago: APIs ask about the same ones again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Standing = TypeVar("Standing")


class Standings(Generic[Standing]):
    """Standings at most `staleness` seconds old, whoever changed them meanwhile and in whatever process.

    What is forgotten is looked for again when it is next asked for, also where a look was under way that may have come
    too early. Of a token that is not there nothing is kept. At most `most` families: grants, and tokens that have none.
    """

    def __init__(self, monotonic: Callable[[], float], *, staleness: float = 0.0, most: int = 4096) -> None:
        self._monotonic = monotonic
        self._staleness = staleness
        self._most = most
        self._kept: dict[bytes, dict[bytes, tuple[float, Standing]]] = {}

    def keep_for(self, seconds: float) -> None:
        """From now on standings are at most so many seconds old, those that are kept already among them."""
        self._staleness = seconds

    async def find(
        self, family: bytes, token: bytes, look: Callable[[], Awaitable[Standing | None]]
    ) -> Standing | None:
        """As it was found a moment ago, or as `look` finds it now. Refuses as `look`, and remembers no refusal."""
        now = self._monotonic()  # before the look: what is kept is never older than it seems
        tokens = self._kept.get(family)
        known = None if tokens is None else tokens.get(token)
        if known is not None and now - known[0] < self._staleness:
            return known[1]
        if not self._staleness:
            return await look()
        if tokens is None:
            tokens = self._begin(family)
        found = await look()
        if found is not None and self._kept.get(family) is tokens:
            tokens[token] = (now, found)
        return found

    def forget(self, family: bytes) -> None:
        """It may have changed."""
        self._kept.pop(family, None)

    def forget_all(self) -> None:
        """Any of them may have changed."""
        self._kept.clear()

    def _begin(self, family: bytes) -> dict[bytes, tuple[float, Standing]]:
        if len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
        tokens = self._kept[family] = {}
        return tokens
