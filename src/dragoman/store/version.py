"""Which schema this Dragoman speaks. Kept apart from the migrations, which are loaded only when one is due."""

from __future__ import annotations

from typing import Final

from dragoman.store.faults import StoreFault

APPLICATION_ID: Final = 0x44524147
"""What marks a database as ours where there is a place for it: DRAG in ASCII."""

VERSIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""All schema versions, oldest first; the last is the one that this program makes."""

FITS_FROM: Final = "0001"
"""The oldest schema version whose programs still work with the schema that this program makes.

A migration only expands: it adds what older programs may leave alone. What they need is taken away by a later version,
one at least, and that one moves this on (docs/adr/postgresql.md).
"""

READS_TICKETS: Final = "0008"
"""The oldest schema version whose programs read opaque access tokens that are tickets (docs/adr/opaque-tokens.md)."""

FITS_FROM_ALONE: Final = READS_TICKETS
"""The same as `FITS_FROM` for a database that no older program has open: a new one, or a file that was just upgraded.

What only later programs read may be written there from the first day on.
"""

FITS_FROM_NAME: Final = "schema fits programs from version"
"""Under which name the database itself says so, in the table `installation`."""


def is_due(version: str | None) -> bool:
    """Whether migrations have to run; None is before the first. A later version that fits is left as it is."""
    return version is None or version in VERSIONS[:-1]


def refuse_later(version: str | None, fits_from: str | None, shown: str) -> None:
    """Go on with what is known, or with a later version that says it fits. Raises StoreFault."""
    if version is None or version in VERSIONS or (fits_from is not None and VERSIONS[-1] >= fits_from):
        return
    raise StoreFault(
        f"{shown} was written by a newer Dragoman (schema {version}, this one knows {VERSIONS[-1]}): "
        "start that version, or restore a backup from before it. Nothing was changed."
    )
