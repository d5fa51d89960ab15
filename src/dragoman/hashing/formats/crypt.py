"""crypt(3): MD5 (`$1$`, and Apache's `$apr1$`), SHA-256 (`$5$`) and SHA-512 (`$6$`). DES is not accepted."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

from dragoman.hashing.sums.crypt import md5_crypt, sha_crypt
from dragoman.hashing.sums.crypt_base64 import ZERO

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_MD5_SHAPE = re.compile(
    r"(?P<magic>\$(?:1|apr1)\$)(?P<salt>[./A-Za-z0-9]{0,8})\$(?P<digest>[./A-Za-z0-9]{22})", re.ASCII
)
_SHA_SHAPE = re.compile(
    r"\$(?P<kind>[56])\$(?:rounds=(?P<rounds>[1-9][0-9]{3,8})\$)?(?P<salt>[./A-Za-z0-9]{0,16})"
    r"\$(?P<digest>[./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})",
    re.ASCII,
)
_STANDARD_ROUNDS = "5000"
_ALGORITHMS = {"5": "sha256", "6": "sha512"}
_DIGITS = {"5": 43, "6": 86}
_LONGEST = 511
"""Bytes; crypt(3) itself takes no more (libxcrypt, CRYPT_MAX_PASSPHRASE_SIZE), and each round costs with them."""


def identify(stored: str) -> bool:
    """Whether it begins so."""
    return stored.startswith(("$1$", "$apr1$", "$5$", "$6$"))


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    if _MD5_SHAPE.fullmatch(stored):
        return None
    shape = _SHA_SHAPE.fullmatch(stored)
    if shape is None or len(shape["digest"]) != _DIGITS[shape["kind"]]:
        return "malformed crypt(3) hash"
    if int(shape["rounds"] or _STANDARD_ROUNDS) > limits.crypt_rounds:
        return f"crypt(3) rounds above {limits.crypt_rounds}"
    return None


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash; never for one with a NUL, where C strings end."""
    if b"\0" in password or len(password) > _LONGEST:
        return False
    if shape := _MD5_SHAPE.fullmatch(stored):
        computed = md5_crypt(shape["magic"].encode(), shape["salt"].encode(), password)
        return hmac.compare_digest(computed, shape["digest"])
    shape = _SHA_SHAPE.fullmatch(stored)
    if shape is None:
        return False
    rounds = int(shape["rounds"] or _STANDARD_ROUNDS)
    computed = sha_crypt(_ALGORITHMS[shape["kind"]], rounds, shape["salt"].encode(), password)
    return hmac.compare_digest(computed, shape["digest"])


def seen(_stored: str, password: bytes) -> bytes:
    """All of it."""
    return password


def blank(stored: str) -> str:
    """Kind and rounds, and zeros. The salt keeps its length: it is part of what each round digests."""
    *parameters, salt, digest = stored.split("$")
    kept = [one for one in parameters if one != f"rounds={_STANDARD_ROUNDS}"]
    return "$".join([*kept, ZERO * len(salt), ZERO * len(digest)])
