"""phpass: `$P$` and phpBB's `$H$` with MD5, Drupal 7's `$S$` with SHA-512.

Drupal put a `U` before hashes that it made of the MD5 sums of Drupal 6, when it had no passwords to make them of.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from dragoman.hashing.sums.crypt_base64 import ZERO, crypt_base64, digit_value
from dragoman.hashing.sums.turns import in_turns

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_SHAPE = re.compile(
    r"(?P<second>U?)\$(?:(?P<md5>[PH])|S)\$(?P<exponent>[./A-Za-z0-9])(?P<salt>[./A-Za-z0-9]{8})"
    r"(?P<digest>(?(md5)[./A-Za-z0-9]{22}|[./A-Za-z0-9]{43}))",
    re.ASCII,
)
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = 7, 30


def identify(stored: str) -> bool:
    """Whether it begins so."""
    return stored.removeprefix("U").startswith(("$P$", "$H$", "$S$"))


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    shape = _SHAPE.fullmatch(stored)
    if shape is None or not _SMALLEST_EXPONENT <= digit_value(shape["exponent"]) <= _LARGEST_EXPONENT:
        return "malformed phpass hash"
    if digit_value(shape["exponent"]) > limits.phpass_exponent:
        return f"phpass rounds above 2 to the {limits.phpass_exponent}"
    return None


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash."""
    shape = _SHAPE.fullmatch(stored)
    if shape is None:
        return False
    if shape["second"]:
        password = hashlib.md5(password, usedforsecurity=False).hexdigest().encode()
    digest_of = _md5 if shape["md5"] else _sha512
    digest = digest_of(shape["salt"].encode() + password)
    for numbers in in_turns(1 << digit_value(shape["exponent"])):
        for _ in numbers:
            digest = digest_of(digest + password)
    return hmac.compare_digest(crypt_base64(digest)[: len(shape["digest"])], shape["digest"])


def seen(_stored: str, password: bytes) -> bytes:
    """All of it."""
    return password


def blank(stored: str) -> str:
    """Its kind and rounds, and zeros."""
    start = stored.rindex("$") + len("$9")
    return stored[:start].ljust(len(stored), ZERO)


def _md5(value: bytes) -> bytes:
    return hashlib.md5(value, usedforsecurity=False).digest()


def _sha512(value: bytes) -> bytes:
    return hashlib.sha512(value).digest()
