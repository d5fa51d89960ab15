"""Token identifiers: 128 bits that look random and name grant and serial to whoever holds the key.

An identifier is one AES block, E(grant id ‖ serial). A single block of a value that never repeats is exactly what a
block cipher is for: a pseudo-random permutation, so distinct tokens have distinct identifiers and strangers see only
noise. The reasons against ECB, equal blocks and their order showing through, need a second block. It is not
authenticated: identifiers stand inside signed tokens and rows, and an invented one opens to a grant nobody has.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from dragoman.core.model import GrantId, TokenId
from dragoman.tokens.encoding import unspell

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

    from dragoman.tokens.keys import Key

GRANT_ID_BYTES = 12
NO_GRANT = 0xFFFFFFFF
"""The serial of a token that comes from no grant; eight random bytes and its time stand before it."""
RANDOM_BYTES = 8
"""Of a token that comes from no grant: enough to tell apart all of one second."""
_TIME_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a token identifier says to whoever has its key: the grant, and which of its tokens this is."""

    grant_id: GrantId | None
    serial: int
    """Which of the grant's tokens it is; 0 where there is no grant."""
    issued_at: int | None
    """Epoch seconds, where there is no grant whose row would tell it."""


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Makes and opens the identifiers of one kind of token."""

    _encryptor: CipherContext = field(repr=False)
    _decryptor: CipherContext = field(repr=False)
    """Contexts that are never finished: in this mode each block stands for itself. Not for two threads at once."""

    def seal(self, grant_id: GrantId, serial: int) -> TokenId:
        """The identifier of a grant's token. Raises OverflowError after four billion of them."""
        if not 0 <= serial < NO_GRANT:
            raise OverflowError("a grant has no serials left")
        return self._encrypt(grant_id + serial.to_bytes(4, "big"))

    def seal_without_grant(self, random: bytes, issued_at: int) -> TokenId:
        """The identifier of a token that comes from no grant, from RANDOM_BYTES. Raises OverflowError in 2106."""
        return self._encrypt(random + issued_at.to_bytes(_TIME_BYTES, "big") + NO_GRANT.to_bytes(4, "big"))

    def open(self, token_id: TokenId) -> Origin:
        """Where the token with this identifier comes from."""
        block = self._decryptor.update(token_id)
        serial = int.from_bytes(block[GRANT_ID_BYTES:], "big")
        if serial == NO_GRANT:
            return Origin(grant_id=None, serial=0, issued_at=int.from_bytes(block[RANDOM_BYTES:GRANT_ID_BYTES], "big"))
        return Origin(grant_id=GrantId(block[:GRANT_ID_BYTES]), serial=serial, issued_at=None)

    def _encrypt(self, block: bytes) -> TokenId:
        return TokenId(self._encryptor.update(block))


def identifiers_for(kind: str, key: Key) -> Identifiers:
    """The identifiers of `access` or `refresh` tokens; one kind cannot be read as the other."""
    cipher = Cipher(AES(key.derive(kind)), ECB())  # noqa: S305 - one block, see above
    return Identifiers(cipher.encryptor(), cipher.decryptor())


def read_token_id(text: object) -> TokenId | None:
    """An identifier in any of its spellings: 8-4-4-4-12, 80 hexadecimal digits, 22 base64url characters."""
    if not isinstance(text, str):
        return None
    match len(text):
        case 36:
            found = unspell(text, "guid")
        case 22:
            found = unspell(text, "base64url")
        case 80:
            found = _read_long_hex(text)
        case _:
            return None
    return None if found is None else TokenId(found)


def _read_long_hex(text: str) -> bytes | None:
    value = unspell(text, "hex")
    if value is None or not hmac.compare_digest(sha256(value[:16]).digest()[:24], value[16:]):
        return None
    return value[:16]
