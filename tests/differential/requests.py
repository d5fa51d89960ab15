"""Requests for both servers, good and bad: the same ones every time, for the same cast and seed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from .families import FAMILIES
from .token_families import TOKEN_FAMILIES

if TYPE_CHECKING:
    from .cast import DifferentialCast
    from .steps import Conversation

SEED = 20201003


def generate(cast: DifferentialCast, seed: int = SEED) -> tuple[Conversation, ...]:
    """All conversations, each with a name of its own."""
    chance = Random(seed)
    return tuple(one for family in (*FAMILIES, *TOKEN_FAMILIES) for one in family(cast, chance))
