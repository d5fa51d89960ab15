"""What crypt(3) computes for `$1$`, `$5$` and `$6$`: many rounds of a digest over password, salt and itself.

From the descriptions: Poul-Henning Kamp's MD5 crypt, and Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512".
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dragoman.hashing.sums.crypt_base64 import crypt_base64
from dragoman.hashing.sums.turns import in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PERIOD = 42
"""What a round mixes in depends on whether 2, 3 and 7 divide its number."""
_MD5_ROUNDS = 1000
_MD5_ORDER = (12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11)


def md5_crypt(magic: bytes, salt: bytes, password: bytes) -> str:
    """The digits behind the last `$` for `$1$`, or for Apache's variety of it, `$apr1$`."""
    inner = _md5(password + salt + password)
    mixed = _stretch_to(inner, len(password))
    for bit in _bits(len(password)):
        mixed += b"\0" if bit else password[:1]
    digest = _repeat(_md5, _md5(password + magic + salt + mixed), password, salt, _MD5_ROUNDS)
    return crypt_base64(bytes(digest[place] for place in _MD5_ORDER))


def sha_crypt(algorithm: str, rounds: int, salt: bytes, password: bytes) -> str:
    """The digits behind the last `$` for `$5$` (`sha256`) and `$6$` (`sha512`)."""
    digest_of = _sha256 if algorithm == "sha256" else _sha512
    inner = digest_of(password + salt + password)
    mixed = _stretch_to(inner, len(password))
    for bit in _bits(len(password)):
        mixed += inner if bit else password
    first = digest_of(password + salt + mixed)
    long_password = _stretch_to(digest_of(password * len(password)), len(password))
    long_salt = _stretch_to(digest_of(salt * (16 + first[0])), len(salt))
    digest = _repeat(digest_of, first, long_password, long_salt, rounds)
    return crypt_base64(bytes(digest[place] for place in _sha_order(len(digest))))


def _repeat(digest_of: Callable[[bytes], bytes], digest: bytes, password: bytes, salt: bytes, rounds: int) -> bytes:
    around = []
    for number in range(_PERIOD):
        middle = (salt if number % 3 else b"") + (password if number % 7 else b"")
        around.append((password + middle, b"") if number % 2 else (b"", middle + password))
    for numbers in in_turns(rounds):
        for number in numbers:
            before, after = around[number % _PERIOD]
            digest = digest_of(before + digest + after)
    return digest


def _stretch_to(value: bytes, size: int) -> bytes:
    return (value * (size // len(value) + 1))[:size]


def _bits(number: int) -> Iterator[int]:
    """From the lowest to the highest that is set."""
    while number:
        yield number & 1
        number >>= 1


def _sha_order(size: int) -> list[int]:
    """Thirds of the digest are interleaved, and change places in each group of three."""
    third = size // 3
    group = [0, third, 2 * third]
    order: list[int] = []
    for _ in range(third):
        order += reversed(group)
        one, two, three = (place + 1 for place in group)
        group = [three, one, two] if size == hashlib.sha256().digest_size else [two, three, one]
    return [*order, *range(3 * third, size)]


def _md5(value: bytes) -> bytes:
    return hashlib.md5(value, usedforsecurity=False).digest()


def _sha256(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def _sha512(value: bytes) -> bytes:
    return hashlib.sha512(value).digest()
