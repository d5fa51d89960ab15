"""Counters by key in a piece of memory of fixed size.

The memory is a row of sets, each with room for eight counters, and a keyed digest decides in which set a counter lives,
so nobody can choose their neighbours. Where a set is full, the counter with the fewest failures makes room, as long as
it has free guesses left. One that has none is never forgotten before its time: where a set has no others, all who are
new share the one counter that the set has besides. So whoever floods the table with names makes it stricter.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from dragoman.core.throttle import Counter, Limits, lapse
from dragoman.core.value import value

if TYPE_CHECKING:
    from mmap import mmap

KEY_BYTES = 16
_WAYS = 8
_ENTRY = Struct("<16sIIddd")
_COUNTER = Struct("<IIddd")
_COUNTS = Struct("<II")
"""The failures and guesses that a counter begins with."""
SET_BYTES = (1 + _WAYS) * _ENTRY.size
"""The first entry of a set has no key: it is the shared one."""
_EMPTY = bytes(KEY_BYTES)
_NOTHING = Counter()


@value
class Slot:
    """A counter as it stands now, and where it is or would be."""

    place: int
    """Where its entry begins."""
    key: bytes
    counter: Counter
    there: bool
    """Whether it has been written before."""
    shared: bool = False
    """Whether it is the one of all who found no room: no success of one of them is the others'."""


class Table:
    """Not for two at once: whoever shares the memory locks it (`throttle.memory`)."""

    def __init__(self, memory: mmap, start: int, sets: int, limits: Limits) -> None:
        """`sets` of them from `start` on. A counter without free guesses under `limits` is kept for its time."""
        self._memory = memory
        self._start = start
        self._sets = sets
        self._limits = limits

    def find(self, key: bytes, limits: Limits, now: float, *, shared: bool = False) -> Slot:
        """The counter of this key (KEY_BYTES that nobody can foresee), brought up to now.

        `shared`: the one that it shares with others, because a ticket was given out for that.
        """
        start = self._start + int.from_bytes(key[:8], "little") % self._sets * SET_BYTES
        if shared:
            return self._shared(key, start, limits, now)
        first = start + _ENTRY.size
        place = self._memory.find(key, first, start + SET_BYTES)
        if place < 0 or (place - first) % _ENTRY.size:
            return self._room(key, start, limits, now)
        return Slot(place=place, key=key, counter=self._read(place, limits, now), there=True)

    def put(self, slot: Slot, counter: Counter) -> None:
        """Write the counter to where it was found to be; an empty one leaves its room to others."""
        if not slot.shared:
            kept = counter.failures or counter.reserved
            self._memory[slot.place : slot.place + KEY_BYTES] = slot.key if kept else _EMPTY
        _COUNTER.pack_into(
            self._memory,
            slot.place + KEY_BYTES,
            counter.failures,
            counter.reserved,
            counter.opens_at,
            counter.lease_ends_at,
            counter.since,
        )

    def _read(self, place: int, limits: Limits, now: float) -> Counter:
        failures, reserved, opens_at, lease_ends_at, since = _COUNTER.unpack_from(self._memory, place + KEY_BYTES)
        counter = Counter(
            failures=failures, reserved=reserved, opens_at=opens_at, lease_ends_at=lease_ends_at, since=since
        )
        return lapse(counter, limits, now)

    def _shared(self, key: bytes, start: int, limits: Limits, now: float) -> Slot:
        return Slot(place=start, key=key, counter=self._read(start, limits, now), there=True, shared=True)

    def _room(self, key: bytes, start: int, limits: Limits, now: float) -> Slot:
        """Where one that is not there would be put, and with what it begins: some shared failures may be its own."""
        place = self._best_place(start + _ENTRY.size, start + SET_BYTES, now)
        if place >= 0 and _COUNTS.unpack_from(self._memory, start + KEY_BYTES) == (0, 0):  # mostly nobody shares it
            return Slot(place=place, key=key, counter=_NOTHING, there=False)
        shared = self._shared(key, start, limits, now)
        if place < 0:
            return shared
        common = shared.counter
        if not common.failures:
            return Slot(place=place, key=key, counter=_NOTHING, there=False)
        begins = Counter(failures=common.failures, opens_at=common.opens_at, since=common.since)
        return Slot(place=place, key=key, counter=begins, there=False)

    def _best_place(self, first: int, end: int, now: float) -> int:
        """Where nothing is, or the fewest failures that may be forgotten, the oldest; less than 0 if nowhere."""
        found, least, oldest = -1, 0, 0.0
        place = first
        for key, failures, reserved, _, lease_ends_at, since in _ENTRY.iter_unpack(self._memory[first:end]):
            if key == _EMPTY:
                return place
            if not reserved or now >= lease_ends_at:
                known, latest = failures + reserved, max(since, lease_ends_at if reserved else since)
                if now >= latest + self._limits.memory:
                    return place
                if known < self._limits.free and (found < 0 or (known, latest) < (least, oldest)):
                    found, least, oldest = place, known, latest
            place += _ENTRY.size
        return found
