"""What a family of refresh tokens may do (docs/refresh-guarantees.md), as a machine that takes one operation at a time.

The first refresh token has generation 0. A refresh with the live one moves the family on by a generation; with its
predecessor, inside the grace window, it answers the same successor; with anything else it ends the family, as a
revocation does, unless the token was live when it was presented and the client has a grace window. Nothing of a family
that has ended works.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.histories.history import Kind, Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.histories.history import Family


class Breach(StrEnum):
    """How a promise was broken."""

    LOST = "an acknowledged refresh token was refused"
    LOST_RETRY = "a retry inside the grace window was refused"
    FORKED = "one refresh token had two successors"
    TWICE = "a spent refresh token was honoured"
    UNDEAD = "something of a family that had ended was honoured"
    DEAD = "something of a family that lives was told to be dead"
    STRANGE = "a token came from nowhere"


@dataclass(frozen=True, slots=True)
class State:
    """Where a family stands. `advanced` is the refresh that made the live token, for the grace window."""

    generation: int = 0
    advanced: Operation | None = None
    ended: bool = False


class Specification:
    """The machine for one family. Which token has which generation is read from the answers themselves."""

    def __init__(self, family: Family) -> None:
        self._grace = family.grace
        self._successors = _successors_of(family)
        self._generations = _generations_of(family.first, self._successors)
        self._known_from = _known_from(family, self._generations)

    def step(self, state: State, operation: Operation) -> State | Breach:
        """The state after it, if it may happen now with this answer, or what would be broken."""
        if operation.outcome is Outcome.UNKNOWN:
            return self._happening(state, operation)
        match operation.kind:
            case Kind.REFRESH:
                return self._refreshed(state, operation)
            case Kind.REVOKE:
                return State(state.generation, state.advanced, ended=True)
            case Kind.ASK_REFRESH_TOKEN:
                live = not state.ended and self._generations.get(operation.presented) == state.generation
                return _told(state, operation, live=live)
            case Kind.ASK_ACCESS_TOKEN:
                return _told(state, operation, live=not state.ended)

    def spared(self, state: State, operation: Operation) -> State | None:
        """The state after a refusal that ends nothing, where this may be one.

        Its token was live when it was presented, and others had spent it twice over before it could be.
        """
        generation = self._generations.get(operation.presented)
        refused = operation.kind is Kind.REFRESH and operation.outcome is Outcome.NO and not state.ended
        if not refused or generation is None or self._grace == 0 or generation >= state.generation:
            return None
        if generation == state.generation - 1 and not self._may_be_late(state, operation):
            return None
        return state if self._may_have_been_live(operation, generation) else None

    def _may_have_been_live(self, operation: Operation, generation: int) -> bool:
        """Nobody knew the successor before the request was sent."""
        return operation.began <= self._known_from.get(generation + 1, math.inf)

    def _happening(self, state: State, operation: Operation) -> State:
        """An operation whose answer nobody saw, if it happens now."""
        generation = self._generations.get(operation.presented)
        if state.ended or generation is None or operation.kind not in (Kind.REFRESH, Kind.REVOKE):
            return state
        if operation.kind is Kind.REVOKE:
            return State(state.generation, state.advanced, ended=True)
        if generation == state.generation:
            return State(generation + 1, operation)
        if generation == state.generation - 1 and not self._may_be_late(state, operation):
            return state
        return State(state.generation, state.advanced, ended=True)

    def _refreshed(self, state: State, operation: Operation) -> State | Breach:
        generation = self._generations.get(operation.presented)
        if operation.outcome is Outcome.NO:
            return state if generation is None else self._refused(state, operation, generation)
        if generation is None:
            return Breach.STRANGE
        return self._honoured(state, operation, generation)

    def _honoured(self, state: State, operation: Operation, generation: int) -> State | Breach:
        if state.ended:
            return Breach.UNDEAD
        if operation.successor != self._successors.get(operation.presented):
            return Breach.FORKED
        if generation == state.generation:
            return State(generation + 1, operation)
        if generation == state.generation - 1 and self._may_be_in_time(state, operation):
            return state
        return Breach.TWICE

    def _refused(self, state: State, operation: Operation, generation: int) -> State | Breach:
        if state.ended:
            return state
        if generation >= state.generation:
            return Breach.LOST
        if generation == state.generation - 1 and not self._may_be_late(state, operation):
            return Breach.LOST_RETRY
        return State(state.generation, state.advanced, ended=True)

    def _may_be_in_time(self, state: State, operation: Operation) -> bool:
        """The server counts whole seconds between the two requests' arrivals: less than `grace` of them."""
        return self._grace > 0 and _least_apart(state.advanced, operation) < self._grace

    def _may_be_late(self, state: State, operation: Operation) -> bool:
        return self._grace == 0 or _most_apart(state.advanced, operation) > self._grace - 1


def _told(state: State, operation: Operation, *, live: bool) -> State | Breach:
    if (operation.outcome is Outcome.YES) == live:
        return state
    return Breach.DEAD if live else Breach.UNDEAD


def _least_apart(one: Operation | None, other: Operation) -> float:
    """The shortest time that can lie between the moments at which two requests reached the server."""
    assert one is not None
    return max(0.0, other.began - one.ended, one.began - other.ended)


def _most_apart(one: Operation | None, other: Operation) -> float:
    assert one is not None
    return max(other.ended - one.began, one.ended - other.began)


def _successors_of(family: Family) -> Mapping[str, str]:
    """The first successor that was answered for each token; any other is a fork."""
    successors: dict[str, str] = {}
    for operation in sorted(family.operations, key=lambda one: one.ended):
        if operation.kind is Kind.REFRESH and operation.successor is not None:
            successors.setdefault(operation.presented, operation.successor)
    return successors


def _known_from(family: Family, generations: Mapping[str, int]) -> Mapping[int, float]:
    """From when on somebody knew a token of this generation, or of one after it."""
    known: dict[int, float] = {}
    for one in family.operations:
        given = () if one.successor is None else ((one.successor, one.ended),)
        for token, moment in (*given, (one.presented, one.began)):
            if (generation := generations.get(token)) is not None:
                known[generation] = min(moment, known.get(generation, math.inf))
    latest = math.inf
    for generation in sorted(known, reverse=True):
        known[generation] = latest = min(latest, known[generation])
    return known


def _generations_of(first: str, successors: Mapping[str, str]) -> Mapping[str, int]:
    generations = {first: 0}
    token: str | None = first
    while (token := successors.get(token or "")) is not None and token not in generations:
        generations[token] = len(generations)
    return generations
