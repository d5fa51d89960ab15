"""What keeps the audit from being filled by whoever likes: refusals that cost their sender nothing, some each minute.

The rest is counted, so that nothing is missing but which request it was; the log has a line of each.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from dragoman.core.errors import Refusal
from dragoman.core.model import Sender
from dragoman.core.ports import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.ports import Audit

_SUM_SECONDS: Final = 60
NOT_LISTED: Final = "refusals_not_listed"
FREE_OF_CHARGE: Final = frozenset({
    # nobody has read what it asks for
    Refusal.MALFORMED_REQUEST,
    Refusal.DUPLICATE_PARAMETER,
    Refusal.LIST_PARAMETER,
    Refusal.PARAMETER_IN_QUERY,
    Refusal.UNSUPPORTED_MEDIA_TYPE,
    Refusal.BODY_TOO_LARGE,
    Refusal.METHOD_NOT_ALLOWED,
    Refusal.TRANSPORT_NOT_SECURE,
    Refusal.BROWSER_NAVIGATION,
    # nobody knows who asks, and no secret was guessed at
    Refusal.MISSING_GRANT_TYPE,
    Refusal.UNSUPPORTED_GRANT_TYPE,
    Refusal.IMPLICIT_GRANT_TYPE,
    Refusal.MISSING_CLIENT_ID,
    Refusal.MALFORMED_CLIENT_AUTHENTICATION,
    Refusal.MULTIPLE_CLIENT_AUTHENTICATION,
    Refusal.CLIENT_ID_MISMATCH,
    # turned away unheard
    Refusal.TOO_MANY_REQUESTS,
    Refusal.TEMPORARILY_UNAVAILABLE,
    Refusal.SERVER_ERROR,
})  # fmt: skip


class BoundedAudit:
    """Passes events on, those of `FREE_OF_CHARGE` as long as there are few (core.ports.Audit)."""

    def __init__(self, audit: Audit, most: int) -> None:
        """`most` of one outcome, dialect and refusal between two sums."""
        self._audit = audit
        self._most = most
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def record(self, event: Event) -> None:
        """Pass it on, or count it."""
        refusal = event.facts.get("refusal")
        if refusal in FREE_OF_CHARGE:
            kind = (event.name, event.dialect, str(refusal))
            self._seen[kind] += 1
            if self._seen[kind] > self._most:
                return
        self._audit.record(event)

    async def keep_summing_up(self) -> None:
        """Do so now and then, and at the end."""
        try:
            while True:
                await asyncio.sleep(_SUM_SECONDS)
                self.sum_up()
        finally:
            self.sum_up()

    def sum_up(self) -> None:
        """How many of each kind have no line of their own, since this was last told; then begin anew."""
        seen, self._seen = self._seen, Counter()
        for (outcome, dialect, refusal), number in seen.items():
            if number > self._most:
                facts = _facts(outcome, refusal, number - self._most)
                self._audit.record(Event(name=NOT_LISTED, dialect=dialect, sender=Sender(), facts=facts))


def _facts(outcome: str, refusal: str, requests: int) -> Mapping[str, str | int]:
    return {"of": outcome, "refusal": refusal, "requests": requests}
