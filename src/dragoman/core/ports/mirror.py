"""The mirror: a table of somebody else's in which APIs look up access tokens (docs/mirror.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dragoman.core.model import TokenFacts
    from dragoman.core.rules import TokenRecipe


class Mirror(Protocol):
    """Where the access tokens of some mounts are written down for others to see."""

    async def show(self, recipe: TokenRecipe, facts: TokenFacts) -> None:
        """Its row is there when this returns, and as it was if it had been there before.

        Refuses `temporarily_unavailable`; then nobody knows.
        """
        ...
