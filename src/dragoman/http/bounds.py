"""What a connection may cost before anybody has looked at what it asks for: bytes, pieces and seconds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from dragoman.dialects.wire import WireResponse
from dragoman.http.phase import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one connection may take."""

    head_bytes: int = 16384
    """Request line and header fields."""
    url_bytes: int = 8192
    fields: int = 100
    """Header fields of a request."""
    message_bytes: int = 294912
    """A request with all that chunks add to it; the body itself has its own, smaller limit."""
    pipelined: int = 16
    """Requests that wait for the answers of those before them; where there are as many, no more is read."""
    waiting_bytes: int = 32768
    """What may come while requests wait; where it is as much, no more is read."""
    head_seconds: float = 10
    """From the first byte of a request to the end of its head; for a connection's first one, from its opening."""
    body_seconds: float = 10
    answer_seconds: float = 10
    """How long an answer may lie here, or a part of it, because its reader does not take it."""
    idle_seconds: float = 30
    """Between two requests."""

    def patience(self, phase: Phase, *, answered: bool) -> tuple[Ending, float]:
        """What a connection is ended for where it stays in this phase for longer than so many seconds."""
        match phase:
            case Phase.HEAD:
                return Ending.SLOW_HEAD, self.head_seconds
            case Phase.BODY:
                return Ending.SLOW_BODY, self.body_seconds
            case Phase.NOTHING if not answered:
                return Ending.SILENT, self.head_seconds
            case Phase.NOTHING:
                return Ending.IDLE, self.idle_seconds
            case Phase.WHOLE:
                return Ending.IDLE, float("inf")


DEFAULT = Bounds()


class Ending(Enum):
    """Why a connection was ended by this side."""

    SILENT = "silent"
    """It was opened, and nothing came."""
    SLOW_HEAD = "slow_head"
    SLOW_BODY = "slow_body"
    UNREAD = "unread"
    """It did not take its answers."""
    UNACCEPTABLE = "unacceptable"
    """It sent what is no message, or too much of one."""
    MADE_ROOM = "made_room"
    """Others needed its place."""
    IDLE = "idle"
    """It had its answers and wanted nothing more; that is no offence."""


class Unacceptable(Exception):
    """A message that is refused by what it looks like, whatever it asks for."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def too_long() -> Unacceptable:
    """The refusal of a head that is longer than its bound (RFC 6585 §5)."""
    return Unacceptable(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head of the request is too long")


FAILED = WireResponse(
    status=500,
    headers=((b"Content-Type", b"application/json"), (b"Cache-Control", b"no-store"), (b"Connection", b"close")),
    body=b'{"error":"server_error"}',
)
"""Where no endpoint has caught a fault, and no dialect says how it is told."""


def spell_refusal(refused: Unacceptable) -> WireResponse:
    """The answer, after which the connection is closed: no dialect is known yet, so it is RFC 6749 §5.2's."""
    document = {"error": "invalid_request", "error_description": refused.reason}
    headers = ((b"Content-Type", b"application/json"), (b"Cache-Control", b"no-store"))
    return WireResponse(status=refused.status.value, headers=headers, body=json.dumps(document).encode())
