"""What keeps the audit from being filled by whoever likes: refusals that cost their sender nothing, some each minute.

The rest is counted, so that nothing is missing but which request it was; the log has a line of each.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from dragoman.core.errors import Refusal
from dragoman.core.guessing import HELD
from dragoman.core.model import Sender
from dragoman.core.ports import Event
from dragoman.core.revocation import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.ports import Audit

_SUM_SECONDS: Final = 60
NOT_LISTED: Final = "refusals_not_listed"
FREE_OF_CHARGE: Final = frozenset({  # whoever knows no secret can come to these, and the throttle does not count them
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
    # what it asks for cannot be had, whoever asks
    Refusal.MISSING_GRANT_TYPE,
    Refusal.UNSUPPORTED_GRANT_TYPE,
    Refusal.IMPLICIT_GRANT_TYPE,
    Refusal.MISSING_CLIENT_ID,
    Refusal.MALFORMED_CLIENT_AUTHENTICATION,
    Refusal.MULTIPLE_CLIENT_AUTHENTICATION,
    Refusal.CLIENT_ID_MISMATCH,
    Refusal.MISSING_CLIENT_SECRET,
    Refusal.UNEXPECTED_CLIENT_SECRET,
    # the id of a public client is no secret
    Refusal.CLIENT_DISABLED,
    Refusal.DIALECT_NOT_ALLOWED,
    Refusal.GRANT_TYPE_NOT_ALLOWED,
    Refusal.CLIENT_NOT_CONFIDENTIAL,
    Refusal.MISSING_USERNAME,
    Refusal.MISSING_PASSWORD,
    Refusal.MALFORMED_SCOPE,
    Refusal.UNKNOWN_SCOPE,
    Refusal.SCOPE_NOT_ALLOWED,
    Refusal.EMPTY_SCOPE,
    Refusal.MISSING_REFRESH_TOKEN,
    Refusal.MALFORMED_REFRESH_TOKEN,
    Refusal.FORGED_REFRESH_TOKEN,
    Refusal.MISSING_TOKEN_PARAMETER,
    Refusal.UNSUPPORTED_TOKEN_TYPE_HINT,
    Refusal.MISSING_TOKEN,
    Refusal.MALFORMED_TOKEN,
    # turned away unheard
    Refusal.TOO_MANY_REQUESTS,
    Refusal.TEMPORARILY_UNAVAILABLE,
    Refusal.SERVER_ERROR,
})  # fmt: skip
_FOR_NOTHING: Final = frozenset({*HELD.values(), NOTHING})
"""Details of what costs as little: whoever is not heard, and revocations of what is nobody's."""


class BoundedAudit:
    """Passes events on, those of `FREE_OF_CHARGE` as long as there are few (core.ports.Audit)."""

    def __init__(self, audit: Audit, most: int) -> None:
        """`most` of one outcome, dialect, client and refusal between two sums."""
        self._audit = audit
        self._most = most
        self._seen: Counter[tuple[str, str, str | None, str | None, str | None]] = Counter()

    def record(self, event: Event) -> None:
        """Pass it on, or count it."""
        refusal, detail = event.facts.get("refusal"), event.facts.get("detail")
        told = str(detail) if detail in _FOR_NOTHING else None
        if event.alarm or (told is None and refusal not in FREE_OF_CHARGE):
            self._audit.record(event)
            return
        kind = (event.name, event.dialect, event.client_id, None if refusal is None else str(refusal), told)
        self._seen[kind] += 1
        if self._seen[kind] <= self._most:
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
        for (outcome, dialect, client_id, refusal, told), number in seen.items():
            if number > self._most:
                facts = _facts(outcome, refusal, told, number - self._most)
                event = Event(name=NOT_LISTED, dialect=dialect, sender=Sender(), client_id=client_id, facts=facts)
                self._audit.record(event)


def _facts(outcome: str, refusal: str | None, told: str | None, requests: int) -> Mapping[str, str | int]:
    said = {"refusal": refusal, "detail": told}
    return {"of": outcome, **{name: text for name, text in said.items() if text is not None}, "requests": requests}
