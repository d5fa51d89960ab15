"""Scope: an ordered set of scope names (RFC 6749 §3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Scope:
    """Scope names in the order they were asked for, each once; compared as sets."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str]) -> Scope:
        """A scope of these names, doubles dropped, order kept."""
        return cls(tuple(dict.fromkeys(names)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __bool__(self) -> bool:
        return bool(self.names)

    def __str__(self) -> str:
        return " ".join(self.names)

    def within(self, ceiling: Scope) -> Scope:
        """The names that the ceiling holds, too."""
        if self.names == ceiling.names:
            return self
        return Scope(tuple([name for name in self.names if name in ceiling.names]))

    def beyond(self, ceiling: Scope) -> tuple[str, ...]:
        """The names asked for that the ceiling does not hold."""
        return tuple([name for name in self.names if name not in ceiling.names])
