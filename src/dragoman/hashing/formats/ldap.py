"""Directory servers' `userPassword` (RFC 2307 §5.3): `{SSHA}` and its kin, base64 of digest and salt; others.

One round of a digest is next to nothing, salt or not: these count only where they are named among the weak formats.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from dragoman.hashing.formats import argon2, bcrypt, crypt
from dragoman.hashing.sums.pbkdf2 import read_base64, wiped_base64

if TYPE_CHECKING:
    from types import ModuleType

    from dragoman.hashing.format import Limits

_SHAPE = re.compile(r"\{(?P<scheme>[A-Za-z0-9]{2,10})\}(?P<rest>[!-~]*)", re.ASCII)
_SALTED = {"SMD5": "md5", "SSHA": "sha1", "SSHA256": "sha256", "SSHA384": "sha384", "SSHA512": "sha512"}
_UNSALTED = {"MD5": "md5", "SHA": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
_DIGESTS = {**_SALTED, **_UNSALTED}
_NESTED = ("CRYPT", "ARGON2")
_LOWER = {"sha": "SHA", "ssha": "SSHA"}
"""As Spring Security may write them. `{sha256}` is something else there."""
_LONGEST_SALT = 64


def identify(stored: str) -> bool:
    """Whether a directory's scheme is named; `{MD5}` is one only with base64 behind it."""
    scheme, rest = _take_apart(stored)
    return scheme in _NESTED or (scheme in _DIGESTS and (scheme != "MD5" or rest.endswith("==")))


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    scheme, rest = _take_apart(stored)
    if scheme in _DIGESTS:
        if scheme not in limits.weak_formats:
            return f"{{{scheme}}} hides next to nothing and counts only where it is explicitly allowed"
        return "malformed digest" if _read(scheme, rest) is None else None
    known = _nested(scheme, rest)
    return f"{{{scheme}}} with what is not accepted in it" if known is None else known.find_defect(rest, limits)


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash. Raises MemoryError."""
    scheme, rest = _take_apart(stored)
    if scheme in _DIGESTS:
        found = _read(scheme, rest)
        if found is None:
            return False
        digest, salt = found
        computed = hashlib.new(_DIGESTS[scheme], password + salt, usedforsecurity=False).digest()
        return hmac.compare_digest(computed, digest)
    known = _nested(scheme, rest)
    return known is not None and known.verify(rest, password)


def seen(stored: str, password: bytes) -> bytes:
    """What the format inside looks at."""
    scheme, rest = _take_apart(stored)
    known = _nested(scheme, rest)
    return password if known is None else known.seen(rest, password)


def blank(stored: str) -> str:
    """The scheme, and what is inside wiped out."""
    scheme, rest = _take_apart(stored)
    known = _nested(scheme, rest)
    return f"{{{scheme}}}{wiped_base64(rest) if known is None else known.blank(rest)}"


def _take_apart(stored: str) -> tuple[str, str]:
    shape = _SHAPE.fullmatch(stored)
    return ("", "") if shape is None else (_LOWER.get(shape["scheme"], shape["scheme"]), shape["rest"])


def _read(scheme: str, rest: str) -> tuple[bytes, bytes] | None:
    """Digest and salt."""
    value = read_base64(rest, padded=True)
    size = hashlib.new(_DIGESTS[scheme], usedforsecurity=False).digest_size
    smallest, largest = (size + 1, size + _LONGEST_SALT) if scheme in _SALTED else (size, size)
    if value is None or not smallest <= len(value) <= largest:
        return None
    return value[:size], value[size:]


def _nested(scheme: str, rest: str) -> ModuleType | None:
    if scheme == "ARGON2":
        return argon2
    if scheme != "CRYPT":
        return None
    return next((known for known in (crypt, bcrypt) if known.identify(rest)), None)
