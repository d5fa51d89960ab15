"""Which schema this Dragoman speaks. Kept apart from the migrations, which are loaded only when one is due."""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x44524147
"""What marks an SQLite file as ours (its header's application id): DRAG in ASCII."""

VERSIONS: Final = ("0001",)
"""All schema versions, oldest first; the last is the one that this program needs."""
