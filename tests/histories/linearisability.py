"""Whether a history is linearisable: the search of Wing and Gong with Lowe's memory, for one family.

J. M. Wing, C. Gong, "Testing and Verifying Concurrent Objects", 1993; G. Lowe, "Testing for linearizability", 2017.

A history is accepted if every operation can be given one moment between its beginning and its end so that the
specification, taking them in the order of these moments, gives the answers that were seen. An operation whose outcome
is unknown may take effect or not. What is remembered is (operations done, state): the same pair is never searched twice.

An operation that may happen now and changes nothing is taken at once and not tried later: whatever order is possible
without it here is possible with it. That, and that families are small, keeps the search short.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.histories.history import Kind, Outcome
from tests.histories.specification import Breach, Specification, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.histories.history import Family, Operation


@dataclass(frozen=True, slots=True)
class Order:
    """A linearisation, latest operation first."""

    operation: Operation
    before: Order | None

    def __iter__(self) -> Iterator[Operation]:
        link: Order | None = self
        while link is not None:
            yield link.operation
            link = link.before


@dataclass(frozen=True, slots=True)
class Accepted:
    """The history keeps the promises."""

    order: tuple[Operation, ...]
    """One order that explains it, from first to last."""
    state: State


@dataclass(frozen=True, slots=True)
class Rejected:
    """No order explains the history: where the longest attempt got stuck, and why."""

    breach: Breach
    culprit: Operation
    state: State
    done: int


@dataclass(frozen=True, slots=True)
class _Node:
    done: int
    """A bit for each operation, in the order of their beginnings, that has its place or can have none any more."""
    state: State
    order: Order | None


def search(family: Family) -> Accepted | Rejected:
    """Find an order, or show that there is none."""
    return _Search(family).run()


class _Search:
    def __init__(self, family: Family) -> None:
        self._specification = Specification(family)
        self._operations = sorted(filter(_matters, family.operations), key=lambda one: one.began)
        self._all = (1 << len(self._operations)) - 1
        self._required = sum(1 << n for n, one in enumerate(self._operations) if one.outcome is not Outcome.UNKNOWN)
        self._optional = self._all & ~self._required
        self._seen: set[tuple[int, State]] = set()
        self._deepest: _Node | None = None

    def run(self) -> Accepted | Rejected:
        nodes = [_Node(0, State(), None)]
        while nodes:
            node = self._absorb(nodes.pop())
            if not self._required & ~node.done:
                return Accepted(tuple(node.order or ())[::-1], node.state)
            if (node.done, node.state) in self._seen:
                continue
            self._seen.add((node.done, node.state))
            if self._deepest is None or node.done.bit_count() > self._deepest.done.bit_count():
                self._deepest = node
            following = [one for number in self._candidates(node.done) for one in self._take(node, number)]
            nodes.extend(reversed(following))
        return self._explain()

    def _absorb(self, node: _Node) -> _Node:
        """Take all that may happen now, changes nothing and shuts nothing out."""
        before = None
        while node is not before:
            before = node
            for number in self._candidates(node.done):
                operation = self._operations[number]
                if not self._required >> number & 1 or self._shuts_out(node.done, operation):
                    continue
                if self._specification.step(node.state, operation) == node.state:
                    node = self._following(node, number, node.state)
        return node

    def _take(self, node: _Node, number: int) -> Iterator[_Node]:
        operation = self._operations[number]
        spared = self._specification.spared(node.state, operation)
        if spared is not None:
            yield self._following(node, number, spared)
        state = self._specification.step(node.state, operation)
        if not isinstance(state, Breach) and (operation.outcome is not Outcome.UNKNOWN or state != node.state):
            yield self._following(node, number, state)

    def _following(self, node: _Node, number: int, state: State) -> _Node:
        """This operation given its place; what had ended before it began cannot come any more, and is done with."""
        operation = self._operations[number]
        done = node.done | 1 << number
        for other, one in self._left(self._optional & ~done):
            if one.began > operation.began:
                break
            if one.ended < operation.began:
                done |= 1 << other
        return _Node(done, state, Order(operation, node.order))

    def _candidates(self, done: int) -> list[int]:
        """Operations before which no other must happen, those that end first before the others."""
        horizon, found = math.inf, []
        for number, one in self._left(self._all & ~done):
            if one.began > horizon:
                break
            found.append(number)
            if self._required >> number & 1:
                horizon = min(horizon, one.ended)
        found = [number for number in found if self._operations[number].began <= horizon]
        return sorted(found, key=lambda number: self._operations[number].ended)

    def _left(self, bits: int) -> Iterator[tuple[int, Operation]]:
        while bits:
            lowest = bits & -bits
            number = lowest.bit_length() - 1
            yield number, self._operations[number]
            bits ^= lowest

    def _shuts_out(self, done: int, operation: Operation) -> bool:
        """Whether something of unknown outcome, not taken yet, could not happen any more after this."""
        return any(one.ended < operation.began for _, one in self._left(self._optional & ~done))

    def _explain(self) -> Rejected:
        """The operation that had to be next where the longest attempt got stuck."""
        node = self._deepest
        assert node is not None
        culprit = min((one for _, one in self._left(self._required & ~node.done)), key=lambda one: one.ended)
        breach = self._specification.step(node.state, culprit)
        assert isinstance(breach, Breach)
        return Rejected(breach, culprit, node.state, node.done.bit_count())


def _matters(operation: Operation) -> bool:
    """A question whose answer nobody saw says nothing."""
    return operation.outcome is not Outcome.UNKNOWN or operation.kind in (Kind.REFRESH, Kind.REVOKE)
