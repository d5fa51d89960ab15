"""Argon2 version 1.3 (RFC 9106) as several formats write it.

libsodium computes what it takes, at the widest instructions that the processor has; cryptography the rest.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_ALG_ARGON2I13, crypto_pwhash_ALG_ARGON2ID13
from nacl.exceptions import RuntimeError as SodiumFailed

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_KIB = 1024
_SODIUM_SALT = 16
_LEAST_MEMORY = 8
"""KiB for each lane (RFC 9106 §3.1)."""
_SODIUM = {"id": (crypto_pwhash_ALG_ARGON2ID13, 1), "i": (crypto_pwhash_ALG_ARGON2I13, 3)}
"""For each kind libsodium's number of it, and the fewest passes that it makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Cost:
    """What a hash takes."""

    kind: str = "id"
    """`id` or `i`; Argon2d is not for passwords."""
    memory_kib: int
    passes: int
    lanes: int

    def find_defect(self, limits: Limits) -> str | None:
        """Why it is never computed."""
        if self.memory_kib > limits.memory_kib:
            return f"Argon2 memory above {limits.memory_kib} KiB"
        if self.passes > limits.passes or self.lanes > limits.lanes:
            return "Argon2 time or parallelism above the limit"
        if self.memory_kib * self.passes > limits.memory_passes_kib:
            return f"Argon2 memory times passes above {limits.memory_passes_kib} KiB"
        if self.memory_kib < _LEAST_MEMORY * self.lanes:
            return f"Argon2 memory below {_LEAST_MEMORY} KiB for each lane"
        return None

    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        """So many bytes. Raises MemoryError, also where the system has no thread for a lane."""
        number, fewest_passes = _SODIUM[self.kind]
        try:
            if self.lanes == 1 and len(salt) == _SODIUM_SALT and self.passes >= fewest_passes:
                derived: bytes = crypto_pwhash_alg(length, password, salt, self.passes, self.memory_kib * _KIB, number)
                return derived
            return self._derive_otherwise(password, salt, length)
        except SodiumFailed:  # all parameters have been judged: what was denied is memory
            raise MemoryError from None

    def _derive_otherwise(self, password: bytes, salt: bytes, length: int) -> bytes:
        try:  # here, since a process that only hashes hardly ever needs it, and would take half as much memory again
            from cryptography.hazmat.primitives.kdf.argon2 import Argon2i, Argon2id  # noqa: PLC0415
        except ImportError:  # it is installed with this package: what was denied is memory to load it
            raise MemoryError from None
        return (Argon2id if self.kind == "id" else Argon2i)(
            salt=salt, length=length, iterations=self.passes, lanes=self.lanes, memory_cost=self.memory_kib
        ).derive(password)


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Sum:
    """One stored hash, taken apart."""

    cost: Argon2Cost
    salt: bytes
    digest: bytes

    def verify(self, password: bytes) -> bool:
        """Whether it is the password's hash. Raises MemoryError."""
        return hmac.compare_digest(self.cost.derive(password, self.salt, len(self.digest)), self.digest)
