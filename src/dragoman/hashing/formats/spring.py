"""Spring Security's `{id}…`: the name in braces says how the rest is to be read; an unknown name matches nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.hashing.formats import argon2, bcrypt, keycloak, ldap
from dragoman.hashing.sums.md4 import md4
from dragoman.hashing.sums.pbkdf2 import Pbkdf2Sum, read_base64, wiped_base64
from dragoman.hashing.sums.scrypt import LARGEST_EXPONENT, ScryptSum

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.hashing.format import Limits

_NAMED = re.compile(r"\{(?P<name>[A-Za-z0-9@_.-]{1,64})\}(?P<rest>[ -~]*)", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)
_BASE64_PART = "[A-Za-z0-9+/]{8,128}={0,2}"
_SCRYPT = re.compile(rf"\$(?P<cost>[0-9a-f]{{1,8}})\$(?P<salt>{_BASE64_PART})\$(?P<key>{_BASE64_PART})", re.ASCII)
_SALTED = re.compile(r"(?P<salt>\{[ -|~]{1,128}\})?(?P<digest>[0-9a-f]+)", re.ASCII)
_KEY_BYTES = 32
_STANDARD_SALT_BYTES = 8
_STANDARD_ROUNDS = 1024


@dataclass(frozen=True, slots=True)
class Scheme:
    """How what stands behind a name is judged and checked."""

    find_defect: Callable[[str, Limits], str | None]
    verify: Callable[[str, bytes], bool]
    blank: Callable[[str], str]


def identify(stored: str) -> bool:
    """Whether it has a name in braces that no directory server gives, and is no JSON."""
    return stored.startswith("{") and not keycloak.identify(stored) and not ldap.identify(stored)


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    name, rest = _take_apart(stored)
    scheme = _SCHEMES.get(name)
    return "the name in braces is not one that is accepted" if scheme is None else scheme.find_defect(rest, limits)


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash."""
    name, rest = _take_apart(stored)
    scheme = _SCHEMES.get(name)
    return scheme is not None and scheme.verify(rest, password)


def seen(stored: str, password: bytes) -> bytes:
    """What the format inside looks at."""
    name, rest = _take_apart(stored)
    match name:
        case "bcrypt":
            return bcrypt.seen(rest, password)
        case "ldap":
            return ldap.seen(rest, password)
        case _:
            return password


def blank(stored: str) -> str:
    """The name, and what is inside wiped out."""
    name, rest = _take_apart(stored)
    return f"{{{name}}}{_SCHEMES[name].blank(rest)}"


def _take_apart(stored: str) -> tuple[str, str]:
    shape = _NAMED.fullmatch(stored)
    return ("", "") if shape is None else (shape["name"], shape["rest"])


def _wiped_hex(rest: str) -> str:
    return "0" * len(rest)


def _read_hex(text: str) -> bytes | None:
    return bytes.fromhex(text) if _HEX.fullmatch(text) else None


def _pbkdf2(algorithm: str, iterations: int, salt_bytes: int) -> Scheme:
    """Hex of salt and a key of 256 bits; the iterations are not written down."""

    def read(rest: str) -> Pbkdf2Sum | None:
        value = _read_hex(rest)
        if value is None or len(value) != salt_bytes + _KEY_BYTES:
            return None
        return Pbkdf2Sum(algorithm=algorithm, iterations=iterations, salt=value[:salt_bytes], digest=value[salt_bytes:])

    def find(rest: str, limits: Limits) -> str | None:
        found = read(rest)
        return "malformed PBKDF2 hash" if found is None else found.find_defect(limits)

    def check(rest: str, password: bytes) -> bool:
        found = read(rest)
        return found is not None and found.verify(password)

    return Scheme(find, check, _wiped_hex)


def _read_scrypt(rest: str) -> ScryptSum | None:
    shape = _SCRYPT.fullmatch(rest)
    if shape is None:
        return None
    cost = int(shape["cost"], 16)
    salt, key = (read_base64(shape[part], padded=True) for part in ("salt", "key"))
    exponent, block, lanes = cost >> 16, cost >> 8 & 0xFF, cost & 0xFF
    if salt is None or key is None or not 1 <= exponent <= LARGEST_EXPONENT or not block or not lanes:
        return None
    return ScryptSum(exponent=exponent, block=block, lanes=lanes, salt=salt, key=key)


