"""Stored hashes of every format, written by other means than those that check them, and how they are looked at."""

from __future__ import annotations

from base64 import b64encode

from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from dragoman.hashing.format import Limits, find_format, load_formats

KNOWN = load_formats()
LIMITS = Limits()


def matches(stored: str, password: str | bytes, limits: Limits = LIMITS) -> bool:
    found = find_format(KNOWN, stored, limits)
    sent = password.encode() if isinstance(password, str) else password
    return not isinstance(found, str) and found.verify(stored, sent)


def defect(stored: str, limits: Limits = LIMITS) -> str | None:
    found = find_format(KNOWN, stored, limits)
    return found if isinstance(found, str) else None


def pbkdf2(
    algorithm: HashAlgorithm, iterations: int, salt: bytes, length: int, password: bytes = b"correct horse"
) -> bytes:
    return PBKDF2HMAC(algorithm=algorithm, length=length, salt=salt, iterations=iterations).derive(password)


def plain_base64(value: bytes, *, dots: bool = False) -> str:
    text = b64encode(value).decode().rstrip("=")
    return text.replace("+", ".") if dots else text


# Published with crypt_blowfish 1.3 (wrapper.c), public domain.
CRYPT_BLOWFISH = [
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
]


def spring_scrypt(exponent: int, block: int, lanes: int, salt: bytes = b"s" * 16) -> str:
    key = Scrypt(salt=salt, length=32, n=1 << exponent, r=block, p=lanes).derive(b"correct horse")
    parameters = format(exponent << 16 | block << 8 | lanes, "x")
    return f"${parameters}${b64encode(salt).decode()}${b64encode(key).decode()}"


GOOD = [
    CRYPT_BLOWFISH[0][1],
    "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
    "pbkdf2_sha256$1000$seasalt$" + b64encode(b"x" * 32).decode(),
    "$pbkdf2-sha256$1000$c2VhLXNhbHQ$" + plain_base64(b"x" * 32),
    "{pbkdf2}" + "00" * 40,
    "{sha256}" + "00" * 40,
    "{scrypt}" + spring_scrypt(4, 8, 1),
]


def blank_of(stored: str, limits: Limits = LIMITS) -> str:
    found = find_format(KNOWN, stored, limits)
    assert not isinstance(found, str)
    return found.blank(stored)
