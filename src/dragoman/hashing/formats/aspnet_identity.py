"""ASP.NET Identity: base64 of a byte that tells the version, and PBKDF2's parameters, salt and digest.

Version 2 (`0x00`) is 1000 rounds of SHA-1 with 16 bytes of salt and 32 of digest. Version 3 (`0x01`) writes down, in
four bytes each, the digest (0 to 2), the rounds and the size of the salt.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

from dragoman.hashing.sums.pbkdf2 import Pbkdf2Sum, read_base64

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_SHAPE = re.compile(r"A(?:[A-P][A-Za-z0-9+/]{64}==|QAAAA[A-Za-z0-9+/]{20,}={0,2})", re.ASCII)
_VERSION_2 = 0
_VERSION_2_ROUNDS = 1000
_VERSION_2_SALT_END, _VERSION_2_END = 17, 49
_ALGORITHMS = ("sha1", "sha256", "sha512")
_HEADER = 13
_SMALLEST_SALT, _LARGEST_SALT = 16, 64


def identify(stored: str) -> bool:
    """Whether it is base64 that begins with a known version."""
    return _SHAPE.fullmatch(stored) is not None


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    found = _read(stored)
    return "malformed ASP.NET Identity hash" if found is None else found.find_defect(limits)


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash."""
    found = _read(stored)
    return found is not None and found.verify(password)


def seen(_stored: str, password: bytes) -> bytes:
    """All of it."""
    return password


def blank(stored: str) -> str:
    """Its version, algorithm and rounds, and zeros; a salt costs the same whatever its length, up to a block."""
    value = read_base64(stored, padded=True) or b""
    if value[0] == _VERSION_2:
        return b64encode(bytes(len(value))).decode()
    digest_size = len(value) - _HEADER - _salt_size(value)
    header = value[: _HEADER - 4] + _SMALLEST_SALT.to_bytes(4)
    return b64encode(header + bytes(_SMALLEST_SALT + digest_size)).decode()


def _read(stored: str) -> Pbkdf2Sum | None:
    value = read_base64(stored, padded=True) if identify(stored) else None
    if value is None:
        return None
    if value[0] == _VERSION_2:
        salt, digest = value[1:_VERSION_2_SALT_END], value[_VERSION_2_SALT_END:_VERSION_2_END]
        return Pbkdf2Sum(algorithm="sha1", iterations=_VERSION_2_ROUNDS, salt=salt, digest=digest)
    algorithm, iterations, salt_size = (int.from_bytes(value[start : start + 4]) for start in (1, 5, 9))
    if algorithm >= len(_ALGORITHMS) or not _SMALLEST_SALT <= salt_size <= _LARGEST_SALT:
        return None
    salt, digest = value[_HEADER : _HEADER + salt_size], value[_HEADER + salt_size :]
    return Pbkdf2Sum(algorithm=_ALGORITHMS[algorithm], iterations=iterations, salt=salt, digest=digest)


def _salt_size(value: bytes) -> int:
    return int.from_bytes(value[_HEADER - 4 : _HEADER])
