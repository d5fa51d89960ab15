"""Django: `algorithm$…`, the algorithm's name in front of what it writes itself.

PBKDF2 and scrypt have a salt that is text and a digest in base64. `argon2$` and `bcrypt$` have a hash of that kind
behind them, `bcrypt_sha256$` a bcrypt of the password's SHA-256 in hex. `md5$` and `sha1$` are one round, and count
only where they are named among the weak formats.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.hashing.formats import argon2, bcrypt
from dragoman.hashing.sums.pbkdf2 import Pbkdf2Sum, read_base64, wiped_base64
from dragoman.hashing.sums.scrypt import LARGEST_EXPONENT, ScryptSum

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.hashing.format import Limits

_SALT = r"(?P<salt>[!-#%-~]{1,128})"
_DIGEST = r"(?P<digest>[A-Za-z0-9+/]{22,86}={0,2})"
_PBKDF2 = re.compile(
    rf"pbkdf2_(?P<algorithm>sha1|sha256|sha512)\$(?P<iterations>[1-9][0-9]{{0,8}})\${_SALT}\${_DIGEST}", re.ASCII
)
_SCRYPT = re.compile(
    rf"scrypt\$(?P<cost>[1-9][0-9]{{0,8}})\${_SALT}\$(?P<block>[1-9][0-9]{{0,3}})\$(?P<lanes>[1-9][0-9]{{0,3}})"
    r"\$(?P<digest>[A-Za-z0-9+/]{86}==)",
    re.ASCII,
)
_ONE_ROUND = re.compile(rf"(?P<algorithm>md5|sha1)\${_SALT}\$(?P<digest>[0-9a-f]{{32,40}})", re.ASCII)
_WEAK_NAMES = {"md5": "MD5", "sha1": "SHA-1"}
_NOBODYS_SALT = "0"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How a hash with the algorithm's name is judged and checked."""

    find_defect: Callable[[str, Limits], str | None]
    verify: Callable[[str, bytes], bool]
    blank: Callable[[str], str]


