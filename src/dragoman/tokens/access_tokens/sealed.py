"""Sealed access tokens: tickets that carry everything and show nothing (AES-256-GCM, NIST SP 800-38D).

A ticket is version ‖ key ‖ nonce ‖ ciphertext and tag. The nonce has 24 bytes, of which the first twelve choose the
ticket's own key and the rest go into GCM: with twelve alone, a busy server would have to change keys every few weeks,
since random nonces of 96 bits must not be drawn more than 2^32 times under one key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.mac import Mac
from dragoman.core.model import AccessToken, StoredAccessToken, TokenFacts, TokenId
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.tokens.binary import Print, print_of, prints_of
from dragoman.tokens.format import Setting, recipes_of
from dragoman.tokens.keys import ALGORITHMS, Purpose
from dragoman.tokens.remembered import RememberedTokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.rules import TokenRecipe
    from dragoman.tokens.keys import Key

_VERSION = b"\x01"
_NONCE_BYTES = 24
_HEAD_BYTES = len(_VERSION) + 2 + _NONCE_BYTES
_SMALLEST = 74
"""Bytes: a ticket for a client with an empty id and no scope."""
_DOMAIN = b"dragoman sealed access token\0"


class Ticket(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a sealed token carries."""

    token_id: bytes
    client_id: str
    scope: tuple[str, ...]
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class SealedFormat:
    """Seals and opens tickets."""

    _setting: Setting
    _prints: tuple[Print, ...]
    _keys: Mapping[bytes, tuple[Key, Mac]] = field(repr=False)
    _remembered: RememberedTokens

    def write(self, recipe: TokenRecipe, facts: TokenFacts) -> tuple[Secret, StoredAccessToken | None]:
        """Sealed with the key that is in force when it is issued."""
        key = self._setting.keyring.signing_key(Purpose.SEAL, ALGORITHMS[Purpose.SEAL][0], facts.issued_at)
        head = _VERSION + key.short_id + self._setting.random_bytes(_NONCE_BYTES)
        how = print_of(recipe)
        ticket = Ticket(facts.token_id, facts.client.id, tuple(facts.scope), facts.issued_at, facts.expires_at)
        cipher = _cipher(self._keys[key.short_id][1], head)
        sealed = cipher.encrypt(head[-12:], msgspec.msgpack.encode(ticket), _DOMAIN + how.label + head)
        return Secret(how.write(head + sealed)), None

    def recognises(self, text: str) -> bool:
        """A known prefix, and long enough for a ticket."""
        return any(text.startswith(how.prefix) and len(text) >= how.length(_SMALLEST) for how in self._prints)

    async def read(self, text: str) -> AccessToken:
        """What the ticket says. Refuses `malformed_token`."""
        token = self._remembered.find(text, self._setting.clock())
        return token if token is not None else self._read_anew(text)

    def _read_anew(self, text: str) -> AccessToken:
        opened = self._open(text)
        if opened is None:
            raise OAuthError(Refusal.MALFORMED_TOKEN, "no key of ours sealed it")
        ticket, key = opened
        token_id = TokenId(ticket.token_id)
        origin = self._setting.access_identifiers.open(token_id)
        token = AccessToken(
            id=token_id,
            grant_id=origin.grant_id,
            serial=origin.serial,
            client_id=ticket.client_id,
            scope=Scope(ticket.scope),
            expires_at=ticket.expires_at,
            issued_at=ticket.issued_at,
        )
        self._remembered.keep(text, key, token)
        return token

    def is_genuine(self, text: str) -> bool:
        """Whether one of our keys sealed it."""
        return self._open(text) is not None

    def _open(self, text: str) -> tuple[Ticket, Key] | None:
        for how in self._prints:
            value = how.read(text)
            opened = None if value is None else self._open_bytes(value, how)
            if opened is not None:
                return opened
        return None

    def _open_bytes(self, value: bytes, how: Print) -> tuple[Ticket, Key] | None:
        head, sealed = value[:_HEAD_BYTES], value[_HEAD_BYTES:]
        known = self._keys.get(head[1:3])
        if len(value) < _SMALLEST or head[:1] != _VERSION or known is None:
            return None
        key, secret = known
        if not key.is_good(self._setting.clock()):
            return None
        try:
            plain = _cipher(secret, head).decrypt(head[-12:], sealed, _DOMAIN + how.label + head)
        except InvalidTag:
            return None
        return msgspec.msgpack.decode(plain, type=Ticket), key


def open_format(setting: Setting) -> SealedFormat:
    """Sealed access tokens. Raises TokenFault for an encoding other than base64url and hex."""
    prints = prints_of(recipes_of(setting.access_recipes, "sealed"), ("base64url", "hex"))
    seals = (key for key in setting.keyring.keys if key.purpose is Purpose.SEAL)
    keys = {key.short_id: (key, Mac(key.derive("ticket"))) for key in seals}
    return SealedFormat(setting, prints, keys, RememberedTokens())


def _cipher(secret: Mac, head: bytes) -> AESGCM:
    """The ticket's own key: drawn from the first half of its nonce."""
    return AESGCM(secret.digest(head[:-12]))
