"""Tokens as other servers make them, written here by other means than those that read them."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SECRET = "a shared secret of the former server, long enough"
APP_KEY = b"0123456789abcdef0123456789ABCDEF"
APP_KEY_LINE = "base64:" + b64encode(APP_KEY).decode() + "\n"
_SAVED = bytes.fromhex("def00000") + APP_KEY
KEY_LINE = (_SAVED + hashlib.sha256(_SAVED).digest()).hex()
"""The same bytes as a key of defuse/php-encryption."""


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """RFC 5869, for one block of SHA-256."""
    extracted = hmac.digest(salt, key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def sealed(payload: Mapping[str, Any] | bytes, secret: bytes = APP_KEY, *, password: bool = True) -> str:
    """What defuse/php-encryption 2 makes of a text."""
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    salt, start = os.urandom(32), os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", hashlib.sha256(secret).digest(), salt, 100_000) if password else secret
    encryptor = Cipher(AES(hkdf(key, salt, b"DefusePHP|V2|KeyForEncryption")), CTR(start)).encryptor()
    body = bytes.fromhex("def50200") + salt + start + encryptor.update(text)
    return (body + hmac.digest(hkdf(key, salt, b"DefusePHP|V2|KeyForAuthentication"), body, "sha256")).hex()


def jwt(claims: Mapping[str, Any], secret: str = SECRET, **header: Any) -> str:
    """A JWT signed with a shared key; without a signature where the header says `none`."""
    signing_input = _signing_input({"alg": "HS256", "typ": "JWT", **header}, claims)
    digest = {"HS256": "sha256", "HS512": "sha512"}.get(header.get("alg", "HS256"))
    signature = b"" if digest is None else hmac.digest(secret.encode(), signing_input, digest)
    return (signing_input + b"." + _base64url(signature)).decode()


def rsa_jwt(claims: Mapping[str, Any], key: RSAPrivateKey) -> str:
    """A JWT signed with an RSA key."""
    signing_input = _signing_input({"alg": "RS256", "typ": "JWT"}, claims)
    return (signing_input + b"." + _base64url(key.sign(signing_input, padding.PKCS1v15(), SHA256()))).decode()


def _signing_input(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bytes:
    return b".".join(_base64url(json.dumps(one, separators=(",", ":")).encode()) for one in (header, claims))


def _base64url(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")
