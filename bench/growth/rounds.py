"""Rounds in turns over few grants and over many, and what they come to."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS = 5
POSTGRESQL = {"shared_buffers": "256MB", "max_wal_size": "4GB", "autovacuum": "on"}
"""As docs/postgresql.md advises, in small: the tests' own settings are for databases that hold nothing."""


def tell(what: str, pairs: Sequence[tuple[float, float]]) -> None:
    """Medians and the ratio of the pairs."""
    ratios = [later / first for first, later in pairs]
    first, later = (statistics.median(one) for one in zip(*pairs, strict=True))
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(f"  {what}: {later:.0f} against {first:.0f} a second, ratio {statistics.median(ratios):.2f} ({spread})")
