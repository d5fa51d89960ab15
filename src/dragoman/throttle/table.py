"""Counters by key in a piece of memory of fixed size.

The memory is a row of sets, each with room for eight counters, and a keyed digest decides in which set a counter lives,
so nobody can choose their neighbours. Where a set is full, the counter with the fewest failures makes room. Two rules
keep that from being of use to anybody:

- What was forgotten is taken into the set's floor: whoever is new in the set begins with so many failures, and at most
  with so many that one guess is still free. So whoever comes back is never better off than before.
- A counter that has no free guesses left is never forgotten before its time. Where a set has none but such, all who are
  new share the one counter that the set has besides.
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
_FLOOR = Struct("<Ixxxxd")
_HEAD_BYTES = _FLOOR.size + _COUNTER.size
"""Of a set: its floor and until when it holds, then the counter that is shared, at the same distance as in an entry."""
SET_BYTES = _HEAD_BYTES + _WAYS * _ENTRY.size
_EMPTY = bytes(KEY_BYTES)
_NOTHING = Counter()


@value
class Slot:
    """A counter as it stands now, and where it is or would be."""

    place: int
    """Where its entry begins."""
    key: bytes
    counter: Counter
    shared: bool = False
    """Whether it is the one of all who found no room: no success of one of them is the others'."""
    evicts: int = 0
    """How many failures would be forgotten with the counter that is there now."""


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
            return Slot(place=start, key=key, counter=self._read(start, limits, now), shared=True)
        first = start + _HEAD_BYTES
        place = self._memory.find(key, first, start + SET_BYTES)
        if place < 0 or (place - first) % _ENTRY.size:
            return self._room(key, start, limits, now)
        return Slot(place=place, key=key, counter=self._read(place, limits, now))

    def put(self, slot: Slot, counter: Counter, now: float) -> None:
        """Write the counter to where it was found to be; an empty one leaves its room to others."""
        if slot.evicts:
            start = slot.place - (slot.place - self._start) % SET_BYTES
            floor = max(slot.evicts, self._floor(start, now))
            _FLOOR.pack_into(self._memory, start, floor, now + self._limits.memory)
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

    def _floor(self, start: int, now: float) -> int:
        floor, ends_at = _FLOOR.unpack_from(self._memory, start)
        return int(floor) if now < ends_at else 0

    def _room(self, key: bytes, start: int, limits: Limits, now: float) -> Slot:
        """Where one that is not there would be put, and with what it begins."""
        place, evicts = self._best_place(start + _HEAD_BYTES, start + SET_BYTES, now)
        shared = self._read(start, limits, now)
        if place < 0:
            return Slot(place=start, key=key, counter=shared, shared=True)
        failures = max(self._floor(start, now), evicts)
        if shared.failures > failures:  # some of these may be its own
            begins = Counter(failures=shared.failures, opens_at=shared.opens_at, since=shared.since)
        else:
            begins = Counter(failures=failures, since=now) if failures else _NOTHING
        return Slot(place=place, key=key, counter=begins, evicts=evicts)

    def _best_place(self, first: int, end: int, now: float) -> tuple[int, int]:
        """Where nothing is, or the fewest failures that may be forgotten, the oldest; less than 0 if nowhere."""
        found, least, oldest = -1, 0, 0.0
        place = first
        for key, failures, reserved, _, lease_ends_at, since in _ENTRY.iter_unpack(self._memory[first:end]):
            if key == _EMPTY:
                return place, 0
            if not reserved or now >= lease_ends_at:
                known, latest = failures + reserved, max(since, lease_ends_at if reserved else since)
                if now >= latest + self._limits.memory:
                    return place, 0
                if known < self._limits.free and (found < 0 or (known, latest) < (least, oldest)):
                    found, least, oldest = place, known, latest
            place += _ENTRY.size
        return found, least
