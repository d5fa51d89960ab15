"""Refresh tokens for clients that were promised a JWT: an envelope, in which the row decides (docs/concepts.md).

It is signed with a key derived from the refresh key, which makes no access tokens; so one can never pass for the other.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

import msgspec
from joserfc.jwk import OctKey

from dragoman.core.base64url import base64url, from_base64url
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import RefreshHandle, TokenFacts
from dragoman.core.secret import Secret
from dragoman.core.template_values import ALGORITHM_MARK
from dragoman.tokens.format import Setting, TokenFault, recipes_of
from dragoman.tokens.identifiers import read_token_id
from dragoman.tokens.jose import (
    JwsWriter,
    UnreadableJws,
    header_members,
    looks_like_jws,
    take_apart,
)
from dragoman.tokens.keys import Purpose
from dragoman.tokens.refresh_key import choose_refresh_key, live_grant
from dragoman.tokens.signing import signer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.model import TokenId
    from dragoman.core.rules import TokenRecipe
    from dragoman.tokens.keys import Key
    from dragoman.tokens.signing import Signer

_OWN_HEADER = {"alg": ALGORITHM_MARK, "typ": "JWT"}

_ALGORITHM = "HS256"
_read_claims = msgspec.json.Decoder(dict[str, object]).decode
"""Of our own writing."""


@dataclass(frozen=True, slots=True)
class EnvelopeFormat:
    """Writes and reads envelopes."""

    _setting: Setting
    _identifier_claims: tuple[str, ...]
    _issuers: tuple[str, ...]
    """What `iss` may say, where it is there; empty where it does not tell who issued a token."""
    _header_members: frozenset[str]
    _writer: JwsWriter
    _keys: Mapping[str, Key] = field(repr=False)
    """The derived keys, the youngest first, by the id of the key they are derived from."""
    _signers: tuple[tuple[Key, Signer], ...] = field(repr=False)
    """The same, each with what makes its signatures."""

    def write(self, recipe: TokenRecipe, facts: TokenFacts) -> Secret:
        """The recipe's claims; whatever of them comes from the grant's row is the same each time."""
        key = self._keys[choose_refresh_key(self._setting.keyring, live_grant(facts), facts.issued_at).kid]
        return Secret(self._writer.write(recipe, facts, key))

    def recognises(self, text: str) -> bool:
        """Three segments, where any recipe writes envelopes."""
        return looks_like_jws(text) and bool(self._identifier_claims)

    def read(self, text: str) -> RefreshHandle:
        """Grant and generation, of exactly what was written with a key of ours; of all else nothing is believed.

        Refuses `malformed_…`, `forged_refresh_token`.
        """
        signed, _, signature = text.encode().rpartition(b".")
        if not self._is_ours(signed, signature):
            raise self._refusal_of(text)
        claims = _read_claims(from_base64url(signed.partition(b".")[2]))
        if self._issuers and claims.get("iss", self._issuers[0]) not in self._issuers:
            raise self._setting.issuers.refusal(Refusal.MALFORMED_REFRESH_TOKEN, claims["iss"])
        token_id = self._find_identifier(claims)
        origin = None if token_id is None else self._setting.refresh_identifiers.open(token_id)
        if origin is None or origin.grant_id is None:
            raise OAuthError(Refusal.MALFORMED_REFRESH_TOKEN, "signed by us, but it names no grant")
        return RefreshHandle(grant_id=origin.grant_id, generation=origin.serial)

    def _is_ours(self, signed: bytes, signature: bytes) -> bool:
        """Whether a key that is still good made this signature, in the one way in which it is written."""
        now = self._setting.clock()
        for key, sign in self._signers:
            if key.is_good(now) and hmac.compare_digest(base64url(sign(signed)), signature):
                return True
        return False

    def _refusal_of(self, text: str) -> OAuthError:
        """The refusal of a text that is no envelope of ours: malformed, or forged."""
        try:
            compact = take_apart(text, self._header_members)
        except UnreadableJws as reason:
            return OAuthError(Refusal.MALFORMED_REFRESH_TOKEN, str(reason))
        if compact.algorithm != _ALGORITHM or not compact.signature:
            other = "no signature, or one by another algorithm than that of refresh tokens"
            return OAuthError(Refusal.MALFORMED_REFRESH_TOKEN, other)
        return OAuthError(Refusal.FORGED_REFRESH_TOKEN, "no key of ours made its signature")

    def _find_identifier(self, claims: Mapping[str, object]) -> TokenId | None:
        """From any recipe's claim for it, since a recipe may have changed while the token was out."""
        for name in self._identifier_claims:
            token_id = read_token_id(claims.get(name))
            if token_id is not None:
                return token_id
        return None


def open_format(setting: Setting) -> EnvelopeFormat:
    """Envelopes. Raises TokenFault if a recipe has no claim for the refresh token's identifier."""
    recipes = recipes_of(setting.refresh_recipes, "jwt")
    for recipe in recipes:
        if recipe.identifier_claim not in recipe.claims.names:
            raise TokenFault("a JWT refresh token needs a claim that holds its identifier")
    claims = dict.fromkeys(recipe.identifier_claim for recipe in recipes if recipe.identifier_claim is not None)
    masters = (key for key in setting.keyring.keys if key.purpose is Purpose.REFRESH)
    youngest_first = sorted(masters, key=lambda key: (key.active_from, key.created_at), reverse=True)
    derived = {key.kid: replace(key, jose=OctKey.import_key(key.derive("envelope"))) for key in youngest_first}
    signers = tuple((key, signer_of(key)) for key in derived.values())
    return EnvelopeFormat(
        setting, tuple(claims), _all_issuers(recipes, setting), header_members(recipes), JwsWriter(_OWN_HEADER),
        derived, signers,
    )  # fmt: skip


def _all_issuers(recipes: tuple[TokenRecipe, ...], setting: Setting) -> tuple[str, ...]:
    """What any recipe's `iss` may say; nothing is compared where one of them names something else by it.

    A token that was written before its recipe had the claim has none, and goes on: its session must not end for that.
    """
    naming = [setting.issuers.named_by(recipe) for recipe in recipes if "iss" in recipe.claims.names]
    return tuple(dict.fromkeys(chain.from_iterable(naming))) if all(naming) else ()
