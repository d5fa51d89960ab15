"""The throttle of several machines: one count for all, and each machine's own where nobody can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.throttle import Attempt, Holding, Outcome, Wrong
from dragoman.core.value import value
from dragoman.throttle.counters import BUSY, Reserved
from dragoman.throttle.memory import Stuck
from dragoman.throttle.throttle import Patience, in_turn

if TYPE_CHECKING:
    from dragoman.core.throttle import Alarm, Ticket
    from dragoman.throttle.counters import Counters
    from dragoman.throttle.keys import Namer
    from dragoman.throttle.remote import RemoteCounters

_MOST_WAITING = 200
"""Fewer than at one server alone: each that waits asks the shared server four times a second."""


@value
class SharedTicket:
    """What was reserved, and where."""

    reserved: Reserved
    own: bool
    """Whether in this machine's own counters, because nobody could be asked."""


class SharedThrottle:
    """The shared server's counters decide. This machine keeps counters of its own beside them.

    While the shared server is away, those decide, each machine with its part of every limit (`core.throttle.share`), so
    that all machines together allow no more than the whole.
    """

    def __init__(self, remote: RemoteCounters, own: Counters, namer: Namer) -> None:
        self._remote = remote
        self._own = own
        self._namer = namer
        self._patience = Patience(_MOST_WAITING)

    def place_of(self, account_id: str, address: str) -> str:
        """What is kept of an address from which this account was used."""
        return self._namer.place(account_id, address)

    async def take(self, attempt: Attempt) -> Ticket | Holding:
        """Reserve before the check."""
        keys = self._namer.keys(attempt)

        async def try_once() -> Ticket | Holding:
            answer = await self._remote.take(keys)
            if answer is not None:
                return SharedTicket(reserved=answer, own=False) if isinstance(answer, Reserved) else answer
            try:
                own = self._own.take(keys)
            except Stuck:
                return BUSY
            return SharedTicket(reserved=own, own=True) if isinstance(own, Reserved) else own

        return await self._patience.wait_for(keys, try_once)

    async def settle(self, ticket: Ticket, outcome: Outcome) -> tuple[Alarm, ...]:
        """Say how the check went. What cannot be said is taken for a failure when the lease has ended."""
        if not isinstance(ticket, SharedTicket):
            raise TypeError("a ticket of another throttle")
        reserved, own = ticket.reserved, self._own
        if ticket.own:
            alarms = await in_turn(lambda: own.settle(reserved, outcome))
        else:
            alarms = await self._remote.settle(reserved, outcome)
            await in_turn(lambda: own.note(reserved, outcome))
        self._patience.go_on(reserved.keys.account)
        return alarms or ()

    async def count_wrong_secret(self, address: str, client_id: str) -> Wrong:
        """A client's secret was wrong."""
        keys = self._namer.keys_of_client(address, client_id)
        own = await in_turn(lambda: self._own.count_wrong_secret(keys))
        return await self._remote.count_wrong_secret(keys) or own or Wrong(alarms=(), held_for=None)
