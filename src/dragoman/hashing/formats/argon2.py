"""Argon2id and Argon2i, version 1.3 (RFC 9106), in PHC string form. Ours are Argon2id; Argon2d is not for passwords."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.hashing.sums.argon2 import Argon2Cost, Argon2Sum
from dragoman.hashing.sums.pbkdf2 import read_base64

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_SHAPE = re.compile(
    r"\$argon2(?P<kind>id|i)\$v=19\$m=(?P<memory>[1-9][0-9]{0,9}),t=(?P<passes>[1-9][0-9]{0,5}),p=(?P<lanes>[1-9][0-9]{0,4})"
    r"\$(?P<salt>[A-Za-z0-9+/]{11,86})\$(?P<digest>[A-Za-z0-9+/]{22,86})",
    re.ASCII,
)
_DIGEST_BYTES = 32
_DIGEST_CHARACTERS = 43
_MALFORMED = "malformed Argon2 hash, or a kind that is not accepted"


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
    read = _read(stored)
    return _MALFORMED if read is None else read.cost.find_defect(limits)


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash. Raises MemoryError."""
    read = _read(stored)
    return read is not None and read.verify(password)


def seen(_stored: str, password: bytes) -> bytes:
    """All of it."""
    return password


def blank(stored: str) -> str:
    """Its parameters, and zeros."""
    *parameters, salt, digest = stored.split("$")
    return "$".join([*parameters, "A" * len(salt), "A" * len(digest)])


def make_hash(password: bytes, salt: bytes, profile: Argon2Profile) -> str:
    """An Argon2id hash with a salt of 16 random bytes. Raises MemoryError."""
    cost = Argon2Cost(memory_kib=profile.memory_kib, passes=profile.passes, lanes=profile.lanes)
    digest = cost.derive(password, salt, _DIGEST_BYTES)
    parameters = f"m={profile.memory_kib},t={profile.passes},p={profile.lanes}"
    return f"$argon2id$v=19${parameters}${_spell(salt)}${_spell(digest)}"


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


def _read(stored: str) -> Argon2Sum | None:
    shape = _SHAPE.fullmatch(stored)
    if shape is None:
        return None
    salt, digest = (read_base64(shape[name], padded=False) for name in ("salt", "digest"))
    if salt is None or digest is None:
        return None
    cost = Argon2Cost(
        kind=shape["kind"], memory_kib=int(shape["memory"]), passes=int(shape["passes"]), lanes=int(shape["lanes"])
    )
    return Argon2Sum(cost=cost, salt=salt, digest=digest)


def _spell(value: bytes) -> str:
    return b64encode(value).decode().rstrip("=")
