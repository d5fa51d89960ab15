"""The throttle of one server: its counters in memory, and a little patience (core.throttle.Throttle)."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from dragoman.core.throttle import Attempt, Holding, Outcome, Wrong
from dragoman.throttle.counters import BUSY, Reserved
from dragoman.throttle.memory import Stuck

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.core.throttle import Alarm, Standings, Ticket
    from dragoman.throttle.counters import Counters
    from dragoman.throttle.keys import Keys, Namer

_PATIENCE_SECONDS: Final = 3.0
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.25
"""Seconds after which the first of a line looks again, in case that another process settled what stands in the way."""
_MOST_WAITING = 1000
_MOST_OF_ONE = 250
"""Of which one account may have so many."""
_TURNS = 50
_TURN_SECONDS = 0.01
Said = TypeVar("Said")


class Patience:
    """Waits for what is being checked just now, so that right passwords sent at the same time are all accepted.

    Of all who wait for one account only the first looks again: how many wait makes no more work.
    """

    def __init__(self, most_waiting: int = _MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._number = 0
        self._lines: dict[tuple[bytes, bool], deque[asyncio.Event]] = {}
        """By account, and apart for its known addresses: strangers are not in their way."""

    async def wait_for(self, keys: Keys, attempt: Callable[[], Awaitable[Ticket | Holding]]) -> Ticket | Holding:
        """The answer, once it is another than busy; busy, where that takes too long or too many wait."""
        answer = await attempt()
        name = (keys.account, keys.known)
        if answer is not BUSY or self._number >= self._most_waiting or len(self._lines.get(name, ())) >= _MOST_OF_ONE:
            return answer
        line, turn = self._lines.setdefault(name, deque()), asyncio.Event()
        line.append(turn)
        self._number += 1
        try:
            return await self._stand(line, turn, attempt)
        finally:
            self._number -= 1
            line.remove(turn)
            if line:
                line[0].set()
            else:
                del self._lines[name]

    def go_on(self, account: bytes) -> None:
        """Something was settled: who is first in line for this account may look again."""
        for known in (True, False):
            if line := self._lines.get((account, known)):
                line[0].set()

    @staticmethod
    async def _stand(
        line: deque[asyncio.Event], turn: asyncio.Event, attempt: Callable[[], Awaitable[Ticket | Holding]]
    ) -> Ticket | Holding:
        ends, pause = time.monotonic() + _PATIENCE_SECONDS, _FIRST_PAUSE
        while (left := ends - time.monotonic()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(pause, left) if line[0] is turn else left):
                    await turn.wait()
            turn.clear()
            if line[0] is turn:
                answer = await attempt()
                if answer is not BUSY:
                    return answer
                pause = min(2 * pause, _LONGEST_PAUSE)
        return BUSY


async def in_turn(act: Callable[[], Said]) -> Said | None:
    """What `act` returns, once nobody else has the memory's lock; None where it stays held."""
    for _ in range(_TURNS):
        try:
            return act()
        except Stuck:
            await asyncio.sleep(_TURN_SECONDS)
    return None


class MemoryThrottle:
    """For one process, or for all workers of one server."""

    def __init__(self, counters: Counters, namer: Namer) -> None:
        self._counters = counters
        self._namer = namer
        self._patience = Patience()

    def place_of(self, account_id: str, address: str) -> str:
        """What is kept of an address from which this account was used."""
        return self._namer.place(account_id, address)

    async def take(self, attempt: Attempt) -> Ticket | Holding:
        """Reserve before the check."""
        keys = self._namer.keys(attempt)

        async def try_once() -> Ticket | Holding:
            try:
                return self._counters.take(keys)
            except Stuck:
                return BUSY

        return await self._patience.wait_for(keys, try_once)

    async def settle(self, ticket: Ticket, outcome: Outcome) -> tuple[Alarm, ...]:
        """Say how the check went. What cannot be said is taken for a failure when the lease has ended."""
        reserved = _ours(ticket)
        alarms = await in_turn(lambda: self._counters.settle(reserved, outcome))
        self._patience.go_on(reserved.keys.account)
        return alarms or ()

    async def count_wrong_secret(self, address: str, client_id: str) -> Wrong:
        """Count that a client's secret was wrong; the alarms of it, and for how long its address is held."""
        keys = self._namer.keys_of_client(address, client_id)
        return await in_turn(lambda: self._counters.count_wrong_secret(keys)) or _UNCOUNTED

    async def look(self, keys: Keys) -> Standings | None:
        """How the counters stand, for an operator; None where nobody can be asked now."""
        return await in_turn(lambda: self._counters.look(keys))


class NoThrottle:
    """Where throttling is switched off."""

    def place_of(self, _account_id: str, _address: str) -> str:
        """Nothing is kept."""
        return ""

    async def take(self, _attempt: Attempt) -> Ticket | Holding:
        """Every check is allowed."""
        return _ALLOWED

    async def settle(self, _ticket: Ticket, _outcome: Outcome) -> tuple[Alarm, ...]:
        """Nothing is counted."""
        return ()

    async def count_wrong_secret(self, _address: str, _client_id: str) -> Wrong:
        """Nothing is counted."""
        return _UNCOUNTED


_ALLOWED: Final = object()
_UNCOUNTED: Final = Wrong(alarms=(), held_for=None)


def _ours(ticket: Ticket) -> Reserved:
    if not isinstance(ticket, Reserved):
        raise TypeError("a ticket of another throttle")
    return ticket
