"""PBKDF2 with dollar signs: `$pbkdf2-sha256$29000$salt$digest`, and the PHC form with `i=29000` (and `l=32`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dragoman.hashing.sums.pbkdf2 import Pbkdf2Sum, read_base64

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_SHAPE = re.compile(
    r"\$pbkdf2(?:-(?P<algorithm>sha1|sha256|sha512))?\$(?:i=)?(?P<iterations>[1-9][0-9]{0,8})(?:,l=(?P<length>[0-9]{1,3}))?"
    r"\$(?P<salt>[A-Za-z0-9+./]{0,256})\$(?P<digest>[A-Za-z0-9+./]{22,86})",
    re.ASCII,
)


def identify(stored: str) -> bool:
    """Whether it begins so."""
    return stored.startswith("$pbkdf2")


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
    _nothing, algorithm, parameters, _salt, digest = stored.split("$")
    return f"${algorithm}${parameters}$$" + "A" * len(digest)


def _read(stored: str) -> Pbkdf2Sum | None:
    shape = _SHAPE.fullmatch(stored)
    if shape is None:
        return None
    salt, digest = (read_base64(shape[part].replace(".", "+"), padded=False) for part in ("salt", "digest"))
    if salt is None or digest is None or shape["length"] not in (None, str(len(digest))):
        return None
    algorithm = shape["algorithm"] or "sha1"
    return Pbkdf2Sum(algorithm=algorithm, iterations=int(shape["iterations"]), salt=salt, digest=digest)
