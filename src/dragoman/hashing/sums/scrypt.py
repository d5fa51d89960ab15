"""scrypt (RFC 7914) as several formats write it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

LARGEST_EXPONENT = 24
_SMALLEST_KEY = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptSum:
    """One stored hash, taken apart."""

    exponent: int
    block: int
    lanes: int
    salt: bytes
    key: bytes

    @property
    def memory(self) -> int:
        """Bytes."""
        return (128 << self.exponent) * self.block

    def find_defect(self, limits: Limits) -> str | None:
        """Why it can never match."""
        if self.memory > limits.memory_kib * 1024 or self.lanes > limits.lanes:
            return f"scrypt memory above {limits.memory_kib} KiB, or parallelism above {limits.lanes}"
        if self.memory * self.lanes > limits.memory_passes_kib * 1024:
            return f"scrypt memory times parallelism above {limits.memory_passes_kib} KiB"
        if self.exponent >= 16 * self.block:
            return "scrypt cost too large for its block size (RFC 7914 §2)"
        return None if len(self.key) >= _SMALLEST_KEY else "scrypt key truncated"

    def verify(self, password: bytes) -> bool:
        """Whether it is the password's hash. Raises MemoryError."""
        return hmac.compare_digest(self.derive(password), self.key)

    def derive(self, password: bytes) -> bytes:
        """What the password gives, as long as the key. Raises MemoryError."""
        room = self.memory + 128 * self.block * (self.lanes + 2) + (1 << 20)
        try:
            return hashlib.scrypt(
                password,
                salt=self.salt,
                n=1 << self.exponent,
                r=self.block,
                p=self.lanes,
                maxmem=room,
                dklen=len(self.key),
            )
        except ValueError:  # all parameters have been judged: what OpenSSL was denied is memory
            raise MemoryError from None
