"""The line before the slots: bounded, fair, and nobody is lost (attack K01)."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dragoman.hashing.waiting_line import WaitingLine

CLIENTS, ADDRESSES, MOST = "abc", "xyz", 5


class AnyLine(RuleBasedStateMachine):
    """A line beside a plain list of who waits in it."""

    def __init__(self) -> None:
        super().__init__()
        self.line: WaitingLine[int] = WaitingLine(MOST)
        self.waiting: dict[int, tuple[str, str]] = {}
        self.number = 0

    @rule(client=st.sampled_from(CLIENTS), address=st.sampled_from(ADDRESSES))
    def join(self, client: str, address: str) -> None:
        self.number += 1
        before = Counter(client for client, _ in self.waiting.values())
        has_place = self.line.has_place(client, address)
        gone = self.line.join(client, address, self.number)
        assert has_place == (gone != self.number)
        self.waiting[self.number] = (client, address)
        if gone is None:
            return
        loser = self.waiting.pop(gone)
        assert len(self.waiting) == MOST
        if gone == self.number:
            assert before[client] + 1 >= max(before.values())
        else:
            assert gone == max(one for one, place in [*self.waiting.items(), (gone, loser)] if place == loser)
            assert loser[0] == client or before[loser[0]] > before[client] + 1

    @rule()
    def next(self) -> None:
        item = self.line.next()
        if item is None:
            assert not self.waiting
        else:
            place = self.waiting.pop(item)
            assert all(other > item for other, theirs in self.waiting.items() if theirs == place)

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        item = data.draw(st.sampled_from([0, *self.waiting]))
        client, address = self.waiting.get(item, ("a", "x"))
        assert self.line.leave(client, address, item) == (item in self.waiting)
        self.waiting.pop(item, None)

    @invariant()
    def it_is_as_long_as_who_waits(self) -> None:
        assert len(self.line) == len(self.waiting) <= MOST


TestAnyLine = AnyLine.TestCase
TestAnyLine.settings = settings(max_examples=100, deadline=None)


@given(st.lists(st.tuples(st.sampled_from(CLIENTS), st.sampled_from(ADDRESSES)), max_size=60))
def test_among_so_many_turns_as_there_are_clients_each_has_one(crowd: list[tuple[str, str]]) -> None:
    line: WaitingLine[int] = WaitingLine(100)
    for number, (client, address) in enumerate(crowd):
        line.join(client, address, number)
    left = Counter(client for client, _ in crowd)
    while left:
        turns = [crowd[line.next() or 0][0] for _ in range(len(left))]
        assert sorted(turns) == sorted(left)
        left -= Counter(turns)
