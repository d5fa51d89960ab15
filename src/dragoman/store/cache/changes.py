"""That something has changed, told from each worker of a server to the others through a piece of memory they share."""

from __future__ import annotations

import mmap
import random
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_GROUPS: Final = 4096
_ALL: Final = _GROUPS
"""The place behind those of the groups."""
CHANGES_BYTES: Final = (_GROUPS + 1) * 8


class Mark(NamedTuple):
    """How far a family was when somebody looked at it. Another mark: it may have changed since."""

    of_group: int
    of_all: int


class Changes:
    """A word for each group of families, and one for all; whoever changes something writes a new one by chance.

    A number that is counted up would need a lock: of two that count at once, the slower could bring an old one back.
    Each word is aligned, so none is ever half written.
    """

    def __init__(self, descriptor: int | None = None, draw: Callable[[int], int] = random.getrandbits) -> None:
        """`descriptor` is of the memory that workers share; without one it is this process's own.

        `draw` gives so many bits by chance, other ones in each process. Nothing hangs on whether they can be foreseen.
        """
        self._words = memoryview(mmap.mmap(-1 if descriptor is None else descriptor, CHANGES_BYTES)).cast("Q")
        self._draw = draw

    def mark(self, family: bytes) -> Mark:
        """How far the family is now: to be taken before it is looked for, and compared later."""
        words = self._words
        return Mark(words[_group_of(family)], words[_ALL])

    def tell(self, family: bytes) -> None:
        """The family has changed: to be told after the change, and before anybody is answered."""
        self._words[_group_of(family)] = self._draw(64)

    def tell_all(self) -> None:
        """Some family has changed, and nobody knows which: to be told like `tell`."""
        self._words[_ALL] = self._draw(64)


def _group_of(family: bytes) -> int:
    """Families are named by chance, or by a cipher."""
    return int.from_bytes(family[:2], "big") % _GROUPS
