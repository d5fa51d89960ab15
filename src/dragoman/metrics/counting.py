"""What is counted of audit events and requests. It costs well under a microsecond each, and nothing is waited for."""

from __future__ import annotations

from bisect import bisect_left
from contextvars import ContextVar
from typing import TYPE_CHECKING

from dragoman.core.guessing import HELD
from dragoman.core.refresh import REUSED
from dragoman.core.revocation import REVOKED_BY_CLIENT, SIGNED_OUT_BY_BEARER
from dragoman.core.throttle import Alarm
from dragoman.metrics.series import (
    BOUNDS,
    GRANT_REVOCATIONS,
    GUESSES_HELD,
    MOST_CLIENTS,
    OTHER,
    REQUEST_DURATION,
    THROTTLE_ALARMS,
    TOKEN_RESPONSES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dragoman.core.ports import Audit, Event
    from dragoman.metrics.tally import Tally

    Observe = Callable[[str, str, str, float], None]

REASONS = frozenset({REUSED, REVOKED_BY_CLIENT, SIGNED_OUT_BY_BEARER})
_ENDINGS = frozenset({"grant_revoked", "token_revoked"})
_TOKEN_ANSWERS = frozenset({"token_issued", "token_refused", "dialect_refused"})
_RETRY = {1: "yes", 0: "no"}
_NO_QUESTION = "not_applicable"
_LONGEST_CLIENT_ID = 256
_HELD = {detail: held.value for held, detail in HELD.items()}
_ALARMS = frozenset(alarm.value for alarm in Alarm)


class Counting:
    """An audit that counts what it passes on (core.ports.Audit), and a count of every request."""

    def __init__(self, tally: Tally, audit: Audit, grant_types: Iterable[str]) -> None:
        """`grant_types` are those that the server has."""
        self._tally = tally
        self._numbers = tally.numbers
        self._audit = audit
        self._grant_types = frozenset(grant_types)
        self._grant_type: ContextVar[str] = ContextVar("grant type of the request", default=OTHER)
        self._clients = set(tally.values_of(GRANT_REVOCATIONS))
        self._durations: dict[tuple[str, str], int] = {}
        self._answers: dict[tuple[str, str, str], int] = {}

    def record(self, event: Event) -> None:
        """Pass the event on, then count it."""
        self._audit.record(event)
        if event.name in _ALARMS:
            self._tally.count(THROTTLE_ALARMS, (event.name,))
        elif (detail := event.facts.get("detail")) in _HELD:
            self._tally.count(GUESSES_HELD, (_HELD[str(detail)],))
        if event.name in _TOKEN_ANSWERS:
            named = event.facts.get("grant_type")
            self._grant_type.set(named if isinstance(named, str) and named in self._grant_types else OTHER)
        elif event.name in _ENDINGS and "because" in event.facts:
            self._count_ending(event)

    def observe(self, endpoint: str, dialect: str, outcome: str, seconds: float) -> None:
        """An answer is about to be sent. `outcome` is `ok` or the name of a refusal.

        An answer of a token endpoint counts as of the grant type of the audit event that this same request has left.
        """
        place = self._durations.get((endpoint, dialect))
        if place is None:
            place = self._tally.place_of(REQUEST_DURATION, (endpoint, dialect))
            self._durations[endpoint, dialect] = place
        self._numbers[place] += seconds
        self._numbers[place + 1 + bisect_left(BOUNDS, seconds)] += 1
        if endpoint == "token":
            self._count_answer(dialect, outcome)

    def _count_answer(self, dialect: str, outcome: str) -> None:
        labels = (dialect, self._grant_type.get(), outcome)
        place = self._answers.get(labels)
        if place is None:
            place = self._tally.place_of(TOKEN_RESPONSES, labels)
            self._answers[labels] = place
        self._numbers[place] += 1

    def _count_ending(self, event: Event) -> None:
        because, retry = event.facts["because"], event.facts.get("looked_like_retry")
        labels = (
            self._told_client(event.client_id),
            because if isinstance(because, str) and because in REASONS else OTHER,
            _RETRY.get(retry, _NO_QUESTION) if isinstance(retry, int) else _NO_QUESTION,
        )
        self._tally.count(GRANT_REVOCATIONS, labels)

    def _told_client(self, client_id: str | None) -> str:
        """The audit names registered clients alone, and of them the first so many are told apart."""
        if client_id in self._clients:
            return client_id or OTHER
        if client_id is None or len(client_id) > _LONGEST_CLIENT_ID or len(self._clients) > MOST_CLIENTS:
            return OTHER
        self._clients.add(client_id)
        return client_id


def count_from(tally: Tally | None, audit: Audit, grant_types: Iterable[str]) -> tuple[Audit, Observe | None]:
    """The audit to use, and what counts requests; without a tally the audit as it is, and nothing."""
    if tally is None:
        return audit, None
    counting = Counting(tally, audit, grant_types)
    return counting, counting.observe
