"""What became of one row: every row of a source has exactly one outcome."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.importing.permissions import Withheld


class Result(StrEnum):
    """How it ended."""

    CREATED = "created"
    UPDATED = "updated"
    """It differed from what was here, and `--update` was given."""
    EQUAL = "equal"
    """It was here already, as the source has it."""
    CONFLICTING = "conflicting"
    """What is here differs, or somebody else has its id or login name; nothing was changed."""
    REFUSED = "refused"
    """It cannot come in."""
    SKIPPED = "skipped"
    """It has no meaning here; nothing is lost without it."""


UNFINISHED = (Result.CONFLICTING, Result.REFUSED)
"""What keeps a run from being a success."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one row."""

    kind: str
    """`client`, `resource owner` or `session`."""
    id: str
    place: str
    """Where in the source it stands."""
    result: Result
    why: str = ""
    changes: tuple[str, ...] = ()
    """What is new or differs, one text for each member. Of secrets only that they differ."""
    withheld: tuple[Withheld, ...] = ()
    warning: str | None = None
    """Why it will be of little use as it is."""
