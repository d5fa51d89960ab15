"""Changes that one caller wins: those that wait together share a round trip and a commit (docs/adr/postgresql.md).

Each is told what it would have been told alone. Together they leave out a row that somebody holds, so that they wait
for nobody; whoever did not win in company tries alone, and that decides.
"""

from __future__ import annotations

from operator import itemgetter
from time import monotonic
from typing import TYPE_CHECKING

from dragoman.store.postgresql.errors import refusal
from dragoman.store.postgresql.gathering import Gathering

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from dragoman.store.postgresql.gathering import Wanted
    from dragoman.store.postgresql.pool import Connection
    from dragoman.store.rows import Row, Values

    Alone = Callable[[Connection, Values], Awaitable[bool]]
    Together = Callable[[Connection, Sequence[Values]], Awaitable[Sequence[Row]]]
    Trip = Callable[[Callable[[Connection], Awaitable[Sequence[Row]]]], Coroutine[object, None, Sequence[Row]]]


class _Attempt:
    """One caller's: two with the same values are two, of which one wins."""

    __slots__ = ("values",)

    def __init__(self, values: Values) -> None:
        self.values = values


class Contested:
    """The changes of one event loop by one statement, each of the row with its `id`."""

    def __init__(self, trip: Trip, alone: Alone, together: Together, seconds: float) -> None:
        """`trip` lends a connection; `alone` tells whether its row was changed, `together` the ids of those that were.

        Who has waited for the others longer than `seconds` is refused, not tried again.
        """
        self._trip = trip
        self._alone = alone
        self._together = together
        self._seconds = seconds
        self._gathering: Gathering[_Attempt] = Gathering(self._go, itemgetter(0))

    async def change(self, values: Values) -> bool:
        """Whether this caller won. Refuses `temporarily_unavailable`; raises what the statement alone raises."""
        began = monotonic()
        attempt = _Attempt(values)
        answer = await self._gathering.find(attempt)
        if answer is not None:
            return bool(answer[1])
        if monotonic() - began > self._seconds:
            raise refusal("the database was too slow for a second trip; nothing was changed")
        (answer,) = await self._go(lambda: (attempt,))
        return bool(answer[1])

    def _go(self, wanted: Wanted[_Attempt]) -> Coroutine[object, None, Sequence[Row]]:
        async def use(connection: Connection) -> Sequence[Row]:
            return await self._made(connection, wanted())

        return self._trip(use)

    async def _made(self, connection: Connection, attempts: Sequence[_Attempt]) -> Sequence[Row]:
        """Who won, and if it was alone, whether; of two who want the same row the second is left for later."""
        if len(attempts) == 1:
            (attempt,) = attempts
            return ((attempt, await self._alone(connection, attempt.values)),)
        by_id = {attempt.values["id"]: attempt for attempt in reversed(attempts)}
        changed = await self._together(connection, [attempt.values for attempt in by_id.values()])
        return [(by_id[row[0]], True) for row in changed]