def identify(stored: str) -> bool:
    """Whether it begins with the name of an algorithm and a dollar sign, or as PBKDF2 does."""
    return stored.startswith("pbkdf2_") or ("$" in stored and stored.partition("$")[0] in _ALGORITHMS)


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    return _algorithm_of(stored).find_defect(stored, limits)


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash. Raises MemoryError."""
    return _algorithm_of(stored).verify(stored, password)


def seen(stored: str, password: bytes) -> bytes:
    """All of it, but for a plain bcrypt."""
    return bcrypt.seen(stored, password) if stored.startswith("bcrypt$") else password


def blank(stored: str) -> str:
    """Algorithm and cost, and zeros; a salt costs the same whatever its length, up to a block."""
    return _algorithm_of(stored).blank(stored)


def _algorithm_of(stored: str) -> Algorithm:
    return _ALGORITHMS.get(stored.partition("$")[0], _PBKDF2_ALGORITHM)


def _read_pbkdf2(stored: str) -> Pbkdf2Sum | None:
    shape = _PBKDF2.fullmatch(stored)
    digest = None if shape is None else read_base64(shape["digest"], padded=True)
    if shape is None or digest is None:
        return None
    salt = shape["salt"].encode()
    return Pbkdf2Sum(algorithm=shape["algorithm"], iterations=int(shape["iterations"]), salt=salt, digest=digest)


def _find_pbkdf2_defect(stored: str, limits: Limits) -> str | None:
    found = _read_pbkdf2(stored)
    if found is None:
        return "malformed PBKDF2 hash"
    if len(found.digest) < hashlib.new(found.algorithm).digest_size:
        return "PBKDF2 digest truncated"  # of a shorter one the beginning would still match
    return found.find_defect(limits)


def _verify_pbkdf2(stored: str, password: bytes) -> bool:
    found = _read_pbkdf2(stored)
    return found is not None and found.verify(password)


def _wiped_pbkdf2(stored: str) -> str:
    algorithm, iterations, _salt, digest = stored.split("$")
    return f"{algorithm}${iterations}${_NOBODYS_SALT}${wiped_base64(digest)}"


def _read_scrypt(stored: str) -> ScryptSum | None:
    shape = _SCRYPT.fullmatch(stored)
    key = None if shape is None else read_base64(shape["digest"], padded=True)
    if shape is None or key is None:
        return None
    cost = int(shape["cost"])
    exponent = cost.bit_length() - 1
    if cost != 1 << exponent or not 1 <= exponent <= LARGEST_EXPONENT:
        return None
    block, lanes = int(shape["block"]), int(shape["lanes"])
    return ScryptSum(exponent=exponent, block=block, lanes=lanes, salt=shape["salt"].encode(), key=key)


def _find_scrypt_defect(stored: str, limits: Limits) -> str | None:
    found = _read_scrypt(stored)
    return "malformed scrypt hash" if found is None else found.find_defect(limits)


def _verify_scrypt(stored: str, password: bytes) -> bool:
    found = _read_scrypt(stored)
    return found is not None and found.verify(password)


def _wiped_scrypt(stored: str) -> str:
    algorithm, cost, _salt, block, lanes, digest = stored.split("$")
    return f"{algorithm}${cost}${_NOBODYS_SALT}${block}${lanes}${wiped_base64(digest)}"


def _find_weak_defect(stored: str, limits: Limits) -> str | None:
    shape = _ONE_ROUND.fullmatch(stored)
    if shape is None or len(shape["digest"]) != 2 * hashlib.new(shape["algorithm"], usedforsecurity=False).digest_size:
        return "malformed digest"
    name = _WEAK_NAMES[shape["algorithm"]]
    return None if name in limits.weak_formats else f"{name} counts only where it is explicitly allowed"


def _verify_weak(stored: str, password: bytes) -> bool:
    shape = _ONE_ROUND.fullmatch(stored)
    if shape is None:
        return False
    computed = hashlib.new(shape["algorithm"], shape["salt"].encode() + password, usedforsecurity=False).hexdigest()
    return hmac.compare_digest(computed, shape["digest"])


def _wiped_weak(stored: str) -> str:
    algorithm, _salt, digest = stored.split("$")
    return f"{algorithm}${_NOBODYS_SALT}$" + "0" * len(digest)


def _hashed_first(password: bytes) -> bytes:
    return hashlib.sha256(password).hexdigest().encode()


def _named(name: str, inner: Algorithm) -> Algorithm:
    """What stands behind the name is a hash by itself."""

    def rest(stored: str) -> str:
        return stored.removeprefix(name)

    return Algorithm(
        lambda stored, limits: inner.find_defect(rest(stored), limits),
        lambda stored, password: inner.verify(rest(stored), password),
        lambda stored: name + inner.blank(rest(stored)),
    )


_PBKDF2_ALGORITHM = Algorithm(_find_pbkdf2_defect, _verify_pbkdf2, _wiped_pbkdf2)
_WEAK_ALGORITHM = Algorithm(_find_weak_defect, _verify_weak, _wiped_weak)
_PREHASHED = Algorithm(
    bcrypt.find_defect, lambda rest, password: bcrypt.verify(rest, _hashed_first(password)), bcrypt.blank
)
_ALGORITHMS = {
    "scrypt": Algorithm(_find_scrypt_defect, _verify_scrypt, _wiped_scrypt),
    "argon2": _named("argon2", Algorithm(argon2.find_defect, argon2.verify, argon2.blank)),
    "bcrypt": _named("bcrypt$", Algorithm(bcrypt.find_defect, bcrypt.verify, bcrypt.blank)),
    "bcrypt_sha256": _named("bcrypt_sha256$", _PREHASHED),
    "md5": _WEAK_ALGORITHM,
    "sha1": _WEAK_ALGORITHM,
}
