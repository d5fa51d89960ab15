"""bcrypt: `$2a$`, `$2b$` and `$2y$`, which today mean the same. `$2$` and `$2x$` are of broken versions.

bcrypt looks at 72 bytes. The software that such a hash is imported from looked at no more either, so longer passwords
are checked by their beginning; refusing them would lock those people out. A hash like that is never made here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import bcrypt

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_SHAPE = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}", re.ASCII)
_SMALLEST_COST = 4
_BYTES_SEEN = 72
_PARAMETER_CHARACTERS = len("$2b$10$")


def identify(stored: str) -> bool:
    """Whether it begins as bcrypt does."""
    return stored.startswith("$2")


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    shape = _SHAPE.fullmatch(stored)
    if shape is None:
        return "malformed bcrypt hash, or a version that is not accepted"
    if not _SMALLEST_COST <= int(shape["cost"]) <= limits.bcrypt_cost:
        return f"bcrypt cost outside {_SMALLEST_COST} to {limits.bcrypt_cost}"
    return None


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the hash of the password's first 72 bytes; never for one with a NUL, where C strings end."""
    if b"\0" in password:
        return False
    try:
        return bcrypt.checkpw(seen(stored, password), stored.encode())
    except ValueError:
        return False


def seen(_stored: str, password: bytes) -> bytes:
    """The first 72 bytes."""
    return password[:_BYTES_SEEN]


def blank(stored: str) -> str:
    """Its version and cost, and zeros: `.` is bcrypt's digit for them."""
    return stored[:_PARAMETER_CHARACTERS].ljust(len(stored), ".")
