"""Django's PBKDF2: `pbkdf2_sha256$iterations$salt$digest`, the salt being text and the digest base64."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dragoman.hashing.pbkdf2_sum import Pbkdf2Sum, read_base64, wiped_base64

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_SHAPE = re.compile(
    r"pbkdf2_(?P<algorithm>sha1|sha256|sha512)\$(?P<iterations>[1-9][0-9]{0,8})"
    r"\$(?P<salt>[!-#%-~]{1,128})\$(?P<digest>[A-Za-z0-9+/]{22,86}={0,2})",
    re.ASCII,
)


def identify(stored: str) -> bool:
    """Whether it begins so."""
    return stored.startswith("pbkdf2_")


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    found = _read(stored)
    return "malformed PBKDF2 hash" if found is None else found.find_defect(limits)


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash."""
    found = _read(stored)
    return found is not None and found.verify(password)


def seen(_stored: str, password: bytes) -> bytes:
    """All of it."""
    return password


def blank(stored: str) -> str:
    """Algorithm and iterations, and zeros; a salt costs the same whatever its length, up to a block."""
    algorithm, iterations, _salt, digest = stored.split("$")
    return f"{algorithm}${iterations}$0${wiped_base64(digest)}"


def _read(stored: str) -> Pbkdf2Sum | None:
    shape = _SHAPE.fullmatch(stored)
    digest = None if shape is None else read_base64(shape["digest"], padded=True)
    if shape is None or digest is None:
        return None
    return Pbkdf2Sum(
        algorithm=shape["algorithm"],
        iterations=int(shape["iterations"]),
        salt=shape["salt"].encode(),
        digest=digest,
    )
