"""Unknown names cost what known ones cost, whatever formats are stored (docs/adr/equal-work.md).

A name that nobody has is checked against the double of some account: a hash of nobody, as costly as a stored one. Which
one is drawn by a keyed digest of the name, in the proportion in which such hashes are stored. So it is the same at each
attempt, nobody outside can tell which it should be, and names that cost a bcrypt are among the unknown as often as
among the known.
"""

from __future__ import annotations

import hmac
from bisect import bisect_right
from hashlib import sha256
from itertools import accumulate
from typing import TYPE_CHECKING

from dragoman.core.ports import PasswordCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.ports import Attempt
    from dragoman.core.secret import Secret
    from dragoman.hashing.pool import PasswordHasher

MOST_DOUBLES = 1024
"""Kinds of hashes that are told apart: costs that each account has for itself would make a list of all accounts."""
_DRAWN_BYTES = 8
_DRAWN_RANGE = 1 << 8 * _DRAWN_BYTES


class Doubles:
    """The doubles as they stand: none before accounts were counted."""

    def __init__(self, key: bytes) -> None:
        """`key` draws, and must be the same in all processes and after a restart."""
        self._key = hmac.new(key, b"double of an unknown name", sha256).digest()
        self._hashes: tuple[str, ...] = ()
        self._ends: tuple[int, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether no account was counted yet."""
        return not self._hashes

    def reflect(self, counts: Mapping[str, int]) -> None:
        """Be in this proportion from now on.

        Their order is that of their text, which never changes: when one kind shrinks and another grows, only so many
        names get another double, as when their owners had logged in.
        """
        self._hashes = tuple(sorted(counts))
        self._ends = tuple(accumulate(counts[one] for one in self._hashes))

    def double_of(self, name: str) -> str | None:
        """The double that this name has as long as nobody has it; None while no account was counted."""
        hashes, ends = self._hashes, self._ends
        digest = hmac.digest(self._key, name.encode("utf-8", "surrogatepass"), "sha256")
        if not hashes:
            return None
        drawn = int.from_bytes(digest[:_DRAWN_BYTES]) * ends[-1] // _DRAWN_RANGE
        return hashes[bisect_right(ends, drawn)]


class Count:
    """Counts stored hashes by what they cost."""

    def __init__(self, passwords: PasswordHasher) -> None:
        self._passwords = passwords
        self.kinds: dict[str, int] = {}
        """How often each blank hash was met."""

    def add(self, stored: str) -> None:
        """Count one; a hash that can never match is checked as if there were none."""
        blank = self._passwords.blank(stored)
        if blank is not None and (blank in self.kinds or len(self.kinds) < MOST_DOUBLES):
            self.kinds[blank] = self.kinds.get(blank, 0) + 1


class EqualPasswords:
    """The pool, with the same work for accounts that are there and those that are not."""

    def __init__(self, passwords: PasswordHasher, doubles: Doubles) -> None:
        self._passwords = passwords
        self._doubles = doubles

    def admit(self, attempt: Attempt) -> None:
        """Refuses `temporarily_unavailable` where a check would be refused now because the queue is full."""
        self._passwords.admit(attempt)

    async def check(self, stored: str | None, sent: Secret, attempt: Attempt) -> PasswordCheck:
        """Whether the password is right; where nothing usable is stored, the name's double is checked for nothing.

        Refuses `temporarily_unavailable` when the queue is full.
        """
        double = self._doubles.double_of(attempt.login)
        defect = self._passwords.find_defect((double if stored is None else stored) or "")
        if stored is not None and defect is None:
            return await self._passwords.check(stored, sent, attempt)
        await self._passwords.check(double, sent, attempt)
        return PasswordCheck(matches=False)

    async def hash_received(self, sent: Secret, attempt: Attempt) -> str:
        """A hash to store of a password that was right elsewhere. Refuses `temporarily_unavailable` as `check`."""
        return await self._passwords.hash_received(sent, attempt)
