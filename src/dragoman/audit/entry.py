"""What a line of the audit says: an event of the server, or a note of the audit about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from dragoman.audit.text import LONGEST_TEXT, is_harmless, mend, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.ports import Event

_encode = msgspec.json.Encoder().encode

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


class _Common(msgspec.Struct, gc=False):
    """What the line of every event begins with; half as dear to write as a dictionary of the same."""

    time: float
    level: str
    event: str
    outcome: str
    dialect: str | None
    client: str | None
    subject: str | None
    grant: str | None
    address: str | None
    request_id: str | None


def begin_event(event: Event, time: float) -> bytes:
    """The event as the beginning of a line (chain.Sealer.seal). `time` is in epoch seconds."""
    common = _Common(
        int(time * 1000) / 1000,
        "warning" if event.alarm else "info",
        "audit",
        event.name,
        event.dialect or None,
        event.client_id,
        event.subject,
        event.grant_id,
        event.sender.address or None,
        event.sender.request_id or None,
    )
    try:
        begun = _encode(common)[:-1] + (b"," + _encode(event.facts)[1:-1] if event.facts else b"")
    except UnicodeEncodeError:  # half a surrogate pair
        begun = b""
    if begun and len(begun) <= LONGEST_TEXT and is_harmless(begun):
        return begun
    return one_line(mend({**msgspec.structs.asdict(common), **event.facts}))[:-1]


def begin_note(outcome: str, time: float, facts: Mapping[str, object]) -> bytes:
    """A note of the audit about itself, likewise."""
    level = "warning" if outcome in (LOST, DAMAGED) else "info"
    note = {"time": round(time, 3), "level": level, "event": "audit", "outcome": outcome, **facts}
    return one_line(mend(note))[:-1]
