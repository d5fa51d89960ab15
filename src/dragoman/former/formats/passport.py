"""Laravel Passport 4 to 13 (league/oauth2-server 6 to 9, CryptTrait): hex that begins with `def50200`.

That is the format of defuse/php-encryption 2: version ‖ salt ‖ IV ‖ AES-256-CTR ‖ HMAC-SHA-256, the MAC over all before
it. Both keys come by HKDF (RFC 5869) from a key, or from PBKDF2 of a password; Passport gives the application's key,
without its `base64:`, as the password, unless the application set a key with `encryptTokensUsing`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass, field
from hashlib import pbkdf2_hmac, sha256

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dragoman.core.model import FormerSession
from dragoman.core.scope import Scope
from dragoman.former.claims import Unclaimed, key_in, names_in, text_in, time_in
from dragoman.former.format import FormerFault, FormerKey, FormerToken
from dragoman.tokens.jose import UnreadableJws, read_object

LISTED = True
_HEX = re.compile(r"def50200(?:[0-9a-f]{2})+", re.ASCII)
_VERSION_END = 4
_SALT_END = _VERSION_END + 32
_IV_END = _SALT_END + 16
_MAC_BYTES = 32
_LEAST = _IV_END + _MAC_BYTES
_ROUNDS = 100_000
_FOR_ENCRYPTION = b"DefusePHP|V2|KeyForEncryption"
_FOR_AUTHENTICATION = b"DefusePHP|V2|KeyForAuthentication"
_BASE64 = b"base64:"
_KEY_HEADER = bytes.fromhex("def00000")
_KEY_TEXT = re.compile(rb"def00000[0-9a-f]{128}")
_KEY_END = len(_KEY_HEADER) + 32


@dataclass(frozen=True, slots=True)
class PassportReader:
    """Opens what was encrypted with this key or password."""

    _secret: bytes = field(repr=False)
    slow: bool
    """Whether it is a password."""

    def recognises(self, text: str) -> bool:
        """Long enough, and of the version that there is."""
        return len(text) >= 2 * _LEAST and _HEX.fullmatch(text) is not None

    def read(self, text: str) -> FormerToken | None:
        """An authorization code is encrypted alike, but names no refresh token."""
        payload = opened(bytes.fromhex(text), self._secret, password=self.slow)
        try:
            return None if payload is None else _token_of(read_object(payload))
        except (UnreadableJws, Unclaimed):
            return None


def opened(sealed: bytes, secret: bytes, *, password: bool) -> bytes | None:
    """What was encrypted with this key or password; None where the MAC is another's."""
    salt, body = sealed[_VERSION_END:_SALT_END], sealed[:-_MAC_BYTES]
    key = pbkdf2_hmac("sha256", sha256(secret).digest(), salt, _ROUNDS) if password else secret
    expected = hmac.digest(_derived(key, salt, _FOR_AUTHENTICATION), body, sha256)
    if not hmac.compare_digest(expected, sealed[-_MAC_BYTES:]):
        return None
    cipher = Cipher(AES(_derived(key, salt, _FOR_ENCRYPTION)), CTR(sealed[_SALT_END:_IV_END]))
    return cipher.decryptor().update(body[_IV_END:])


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(key)


def _token_of(payload: dict[str, object]) -> FormerToken:
    text_in(payload, "access_token_id")
    session = FormerSession(
        client_id=key_in(payload, "client_id"),
        subject=key_in(payload, "user_id"),
        scope=Scope.of(names_in(payload, "scopes")),
        expires_at=time_in(payload, "expire_time"),
    )
    return FormerToken(identifier=text_in(payload, "refresh_token_id"), says=session)


def open_format(key: FormerKey) -> PassportReader:
    """With the `APP_KEY` as the application's `.env` has it, or a key of defuse/php-encryption (`def00000…`)."""
    if key.issuer is not None:
        raise FormerFault("former: these tokens name no issuer; take the setting out")
    secret = key.secret()
    if _KEY_TEXT.fullmatch(secret):
        return PassportReader(_key_of(bytes.fromhex(secret.decode())), slow=False)
    if secret.startswith(_BASE64):
        try:
            secret = base64.b64decode(secret.removeprefix(_BASE64), validate=True)
        except binascii.Error:
            raise FormerFault("former: the key file does not hold what APP_KEY says; copy all of it") from None
    return PassportReader(secret, slow=True)


def _key_of(saved: bytes) -> bytes:
    """The key between its header and its checksum (Encoding::loadBytesFromChecksummedAsciiSafeString)."""
    if not hmac.compare_digest(sha256(saved[:_KEY_END]).digest(), saved[_KEY_END:]):
        raise FormerFault("former: the key's checksum is wrong; copy all of it")
    return saved[len(_KEY_HEADER) : _KEY_END]
