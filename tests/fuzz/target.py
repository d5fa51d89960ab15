"""What is fuzzed by itself: one reader of any bytes, and what to give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.fuzz.mutation import mutate, mutate_parts, mutate_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader, and what to give it."""

    name: str
    seeds: Sequence[bytes]
    read: Callable[[bytes], None]
    separator: bytes = b""
    """What stands between the parts of a seed, if it has parts."""
    of_requests: bool = False

    def case(self, chance: Random) -> bytes:
        """The next bytes to read."""
        seed = chance.choice(self.seeds)
        if self.of_requests:
            return mutate_request(chance, seed, self.seeds)
        if self.separator and chance.randrange(4):
            return mutate_parts(chance, seed, self.seeds, self.separator)
        return mutate(chance, seed, self.seeds)
