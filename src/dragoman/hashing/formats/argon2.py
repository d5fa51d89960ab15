"""Argon2id and Argon2i, version 1.3 (RFC 9106), in PHC string form. Ours are Argon2id; Argon2d is not for passwords."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argon2.exceptions import Argon2Error, HashingError
from argon2.low_level import Type, error_to_str, hash_secret, verify_secret

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_SHAPE = re.compile(
    r"\$argon2(?P<kind>id|i)\$v=19\$m=(?P<memory>[1-9][0-9]{0,9}),t=(?P<passes>[1-9][0-9]{0,5}),p=(?P<lanes>[1-9][0-9]{0,4})"
    r"\$(?P<salt>[A-Za-z0-9+/]{11,86})\$(?P<digest>[A-Za-z0-9+/]{22,86})",
    re.ASCII,
)
_SALT_BYTES = 16
_DIGEST_BYTES = 32
_DIGEST_CHARACTERS = 43
_NO_MEMORY, _NO_THREAD = -22, -33
_SHORTAGES = frozenset(map(error_to_str, (_NO_MEMORY, _NO_THREAD)))
"""What the reference implementation says (argon2.h) where the system denies it something: no word on the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Profile:
    """What a new hash costs. The default is OWASP's minimum for Argon2id."""

    memory_kib: int = 19456
    passes: int = 2
    lanes: int = 1


CHEAPEST = Argon2Profile(memory_kib=8, passes=1, lanes=1)
"""For tests alone."""


def identify(stored: str) -> bool:
    """Whether it begins as Argon2 does."""
    return stored.startswith("$argon2")


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    shape = _SHAPE.fullmatch(stored)
    if shape is None:
        return "malformed Argon2 hash, or a kind that is not accepted"
    if int(shape["memory"]) > limits.memory_kib:
        return f"Argon2 memory above {limits.memory_kib} KiB"
    if int(shape["passes"]) > limits.passes or int(shape["lanes"]) > limits.lanes:
        return "Argon2 time or parallelism above the limit"
    if int(shape["memory"]) * int(shape["passes"]) > limits.memory_passes_kib:
        return f"Argon2 memory times passes above {limits.memory_passes_kib} KiB"
    return None


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash. Raises MemoryError."""
    kind = Type.ID if stored.startswith("$argon2id$") else Type.I
    try:
        return verify_secret(stored.encode(), password, kind)
    except (Argon2Error, ValueError) as error:
        if str(error) in _SHORTAGES:
            raise MemoryError from None
        return False


def seen(_stored: str, password: bytes) -> bytes:
    """All of it."""
    return password


def blank(stored: str) -> str:
    """Its parameters, and zeros."""
    *parameters, salt, digest = stored.split("$")
    return "$".join([*parameters, "A" * len(salt), "A" * len(digest)])


def make_hash(password: bytes, salt: bytes, profile: Argon2Profile) -> str:
    """An Argon2id hash with a salt of 16 random bytes. Raises MemoryError."""
    try:
        return hash_secret(
            password,
            salt,
            time_cost=profile.passes,
            memory_cost=profile.memory_kib,
            parallelism=profile.lanes,
            hash_len=_DIGEST_BYTES,
            type=Type.ID,
        ).decode()
    except HashingError as error:
        if str(error) in _SHORTAGES:
            raise MemoryError from None
        raise


def is_as_strong(stored: str, profile: Argon2Profile) -> bool:
    """Whether it is Argon2id and costs at least what the profile asks."""
    shape = _SHAPE.fullmatch(stored)
    return (
        shape is not None
        and shape["kind"] == "id"
        and int(shape["memory"]) >= profile.memory_kib
        and int(shape["passes"]) >= profile.passes
        and len(shape["digest"]) >= _DIGEST_CHARACTERS
    )
