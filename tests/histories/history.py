"""What clients saw of one log-in: every operation with its times, the token presented and the answer, if there was one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto


class Kind(Enum):
    """What was asked for."""

    REFRESH = auto()
    REVOKE = auto()
    ASK_REFRESH_TOKEN = auto()
    """Introspection of a refresh token."""
    ASK_ACCESS_TOKEN = auto()
    """Introspection of an access token."""


class Outcome(Enum):
    """What was answered."""

    YES = auto()
    """Tokens, a revocation done, a token that is active."""
    NO = auto()
    """`invalid_grant`, or a token that is not active."""
    UNKNOWN = auto()
    """503, 500, a broken connection: it may have happened or not."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """One request, itself and no other. Times are seconds of one monotonic clock."""

    kind: Kind
    presented: str
    began: float
    """Before its first byte was sent."""
    ended: float
    """After its last byte was read; with an unknown outcome, from when on it cannot take effect any more."""
    outcome: Outcome
    successor: str | None = None
    """The refresh token answered."""
    access_token: str | None = None
    where: str = ""
    """Which server, and how the answer looked: for people who read a violation."""


@dataclass(slots=True, kw_only=True)
class Family:
    """A log-in that was acknowledged, and all that came after it."""

    first: str
    """The refresh token of the log-in."""
    access_token: str
    grace: int
    """The client's, in seconds."""
    operations: list[Operation] = field(default_factory=list)
