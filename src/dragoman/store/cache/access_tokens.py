"""What was read of access tokens a moment ago: APIs ask about the same ones again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.store.cache.changes import Changes, Mark

Found = TypeVar("Found")


class Recent(Generic[Found]):
    """What was read counts for `staleness` seconds at most, whoever changes it meanwhile and in whatever process.

    What this server has changed in any of its workers (`Changes`) is looked for again at once, also where a look was
    under way that may have come too early. Of a token that is not there nothing is kept. At most `most` tokens.
    """

    def __init__(
        self, monotonic: Callable[[], float], changes: Changes, *, staleness: float = 0.0, most: int = 4096
    ) -> None:
        self._monotonic = monotonic
        self._changes = changes
        self._staleness = staleness
        self._most = most
        self._kept: dict[bytes, tuple[float, Mark, Found]] = {}

    async def find(self, family: bytes, token: bytes, look: Callable[[], Awaitable[Found | None]]) -> Found | None:
        """As it was found a moment ago, or as `look` finds it now. Refuses as `look`, and remembers no refusal.

        `family` is the token's grant, or the token where it has none.
        """
        now, mark = self._monotonic(), self._changes.mark(family)  # before the look: it is never younger than it seems
        known = self._kept.get(token)
        if known is not None and known[1] == mark and now - known[0] < self._staleness:
            return known[2]
        found = await look()
        if found is not None:
            self._keep(token, now, mark, found)
        return found

    def kept(self, family: bytes, token: bytes) -> Found | None:
        """As it was found a moment ago; None where it would have to be looked for."""
        known = self._kept.get(token)
        if known is None or known[1] != self._changes.mark(family) or self._monotonic() - known[0] >= self._staleness:
            return None
        return known[2]

    def keep(self, family: bytes, token: bytes, found: Found) -> None:
        """What can never be otherwise again counts from now on as if it had just been looked for."""
        self._keep(token, self._monotonic(), self._changes.mark(family), found)

    def _keep(self, token: bytes, now: float, mark: Mark, found: Found) -> None:
        if self._staleness:
            self._kept.pop(token, None)
            self._kept[token] = (now, mark, found)
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
