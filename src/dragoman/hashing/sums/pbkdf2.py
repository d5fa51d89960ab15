"""PBKDF2 (RFC 8018 §5.2) as several formats write it."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}", re.ASCII)
_SMALLEST_DIGEST = 16
_LARGEST_DIGEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Pbkdf2Sum:
    """One stored hash, taken apart."""

    algorithm: str
    iterations: int
    salt: bytes
    digest: bytes

    def find_defect(self, limits: Limits) -> str | None:
        """Why it can never match."""
        if not 0 < self.iterations <= limits.pbkdf2_iterations:
            return f"PBKDF2 iterations above {limits.pbkdf2_iterations}"
        if not _SMALLEST_DIGEST <= len(self.digest) <= _LARGEST_DIGEST:
            return "PBKDF2 digest truncated or too long"
        return None

    def verify(self, password: bytes) -> bool:
        """Whether it is the password's hash."""
        computed = hashlib.pbkdf2_hmac(self.algorithm, password, self.salt, self.iterations, len(self.digest))
        return hmac.compare_digest(computed, self.digest)


def read_base64(text: str, *, padded: bool) -> bytes | None:
    """Standard base64 (RFC 4648 §4) in its one spelling."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        value = b64decode(text if padded else text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return None
    spelled = b64encode(value).decode()
    return value if (spelled if padded else spelled.rstrip("=")) == text else None


def wiped_base64(text: str) -> str:
    """Zeros of the same length."""
    return "A" * len(text.rstrip("=")) + "=" * text.count("=")
