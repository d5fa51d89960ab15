"""Lists of leaked passwords by their SHA-1, as Have I Been Pwned gives them: one sorted file, or a folder of ranges.

Both are k-anonymous when they are fetched, and here nothing is fetched: the files are the operator's. The large one
has tens of gigabytes and is searched by halves where it lies.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.password_lists.faults import PasswordListFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.core.password_rules import Guesses

_PREFIX = 5
_LONGEST_LINE = 80
_LONGEST_RANGE = 1 << 24
"""Bytes; a range has about forty thousand."""
_SAMPLES = 64
_LEAKED = "one that has leaked"
HASH_LINE = re.compile(rb"([0-9A-Fa-f]{40})(?::(\d{1,20}))?\r?\n?")
_SUFFIX_LINE = re.compile(rb"([0-9A-Fa-f]{35})(?::(\d{1,20}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedHashes:
    """One file with a line `SHA-1:count` for each password, in the order of the hashes."""

    path: Path
    told_as: str = _LEAKED

    def holds(self, guesses: Guesses) -> bool:
        """Whether the password's hash is in it. Raises PasswordListFault."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(self.path, error) from None
        try:
            size = os.fstat(file).st_size
            self._look_whether_sorted(file, size)
            return any(self._find(file, size, digest) for digest in _digests(guesses))
        except OSError as error:
            raise _unreadable(self.path, error) from None
        finally:
            os.close(file)

    def _find(self, file: int, size: int, wanted: bytes) -> bool:
        """By halves: below `low` all lines are smaller, and none that begins at `high` or after is."""
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            start, line = self._line_from(file, middle)
            if start < high and self._hash_in(line, start) < wanted:
                low = start + len(line)
            else:
                high = middle
        start, line = self._line_from(file, low)
        return bool(line) and self._hash_in(line, start) == wanted and _counts(HASH_LINE, line)

    def _look_whether_sorted(self, file: int, size: int) -> None:
        """The same file is also given in the order of counts; searched by halves it would seem to hold nothing."""
        found = [self._line_from(file, size * part // _SAMPLES) for part in range(_SAMPLES)]
        hashes = [self._hash_in(line, start) for start, line in found if line]
        if hashes != sorted(hashes):
            raise PasswordListFault(
                f"passwords.refused: {self.path} is not in the order of its hashes; take the file that is"
            )

    def _line_from(self, file: int, position: int) -> tuple[int, bytes]:
        """Where the first line begins that begins here or after, and the line; an empty one at the end."""
        if position == 0:
            return 0, _first_line(os.pread(file, _LONGEST_LINE, 0))
        read = os.pread(file, 2 * _LONGEST_LINE, position - 1)
        _, newline, after = read.partition(b"\n")
        start = position - 1 + len(read) - len(after)
        return start, _first_line(after) if newline else b""

    def _hash_in(self, line: bytes, start: int) -> bytes:
        found = HASH_LINE.fullmatch(line)
        if found is None:
            raise PasswordListFault(
                f"passwords.refused: {self.path} has no SHA-1 in the line at byte {start}; fetch it anew"
            )
        return found[1].upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeFolder:
    """A file for each five first digits of a SHA-1, named by them, with a line `other digits:count` a password."""

    path: Path
    told_as: str = _LEAKED

    def holds(self, guesses: Guesses) -> bool:
        """Whether the password's hash is in its range. Raises PasswordListFault."""
        return any(self._find(digest) for digest in _digests(guesses))

    def _find(self, wanted: bytes) -> bool:
        lines = self._read(wanted[:_PREFIX].decode()).split()
        found = next((line for line in lines if line[: len(wanted) - _PREFIX].upper() == wanted[_PREFIX:]), b"")
        return _counts(_SUFFIX_LINE, found)

    def _read(self, prefix: str) -> bytes:
        """Its content. Which range is missing is not told: it is a part of the password's hash."""
        for name in (f"{prefix}.txt", prefix, f"{prefix.lower()}.txt", prefix.lower()):
            try:
                with (self.path / name).open("rb") as file:
                    return file.read(_LONGEST_RANGE)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _unreadable(self.path, error) from None
        raise PasswordListFault(
            f"passwords.refused: {self.path} is not whole: the range of this password is missing; fetch all ranges"
        )


def _digests(guesses: Guesses) -> Iterator[bytes]:
    for text in guesses.exact:
        yield hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper().encode()


def _counts(form: re.Pattern[bytes], line: bytes) -> bool:
    """Lines with a count of 0 fill a range up, so that its length tells nothing."""
    found = form.fullmatch(line)
    return found is not None and (found[2] is None or int(found[2]) > 0)


def _first_line(text: bytes) -> bytes:
    line, newline, _ = text.partition(b"\n")
    return line + newline


def _unreadable(path: Path, error: OSError) -> PasswordListFault:
    return PasswordListFault(f"passwords.refused: {path} cannot be read: {error.strerror}")
