"""Counts by names that others chose: so many names at most, so that no source makes them grow without end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections import Counter

OTHERS = "others"
"""What is told of the names for which there was no room."""
_MOST_NAMES = 200

Name = TypeVar("Name")


def count_one(counts: Counter[Name], name: Name, others: Name) -> None:
    """Count one more of this name, or of `others` where there is no room for it."""
    counts[name if name in counts or len(counts) < _MOST_NAMES else others] += 1
