"""How binary tokens are printed: a prefix for secret scanners, then the bytes in one encoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from dragoman.tokens.encoding import spell, spelled_length, unspell
from dragoman.tokens.format import TokenFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.core.rules import TokenRecipe


@dataclass(frozen=True, slots=True, order=True)
class Print:
    """One way to print bytes."""

    prefix: str
    encoding: str
    label: bytes = field(init=False, repr=False, compare=False)
    """Bound into the token, so that it cannot be printed in another way and still pass."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", f"{self.encoding}:{self.prefix}".encode() + b"\0")

    def write(self, value: bytes) -> str:
        """The bytes as text."""
        return self.prefix + spell(value, self.encoding)

    def read(self, text: str) -> bytes | None:
        """The bytes, if the text is printed exactly like this."""
        if not text.startswith(self.prefix):
            return None
        return unspell(text[len(self.prefix) :], self.encoding)

    def length(self, size: int) -> int:
        """How many characters that many bytes take."""
        return len(self.prefix) + spelled_length(size, self.encoding)


def print_of(recipe: TokenRecipe) -> Print:
    """How the recipe prints."""
    return _print_of(recipe.prefix, recipe.encoding)


@lru_cache(maxsize=256)
def _print_of(prefix: str, encoding: str) -> Print:
    """Dialects share most of theirs, and each token asks."""
    return Print(prefix, encoding)


def prints_of(recipes: Iterable[TokenRecipe], encodings: tuple[str, ...]) -> tuple[Print, ...]:
    """How these recipes print, each way once. Raises TokenFault for an encoding that the format has no use for."""
    prints = {print_of(recipe) for recipe in recipes}
    for one in prints:
        if one.encoding not in encodings:
            raise TokenFault(f"the encoding {one.encoding} does not fit; choose {' or '.join(encodings)}")
    return tuple(sorted(prints))
