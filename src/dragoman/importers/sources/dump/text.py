"""The text of a dump, held a piece at a time: whatever is in it, little more than the largest value is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.importers.record import SourceFault

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

LONGEST_VALUE = 1 << 20
"""Bytes, as they stand there."""
LONGEST_WORDS = 1 << 13
"""Bytes of the words that a statement begins with."""
_PIECE = 1 << 18
_AHEAD = 4
"""Bytes that a pattern may look at behind what it takes."""
_OVERLAP = 1 << 9
"""Bytes that are kept when something is looked for; more than what anything that is looked for has."""


class DumpFault(SourceFault):
    """Why a dump cannot be read, without anything that stands in it."""


class DumpText:
    """What is left of the text."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._held = b""
        self._at = 0
        self._before = 0
        self._ended = False

    @property
    def place(self) -> int:
        """How many bytes have been read."""
        return self._before + self._at

    def more(self) -> bool:
        """Whether anything is left. If so, the next words of a statement are held to their end."""
        while len(self._held) - self._at < LONGEST_WORDS and not self._ended:
            self._fill()
        return self._at < len(self._held)

    def at_line_start(self) -> bool:
        """Whether a line begins here."""
        return self.place == 0 or self._held[self._at - 1 : self._at] == b"\n"

    def take(self, pattern: re.Pattern[bytes], longest: int = LONGEST_WORDS) -> re.Match[bytes] | None:
        """What stands here, if the pattern matches it. Raises DumpFault if it is longer than that."""
        while True:
            found = pattern.match(self._held, self._at)
            left = len(self._held) - self._at
            if self._ended or (found is not None and found.end() + _AHEAD <= len(self._held)):
                break
            if left > longest + _AHEAD:
                if found is None:
                    break
                raise DumpFault(f"something is longer than {longest} bytes")
            self._fill()
        if found is not None:
            self._at = found.end()
        return found

    def skip_past(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """The first thing that matches, however far away; None, and all is read, if there is nothing."""
        while True:
            found = pattern.search(self._held, self._at)
            if found is not None and (self._ended or found.end() + _AHEAD <= len(self._held)):
                self._at = found.end()
                return found
            if self._ended:
                self._at = len(self._held)
                return None
            self._at = max(self._at, len(self._held) - _OVERLAP) if found is None else found.start()
            self._fill()

    def line(self) -> bytes:
        """The rest of the line, without its end. Raises DumpFault if it is longer than a value."""
        while (end := self._held.find(b"\n", self._at)) < 0 and not self._ended:
            if len(self._held) - self._at > LONGEST_VALUE:
                raise DumpFault(f"a line of rows is longer than {LONGEST_VALUE} bytes")
            self._fill()
        end = len(self._held) if end < 0 else end
        found = self._held[self._at : end]
        self._at = min(end + 1, len(self._held))
        return found

    def _fill(self) -> None:
        """One piece more. The byte before this place stays, for patterns that look back."""
        piece = self._read(_PIECE)
        kept = max(0, self._at - 1)
        self._held = self._held[kept:] + piece
        self._before += kept
        self._at -= kept
        self._ended = not piece
