"""Refresh handles: key ‖ grant id ‖ generation ‖ HMAC-SHA-256, judged without any I/O (docs/concepts.md)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.mac import Mac
from dragoman.core.model import GrantId, RefreshHandle, TokenFacts
from dragoman.core.secret import Secret
from dragoman.tokens.binary import Print, print_of, prints_of
from dragoman.tokens.format import Setting, recipes_of
from dragoman.tokens.identifiers import GRANT_ID_BYTES
from dragoman.tokens.keys import Purpose
from dragoman.tokens.refresh_key import choose_refresh_key, live_grant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.rules import TokenRecipe
    from dragoman.tokens.keys import Key

_KEY_END = 2
_GRANT_END = _KEY_END + GRANT_ID_BYTES
_GENERATION_END = _GRANT_END + 4
_SIZE = _GENERATION_END + 32
_DOMAIN = b"dragoman refresh handle\0"


@dataclass(frozen=True, slots=True)
class HandleFormat:
    """Writes and reads handles."""

    _setting: Setting
    _prints: Mapping[int, tuple[Print, ...]]
    """By the length of what is printed so."""
    _keys: Mapping[bytes, tuple[Key, Mac]] = field(repr=False)
    """By short id."""
    _macs: Mapping[str, tuple[bytes, Mac]] = field(repr=False)
    """The same by the key's own id, each with its short one."""

    def write(self, recipe: TokenRecipe, facts: TokenFacts) -> Secret:
        """The same grant and generation give the same handle, as long as its key is not set to retire."""
        grant = live_grant(facts)
        short_id, mac = self._macs[choose_refresh_key(self._setting.keyring, grant, facts.issued_at).kid]
        how = print_of(recipe)
        message = short_id + grant.id + grant.generation.to_bytes(4, "big")
        return Secret(how.write(message + mac.digest(how.label + message)))

    def recognises(self, text: str) -> bool:
        """A known prefix and the exact length."""
        return any(text.startswith(how.prefix) for how in self._prints.get(len(text), ()))

    def read(self, text: str) -> RefreshHandle:
        """Grant and generation, once the MAC holds. Refuses `malformed_refresh_token`, `forged_refresh_token`."""
        fitting = self._prints.get(len(text), ())
        values = [(how, value) for how in fitting if (value := how.read(text)) is not None]
        if not values:
            raise OAuthError(Refusal.MALFORMED_REFRESH_TOKEN, "not printed as a handle")
        for how, value in values:
            if self._is_ours(how, value):
                return RefreshHandle(
                    grant_id=GrantId(value[_KEY_END:_GRANT_END]),
                    generation=int.from_bytes(value[_GRANT_END:_GENERATION_END], "big"),
                )
        raise OAuthError(Refusal.FORGED_REFRESH_TOKEN, "no key of ours made its MAC")

    def _is_ours(self, how: Print, value: bytes) -> bool:
        key, mac = self._keys.get(value[:_KEY_END], (None, None))
        if key is None or mac is None or not key.is_good(self._setting.clock()):
            return False
        expected = mac.digest(how.label + value[:_GENERATION_END])
        return hmac.compare_digest(expected, value[_GENERATION_END:])


def open_format(setting: Setting) -> HandleFormat:
    """Refresh handles. Raises TokenFault for an encoding other than base64url and hex."""
    prints = prints_of(recipes_of(setting.refresh_recipes, "handle"), ("base64url", "hex"))
    refresh_keys = (key for key in setting.keyring.keys if key.purpose is Purpose.REFRESH)
    keys = {key.short_id: (key, Mac(key.derive("handle"), _DOMAIN)) for key in refresh_keys}
    macs = {key.kid: (short_id, mac) for short_id, (key, mac) in keys.items()}
    lengths = {how: how.length(_SIZE) for how in prints}
    by_length = {length: tuple(how for how in prints if lengths[how] == length) for length in lengths.values()}
    return HandleFormat(setting, by_length, keys, macs)
