"""What a line of the audit says: an event of the server, or a note of the audit about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dragoman.audit.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.ports import Event

OPENED: Final = "segment_opened"
"""The first line of each file, and a note of it in the ledger."""
CLOSED: Final = "segment_closed"
"""In the ledger: a file was ended in order, with this line."""
REMOVED: Final = "segment_removed"
"""In the ledger: a file was taken away because its time was over; it ended with this line."""
LOST: Final = "events_lost"
"""So many events found no room while the audit could not be written."""
DAMAGED: Final = "segment_damaged"
"""Somebody took away or changed a file while it was being written."""
MENDED: Final = "torn_line_removed"
"""The ledger ended in the middle of a line, as after a power cut."""


def begin_event(event: Event, time: float) -> bytes:
    """The event as the beginning of a line (chain.Sealer.seal). `time` is in epoch seconds."""
    facts: Mapping[str, object] = {
        "time": round(time, 3),
        "level": "warning" if event.alarm else "info",
        "event": "audit",
        "outcome": event.name,
        "dialect": event.dialect or None,
        "client": event.client_id,
        "subject": event.subject,
        "grant": event.grant_id,
        "address": event.sender.address or None,
        **event.facts,
    }
    return one_line(facts)[:-1]


def begin_note(outcome: str, time: float, facts: Mapping[str, object]) -> bytes:
    """A note of the audit about itself, likewise."""
    level = "warning" if outcome in (LOST, DAMAGED) else "info"
    return one_line({"time": round(time, 3), "level": level, "event": "audit", "outcome": outcome, **facts})[:-1]
