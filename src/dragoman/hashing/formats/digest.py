"""Home-made digests with a template: `$digest$md5(salt.md5(password))$salt in base64$digest in hex`.

Nothing writes this but an import: it is how `md5`, `sha1`, `sha256` and `sha512` of a password and perhaps a salt,
joined with dots and nested as one likes, are brought along. Inside, a digest counts as its hex, as PHP and SQL have it.
All of them count only where `digest` is named among the weak formats.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.hashing.sums.pbkdf2 import read_base64

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.hashing.format import Limits

_SHAPE = re.compile(
    r"\$digest\$(?P<template>[a-z0-9.()]{1,100})\$(?P<salt>[A-Za-z0-9+/]{0,172})\$(?P<digest>[0-9a-f]{32,128})",
    re.ASCII,
)
_OPENING = re.compile(r"(md5|sha1|sha256|sha512)\(", re.ASCII)
_WORD = re.compile(r"password|salt", re.ASCII)


@dataclass(frozen=True, slots=True)
class Call:
    """A digest of parts that are joined: the words `password` and `salt`, and further digests."""

    algorithm: str
    parts: tuple[Call | str, ...]

    def hex_of(self, words: Mapping[str, bytes]) -> bytes:
        """What comes out with these words, in hex."""
        joined = b"".join(words[one] if isinstance(one, str) else one.hex_of(words) for one in self.parts)
        return hashlib.new(self.algorithm, joined, usedforsecurity=False).hexdigest().encode()


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored hash, taken apart."""

    call: Call
    salt: bytes
    digest: bytes


def identify(stored: str) -> bool:
    """Whether it begins so."""
    return stored.startswith("$digest$")


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    if "digest" not in limits.weak_formats:
        return "a digest hides next to nothing and counts only where it is explicitly allowed"
    return "malformed digest, or a template that is not understood" if _read(stored) is None else None


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash."""
    found = _read(stored)
    if found is None:
        return False
    return hmac.compare_digest(found.call.hex_of({"password": password, "salt": found.salt}), found.digest)


def seen(_stored: str, password: bytes) -> bytes:
    """All of it."""
    return password


def blank(stored: str) -> str:
    """The template, and zeros; a salt costs the same whatever its length, up to a block."""
    _nothing, kind, template, _salt, digest = stored.split("$")
    return f"${kind}${template}$$" + "0" * len(digest)


def _read(stored: str) -> Stored | None:
    shape = _SHAPE.fullmatch(stored)
    if shape is None or "password" not in shape["template"]:
        return None
    parsed, salt = _parse(shape["template"]), read_base64(shape["salt"], padded=False)
    if parsed is None or parsed[1] or salt is None:
        return None
    call, digest = parsed[0], shape["digest"].encode()
    size = hashlib.new(call.algorithm, usedforsecurity=False).digest_size
    return Stored(call, salt, digest) if len(digest) == 2 * size else None


def _parse(text: str) -> tuple[Call, str] | None:
    """The call that the text begins with, and what follows it. A template is too short for deep recursion."""
    opening = _OPENING.match(text)
    if opening is None:
        return None
    parts: list[Call | str] = []
    rest = "." + text[opening.end() :]
    while rest.startswith("."):
        word = _WORD.match(rest, 1)
        part = _parse(rest[1:]) if word is None else (word[0], rest[word.end() :])
        if part is None:
            return None
        parts.append(part[0])
        rest = part[1]
    return (Call(opening[1], tuple(parts)), rest[1:]) if rest.startswith(")") else None
