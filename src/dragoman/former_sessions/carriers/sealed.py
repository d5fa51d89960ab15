"""Payloads that are encrypted, then authenticated, and written in hex.

version ‖ salt ‖ IV ‖ AES-256-CTR ‖ HMAC-SHA-256, the MAC over all before it. Both keys come by HKDF (RFC 5869) from a
key, or from PBKDF2 of a password.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass, field
from hashlib import pbkdf2_hmac, sha256
from typing import Annotated

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Meta

from dragoman.former_sessions.claims import ClaimsWords, read_claims
from dragoman.former_sessions.format import FormatWords, FormerFault, FormerKey, FormerToken
from dragoman.tokens.jose import UnreadableJws, read_object

_VERSION_BYTES = 4
_SALT_END = _VERSION_BYTES + 32
_IV_END = _SALT_END + 16
_MAC_BYTES = 32
_LEAST = _IV_END + _MAC_BYTES
_ROUNDS = 100_000
_BASE64 = b"base64:"
_KEY_END = _VERSION_BYTES + 32
_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)

Version = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}$")]
Info = Annotated[str, Meta(min_length=1, max_length=64)]


class SealedFormat(FormatWords, frozen=True, tag="sealed"):
    """Hex of version, salt, IV, a JSON object under AES-256-CTR, and an HMAC-SHA-256 over all of it."""

    version: Version
    """What tokens begin with: four bytes in hex."""
    key_version: Version
    """What a key begins with that is written as hex of version, 32 bytes and their SHA-256; others are passwords."""
    for_encryption: Info
    """What HKDF is told to derive the key of the cipher (its `info`)."""
    for_authentication: Info
    """The same for the key of the MAC."""
    claims: ClaimsWords

    def open_format(self, key: FormerKey) -> SealedReader:
        """Open the format with a key or a password, which may be written as `base64:…`. Raises FormerFault."""
        if key.issuer is not None:
            raise FormerFault("former: these tokens name no issuer; take the setting out")
        secret = key.secret()
        if re.fullmatch(rb"%b[0-9a-f]{128}" % self.key_version.encode(), secret):
            return SealedReader(secret=_key_of(bytes.fromhex(secret.decode())), slow=False, words=self)
        if secret.startswith(_BASE64):
            secret = _decoded(secret.removeprefix(_BASE64))
        return SealedReader(secret=secret, slow=True, words=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedReader:
    """Opens what was sealed with this key or password."""

    secret: bytes = field(repr=False)
    slow: bool
    """Whether it is a password."""
    words: SealedFormat

    def recognises(self, text: str) -> bool:
        """Long enough, and of the version that there is."""
        return len(text) >= 2 * _LEAST and text.startswith(self.words.version) and _HEX.fullmatch(text) is not None

    def read(self, text: str) -> FormerToken | None:
        """What its payload says, if that is of a refresh token."""
        payload = self.opened(bytes.fromhex(text))
        try:
            return None if payload is None else read_claims(read_object(payload), self.words.claims)
        except UnreadableJws:
            return None

    def opened(self, sealed: bytes) -> bytes | None:
        """The payload; None where the MAC is another's."""
        salt, body = sealed[_VERSION_BYTES:_SALT_END], sealed[:-_MAC_BYTES]
        key = pbkdf2_hmac("sha256", sha256(self.secret).digest(), salt, _ROUNDS) if self.slow else self.secret
        expected = hmac.digest(_derived(key, salt, self.words.for_authentication), body, sha256)
        if not hmac.compare_digest(expected, sealed[-_MAC_BYTES:]):
            return None
        cipher = Cipher(AES(_derived(key, salt, self.words.for_encryption)), CTR(sealed[_SALT_END:_IV_END]))
        return cipher.decryptor().update(body[_IV_END:])


def _derived(key: bytes, salt: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info.encode()).derive(key)


def _decoded(text: bytes) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except binascii.Error:
        decoded = b""
    if not decoded:
        raise FormerFault("former: what follows base64: in the key file is no key; copy all of it")
    return decoded


def _key_of(saved: bytes) -> bytes:
    """The key between its version and its checksum."""
    if not hmac.compare_digest(sha256(saved[:_KEY_END]).digest(), saved[_KEY_END:]):
        raise FormerFault("former: the key's checksum is wrong; copy all of it")
    return saved[_VERSION_BYTES:_KEY_END]
