"""How far a connection is with its latest request."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """How much of the latest request is here."""

    NOTHING = auto()
    HEAD = auto()
    """A part of its head."""
    BODY = auto()
    """Its head."""
    WHOLE = auto()
    """All of it, and its answer has not been given."""
