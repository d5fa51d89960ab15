"""What one attempt does to the counters of its account, its address and its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.throttle import (
    Alarm,
    Held,
    Holding,
    Outcome,
    Standings,
    Verdict,
    Wrong,
    count,
    ease,
    fail,
    forget,
    give_back,
    judge,
    reserve,
    seconds_closed,
    standing,
)
from dragoman.core.value import value

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.throttle import Counter, Limits, Policy
    from dragoman.throttle.keys import Keys
    from dragoman.throttle.memory import Memory
    from dragoman.throttle.table import Slot, Table

BUSY = Holding(by=Held.BUSY, retry_after=1)


@value
class Reserved:
    """What was reserved for one attempt (core.throttle.Ticket)."""

    keys: Keys
    known: bool
    """Whether of what the account's known addresses may try, and not of what strangers may."""
    common_account: bool
    """Whether with a counter that had to be shared; so of the address."""
    common_address: bool


class Counters:
    """Counters in memory. Each verb is one step that nobody sees half of; all raise Stuck."""

    def __init__(self, policy: Policy, memory: Memory, elapsed: Callable[[], float]) -> None:
        """`elapsed` gives seconds of a clock that nobody can set, the same for all who have the memory."""
        self._policy = policy
        self._memory = memory
        self._elapsed = elapsed

    def take(self, keys: Keys) -> Reserved | Holding:
        """Reserve one guess, where the account and the address allow it."""
        with self._memory.alone():
            return self._take(keys, self._elapsed())

    def settle(self, ticket: Reserved, outcome: Outcome) -> tuple[Alarm, ...]:
        """Say what became of it; what somebody should look at."""
        with self._memory.alone():
            return self._settle(ticket, outcome, self._elapsed())

    def count_wrong_secret(self, keys: Keys) -> Wrong:
        """One more wrong secret of a client; whether its address is held now."""
        with self._memory.alone():
            now, limits = self._elapsed(), self._address_limits(keys)
            slot = self._memory.addresses.find(keys.address, limits, now)
            before, after = slot.counter, count(slot.counter, limits, now)
            self._memory.addresses.put(slot, after)
            alarms = (*_crossed(before, after, limits, Alarm.ADDRESS_HELD), *self._count_client(keys, now))
            held = judge(before, limits, now) is Verdict.REFUSED
            return Wrong(alarms=alarms, held_for=seconds_closed(after, limits, now) if held else None)

    def look(self, keys: Keys) -> Standings:
        """How the counters of an attempt stand; nothing is changed."""
        with self._memory.alone():
            now, policy, memory, limits = self._elapsed(), self._policy, self._memory, self._address_limits(keys)
            return Standings(
                known=standing(memory.known.find(keys.account, policy.known, now).counter, policy.known, now),
                strangers=standing(
                    memory.strangers.find(keys.account, policy.strangers, now).counter, policy.strangers, now
                ),
                address=standing(memory.addresses.find(keys.address, limits, now).counter, limits, now),
                client=standing(memory.clients.find(keys.client, policy.client, now).counter, policy.client, now),
            )

    def note(self, ticket: Reserved, outcome: Outcome) -> None:
        """What became of a guess that was reserved elsewhere, so that it is known when that is out of reach."""
        with self._memory.alone():
            now = self._elapsed()
            if outcome is Outcome.RIGHT:
                for known in (True, False):
                    self._end_row(ticket.keys, now, by_known=ticket.known, of=known)
            elif outcome is Outcome.WRONG:
                keys, limits = ticket.keys, self._address_limits(ticket.keys)
                table, own = self._pool(ticket.known)
                slot = table.find(keys.account, own, now)
                table.put(slot, count(slot.counter, own, now))
                slot = self._memory.addresses.find(keys.address, limits, now)
                self._memory.addresses.put(slot, count(slot.counter, limits, now))

    def _take(self, keys: Keys, now: float) -> Reserved | Holding:
        addresses, limits = self._memory.addresses, self._address_limits(keys)
        address = addresses.find(keys.address, limits, now)
        waits = False
        if keys.known:
            known = self._memory.known.find(keys.account, self._policy.known, now)
            verdict = judge(known.counter, self._policy.known, now)
            if verdict is Verdict.ADMITTED:  # whatever strangers and neighbours have done
                return self._reserve(keys, self._memory.known, known, address, now)
            waits = verdict is Verdict.BUSY
        verdict = judge(address.counter, limits, now)
        if verdict is Verdict.REFUSED:
            held = Holding(by=Held.ADDRESS, retry_after=seconds_closed(address.counter, limits, now))
            return BUSY if waits else held
        strangers = self._memory.strangers.find(keys.account, self._policy.strangers, now)
        match judge(strangers.counter, self._policy.strangers, now):
            case Verdict.REFUSED:
                return BUSY if waits else Holding(by=Held.ACCOUNT, retry_after=1)
            case Verdict.ADMITTED if verdict is Verdict.ADMITTED:
                return self._reserve(keys, self._memory.strangers, strangers, address, now)
        return BUSY

    def _reserve(self, keys: Keys, table: Table, account: Slot, address: Slot, now: float) -> Reserved:
        lease = self._policy.lease
        table.put(account, reserve(account.counter, now, lease))
        self._memory.addresses.put(address, reserve(address.counter, now, lease))
        return Reserved(
            keys=keys,
            known=table is self._memory.known,
            common_account=account.shared,
            common_address=address.shared,
        )

    def _settle(self, ticket: Reserved, outcome: Outcome, now: float) -> tuple[Alarm, ...]:
        keys, limits = ticket.keys, self._address_limits(ticket.keys)
        table, own = self._pool(ticket.known)
        account = table.find(keys.account, own, now, shared=ticket.common_account)
        address = self._memory.addresses.find(keys.address, limits, now, shared=ticket.common_address)
        if outcome is not Outcome.WRONG:
            given_back = give_back(account.counter)
            right = outcome is Outcome.RIGHT and not account.shared
            _change(table, account, forget(given_back) if right and given_back.failures else given_back)
            _change(self._memory.addresses, address, give_back(address.counter))
            if outcome is Outcome.RIGHT:
                self._end_row(keys, now, by_known=ticket.known, of=not ticket.known)
            return ()
        failed, counted = fail(account.counter, own, now), fail(address.counter, limits, now)
        _change(table, account, failed)
        _change(self._memory.addresses, address, counted)
        return (
            *_crossed(address.counter, counted, limits, Alarm.ADDRESS_HELD),
            *(() if ticket.known else _crossed(account.counter, failed, own, Alarm.ACCOUNT_CLOSED)),
            *self._count_client(keys, now),
        )

    def _end_row(self, keys: Keys, now: float, *, by_known: bool, of: bool) -> None:
        """Of the account's known places (`of`) or of its strangers, and of this account alone.

        The address goes on as it was, or whoever has one account could guess at all others for ever.
        """
        table, limits = self._pool(of)
        slot = table.find(keys.account, limits, now)
        if slot.there and slot.counter.failures and not slot.shared:
            _change(table, slot, ease(slot.counter, limits) if by_known and not of else forget(slot.counter))

    def _count_client(self, keys: Keys, now: float) -> tuple[Alarm, ...]:
        limits = self._policy.client
        slot = self._memory.clients.find(keys.client, limits, now)
        after = count(slot.counter, limits, now)
        self._memory.clients.put(slot, after)
        return _crossed(slot.counter, after, limits, Alarm.CLIENT_GUESSED_AT)

    def _pool(self, known: bool) -> tuple[Table, Limits]:
        if known:
            return self._memory.known, self._policy.known
        return self._memory.strangers, self._policy.strangers

    def _address_limits(self, keys: Keys) -> Limits:
        return self._policy.shared_address if keys.shared_address else self._policy.address


def _change(table: Table, slot: Slot, counter: Counter) -> None:
    """Nothing is written, and nobody makes room, where nothing has changed."""
    if counter is not slot.counter:
        table.put(slot, counter)


def _crossed(before: Counter, after: Counter, limits: Limits, alarm: Alarm) -> tuple[Alarm, ...]:
    return (alarm,) if before.failures < limits.most <= after.failures else ()
