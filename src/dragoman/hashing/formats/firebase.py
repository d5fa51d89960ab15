"""Firebase's scrypt: what it computes is a key, with which the signer key of the whole project is encrypted.

An export of Firebase has one line for all: signer key, salt separator, rounds and memory cost. Here each hash has them
with it, as `$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=…$salt$hash`, the way other software takes them over, too: `n` is the
memory cost, `r` the rounds, `ss` the separator, `sk` the signer key; all in standard base64.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from dragoman.hashing.sums.pbkdf2 import read_base64, wiped_base64
from dragoman.hashing.sums.scrypt import LARGEST_EXPONENT, ScryptSum

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_PREFIX = "$fbscrypt$"
_BASE64 = r"(?:[A-Za-z0-9+/]{4}){0,32}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"
_64_BYTES = r"[A-Za-z0-9+/]{86}=="
_SHAPE = re.compile(
    rf"\$fbscrypt\$v=1,n=(?P<exponent>[1-9][0-9]?),r=(?P<block>[1-9][0-9]{{0,3}}),p=(?P<lanes>[1-9][0-9]{{0,3}})"
    rf"(?:,ss=(?P<separator>{_BASE64}))?,sk=(?P<signer>{_64_BYTES})\$(?P<salt>{_BASE64})\$(?P<digest>{_64_BYTES})",
    re.ASCII,
)
_KEY_BYTES = 32
_NOBODYS_SALT = "AA=="


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """One stored hash, taken apart."""

    scrypt: ScryptSum
    signer: bytes
    digest: bytes


def identify(stored: str) -> bool:
    """Whether it begins like one."""
    return stored.startswith(_PREFIX)


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    found = _read(stored)
    return "malformed Firebase hash" if found is None else found.scrypt.find_defect(limits)


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash. Raises MemoryError."""
    found = _read(stored)
    if found is None:
        return False
    encryptor = Cipher(AES256(found.scrypt.derive(password)), CTR(bytes(16))).encryptor()
    return hmac.compare_digest(encryptor.update(found.signer), found.digest)


def seen(_stored: str, password: bytes) -> bytes:
    """All of it."""
    return password


def blank(stored: str) -> str:
    """The cost, and zeros; a salt costs the same whatever its length, up to a block."""
    shape = _SHAPE.fullmatch(stored)
    if shape is None:  # never: it is asked where there is no defect
        return stored
    cost, zeros = f"n={shape['exponent']},r={shape['block']},p={shape['lanes']}", wiped_base64(shape["signer"])
    return f"{_PREFIX}v=1,{cost},sk={zeros}${_NOBODYS_SALT}${zeros}"


def _read(stored: str) -> _Stored | None:
    shape = _SHAPE.fullmatch(stored)
    if shape is None or int(shape["exponent"]) > LARGEST_EXPONENT:
        return None
    salt, signer, digest = (read_base64(shape[name], padded=True) for name in ("salt", "signer", "digest"))
    separator = b"" if shape["separator"] is None else read_base64(shape["separator"], padded=True)
    if salt is None or separator is None or signer is None or digest is None:
        return None
    scrypt = ScryptSum(
        exponent=int(shape["exponent"]),
        block=int(shape["block"]),
        lanes=int(shape["lanes"]),
        salt=salt + separator,
        key=bytes(_KEY_BYTES),
    )
    return _Stored(scrypt=scrypt, signer=signer, digest=digest)
