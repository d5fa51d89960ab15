"""NT hashes, of Windows and Samba, as crypt(3) writes them: `$3$$` and 32 hexadecimal digits.

One round of MD4 without a salt, so they count only where `NT` is named among the weak formats. Windows reads a password
as UTF-16; crypt(3) makes each of its bytes a character. What stands here may come from either.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

from dragoman.hashing.sums.md4 import DIGEST_BYTES, md4

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_PREFIX = "$3$"
_SHAPE = re.compile(r"\$3\$\$(?P<digest>[0-9a-f]{32})", re.ASCII)
_BLANK = f"{_PREFIX}$" + "0" * 2 * DIGEST_BYTES


def identify(stored: str) -> bool:
    """Whether it begins like one."""
    return stored.startswith(_PREFIX)


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    if "NT" not in limits.weak_formats:
        return "an NT hash counts only where NT is explicitly allowed"
    return None if _SHAPE.fullmatch(stored) else "malformed NT hash"


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash, read in either way."""
    shape = _SHAPE.fullmatch(stored)
    digest = bytes(DIGEST_BYTES) if shape is None else bytes.fromhex(shape["digest"])
    readings = password.decode("utf-8", "replace"), password.decode("latin-1")
    found = [hmac.compare_digest(md4(reading.encode("utf-16-le")), digest) for reading in readings]
    return any(found) and shape is not None


def seen(_stored: str, password: bytes) -> bytes:
    """All of it."""
    return password


def blank(_stored: str) -> str:
    """Zeros: all cost the same."""
    return _BLANK