def _find_scrypt_defect(rest: str, limits: Limits) -> str | None:
    found = _read_scrypt(rest)
    return "malformed scrypt hash" if found is None else found.find_defect(limits)


def _verify_scrypt(rest: str, password: bytes) -> bool:
    found = _read_scrypt(rest)
    return found is not None and found.verify(password)


def _wiped_scrypt(rest: str) -> str:
    _nothing, parameters, salt, key = rest.split("$")
    return f"${parameters}${wiped_base64(salt)}${wiped_base64(key)}"


def _find_standard_defect(rest: str, _limits: Limits) -> str | None:
    value = _read_hex(rest)
    return None if value is not None and len(value) == _STANDARD_SALT_BYTES + _KEY_BYTES else "malformed hash"


def _verify_standard(rest: str, password: bytes) -> bool:
    value = _read_hex(rest) or b""
    computed = value[:_STANDARD_SALT_BYTES] + password
    for _ in range(_STANDARD_ROUNDS):
        computed = hashlib.sha256(computed).digest()
    return hmac.compare_digest(computed, value[_STANDARD_SALT_BYTES:])


def _rounds_of(algorithm: str) -> Callable[[bytes], bytes]:
    return lambda message: hashlib.new(algorithm, message, usedforsecurity=False).digest()


def _digest(name: str, compute: Callable[[bytes], bytes]) -> Scheme:
    """One round over password and salt, the braces of the salt included."""
    size = len(compute(b""))

    def find(rest: str, limits: Limits) -> str | None:
        if name not in limits.weak_formats:
            return f"{{{name}}} hides next to nothing and counts only where it is explicitly allowed"
        shape = _SALTED.fullmatch(rest)
        return None if shape is not None and len(shape["digest"]) == size * 2 else "malformed digest"

    def check(rest: str, password: bytes) -> bool:
        shape = _SALTED.fullmatch(rest)
        if shape is None:
            return False
        salted = password + (shape["salt"] or "").encode()
        return hmac.compare_digest(compute(salted).hex(), shape["digest"])

    def wipe(rest: str) -> str:
        return "0" * (len(rest) - rest.rfind("}") - 1)

    return Scheme(find, check, wipe)


def _find_plain_defect(rest: str, limits: Limits) -> str | None:
    if "noop" not in limits.weak_formats:
        return "{noop} is plain text and counts only where it is explicitly allowed"
    return None if rest else "empty password"


def _verify_plain(rest: str, password: bytes) -> bool:
    return hmac.compare_digest(rest.encode(), password)


_SCHEMES = {
    "bcrypt": Scheme(bcrypt.find_defect, bcrypt.verify, bcrypt.blank),
    "argon2": Scheme(argon2.find_defect, argon2.verify, argon2.blank),
    "argon2@SpringSecurity_v5_8": Scheme(argon2.find_defect, argon2.verify, argon2.blank),
    "pbkdf2": _pbkdf2("sha1", 185_000, 8),
    "pbkdf2@SpringSecurity_v5_8": _pbkdf2("sha256", 310_000, 16),
    "scrypt": Scheme(_find_scrypt_defect, _verify_scrypt, _wiped_scrypt),
    "scrypt@SpringSecurity_v5_8": Scheme(_find_scrypt_defect, _verify_scrypt, _wiped_scrypt),
    "ldap": Scheme(ldap.find_defect, ldap.verify, ldap.blank),
    "sha256": Scheme(_find_standard_defect, _verify_standard, _wiped_hex),
    "SHA-256": _digest("SHA-256", _rounds_of("sha256")),
    "SHA-1": _digest("SHA-1", _rounds_of("sha1")),
    "MD5": _digest("MD5", _rounds_of("md5")),
    "MD4": _digest("MD4", md4),
    "noop": Scheme(_find_plain_defect, _verify_plain, lambda _rest: "-"),
}
