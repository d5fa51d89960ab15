"""Signed access tokens: JWTs (RFC 7519, RFC 9068) in whatever shape a recipe gives them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, TypeGuard

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import AccessToken, StoredAccessToken, TokenFacts
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.core.template_values import ALGORITHM_MARK, KEY_ID_MARK
from dragoman.tokens.format import Setting, TokenFault, recipes_of
from dragoman.tokens.identifiers import read_token_id
from dragoman.tokens.jose import (
    CompactJws,
    JwsWriter,
    UnreadableJws,
    header_members,
    is_signed_by,
    looks_like_jws,
    read_object,
    take_apart,
)
from dragoman.tokens.keys import ALGORITHMS, SHARED_KEY_ALGORITHMS, KeyFault, Purpose
from dragoman.tokens.remembered import RememberedTokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.model import Client
    from dragoman.core.rules import TokenRecipe
    from dragoman.tokens.keys import Key

_OWN_HEADER = {"typ": "at+jwt", "alg": ALGORITHM_MARK, "kid": KEY_ID_MARK}  # RFC 9068 §2.1
_MOST_BITS = 63


@dataclass(frozen=True, slots=True)
class Shape:
    """A recipe by the claims it writes."""

    names: tuple[str, ...]
    recipe: TokenRecipe
    needed: frozenset[str]
    """The claims without which it is none of the recipe's."""
    issuers: tuple[str, ...]
    """What `iss` may say; empty where it does not tell who issued a token."""

    def fits(self, claims: Mapping[str, object]) -> bool:
        """Whether the recipe may have written these claims: its own in its order, the needed ones among them."""
        remaining = iter(self.names)
        in_order = self.needed <= claims.keys() and all(name in remaining for name in claims)
        return in_order and isinstance(claims.get(self.recipe.client_claim or "", ""), str)

    def is_issuer(self, claims: Mapping[str, object]) -> bool:
        """Whether they name this server, or one whose tokens it accepts (RFC 9068 §4)."""
        return not self.issuers or claims["iss"] in self.issuers

    def may_write(self, claims: frozenset[str]) -> tuple[str, ...] | None:
        """These claims in the recipe's order; None where it has not all of them."""
        written = tuple(name for name in self.names if name in claims)
        return written if len(written) == len(claims) else None

    def contradicts(self, other: Shape) -> str | None:
        """What a token that fits both would be read differently for; None where there is no such token.

        Any claim but the needed ones may be left out. A recipe that names no client writes for grants alone, and of
        whom a grant is, the grant says: there is nothing to contradict.
        """
        needed = self.needed | other.needed | {"exp"}
        mine, theirs = self.recipe, other.recipe
        meanings = {
            "identifier": {mine.identifier_claim, theirs.identifier_claim},
            "client": {mine.client_claim or theirs.client_claim, theirs.client_claim or mine.client_claim},
            "scope": {mine.scope_claim, theirs.scope_claim},
        }
        for what, names in meanings.items():
            tokens = (needed | {name} for name in names if name is not None and len(names) > 1)
            if any(self.may_write(token) == other.may_write(token) is not None for token in tokens):
                return what
        return None


def _shape_of(recipe: TokenRecipe, setting: Setting) -> Shape:
    issuers = setting.issuers.named_by(recipe)
    needed = (recipe.identifier_claim, recipe.client_claim, "iss" if issuers else None)
    return Shape(recipe.claims.names, recipe, frozenset(name for name in needed if name is not None), issuers)


@dataclass(frozen=True, slots=True)
class JwtFormat:
    """Writes JWTs by recipe, and reads those that any known recipe writes."""

    _setting: Setting
    _shapes: tuple[Shape, ...]
    _header_members: frozenset[str]
    _writer: JwsWriter
    _remembered: RememberedTokens

    def write(self, recipe: TokenRecipe, facts: TokenFacts) -> tuple[Secret, StoredAccessToken | None]:
        """Signed with the key that is in force when it is issued. Raises TokenFault if it would name no client."""
        if recipe.client_claim is None and facts.grant is None:
            raise TokenFault("a JWT access token without a grant needs a claim that names its client")
        algorithm = algorithm_of(recipe, facts.client, self._setting.default_algorithm)
        key = self._setting.keyring.signing_key(Purpose.ACCESS, algorithm, facts.issued_at, facts.audience)
        return Secret(self._writer.write(recipe, facts, key)), None

    def recognises(self, text: str) -> bool:
        """Whether the text has the three segments of a compact JWS."""
        return looks_like_jws(text)

    async def read(self, text: str) -> AccessToken:
        """The signature first, then the claims as the recipe that wrote them means them. Refuses `malformed_token`."""
        token = self._remembered.find(text, self._setting.clock())
        return token if token is not None else self._read_anew(text)

    def _read_anew(self, text: str) -> AccessToken:
        try:
            compact, key = self._verify(text)
            claims = read_object(compact.payload)
        except UnreadableJws as reason:
            raise OAuthError(Refusal.MALFORMED_TOKEN, str(reason)) from None
        shapes = [shape for shape in self._shapes if shape.fits(claims)]
        if not shapes:
            raise OAuthError(Refusal.MALFORMED_TOKEN, "signed by us, but no recipe has these claims")
        fitting = [shape.recipe for shape in shapes if shape.is_issuer(claims)]
        if not fitting:
            ends = claims.get("exp")
            live = _is_time(ends) and ends > self._setting.clock()  # who keeps an expired one misses nothing
            raise self._setting.issuers.refusal(Refusal.MALFORMED_TOKEN, claims["iss"] if live else None)
        # All that fit agree (`_check_apart`), but one that names no client never wrote a token without a grant.
        recipe = next((recipe for recipe in fitting if recipe.client_claim is not None), fitting[0])
        token = self._read_claims(recipe, claims, key)
        self._remembered.keep(text, key, token)
        return token

    def is_genuine(self, text: str) -> bool:
        """Whether one of our access token keys signed it."""
        try:
            self._verify(text)
        except UnreadableJws:
            return False
        return True

    def _verify(self, text: str) -> tuple[CompactJws, Key]:
        """The token taken apart, and the key that signed it. Raises UnreadableJws where none did."""
        compact = take_apart(text, self._header_members)
        for key in self._candidates(compact):
            if is_signed_by(compact, key):
                return compact, key
        raise UnreadableJws("no key of ours made its signature")

    def _candidates(self, compact: CompactJws) -> tuple[Key, ...]:
        """The one key it names, or all of its algorithm where it names none, as older dialects do."""
        now = self._setting.clock()
        keyring = self._setting.keyring
        if compact.key_id is None:
            return tuple(key for key in keyring.good_keys(Purpose.ACCESS, now) if key.algorithm == compact.algorithm)
        named = keyring.access_keys.get(compact.key_id)
        return (named,) if named is not None and named.is_good(now) else ()

    def _read_claims(self, recipe: TokenRecipe, claims: Mapping[str, object], key: Key) -> AccessToken:
        token_id = read_token_id(claims[recipe.identifier_claim or ""])
        client_id = claims[recipe.client_claim] if recipe.client_claim else ""
        scope = _read_scope(claims.get(recipe.scope_claim or "", ""))
        expires_at, issued_at = claims.get("exp"), claims.get("iat")
        if token_id is None or scope is None or not isinstance(client_id, str) or not _is_time(expires_at):
            raise OAuthError(Refusal.MALFORMED_TOKEN, "signed by us, but a claim is not what we write")
        origin = self._setting.access_identifiers.open(token_id)
        return AccessToken(
            id=token_id,
            grant_id=origin.grant_id,
            serial=origin.serial,
            client_id=client_id,
            scope=scope,
            expires_at=expires_at,
            issued_at=issued_at if _is_time(issued_at) else origin.issued_at,
            shared_key=key.algorithm in SHARED_KEY_ALGORITHMS,
            key_audience=key.audience,
        )


def algorithm_of(recipe: TokenRecipe, client: Client, default: str) -> str:
    """What a client's tokens of this recipe are signed with: the recipe's algorithm, but a shared key by name alone."""
    wanted = recipe.algorithm or default
    return default if wanted in SHARED_KEY_ALGORITHMS and not client.shared_key_signature else wanted


def open_format(setting: Setting) -> JwtFormat:
    """Signed access tokens. Raises TokenFault or KeyFault if a recipe cannot be written or could not be read again."""
    if setting.default_algorithm in SHARED_KEY_ALGORITHMS:
        raise TokenFault(f"{setting.default_algorithm} cannot be the default: it is for named clients only")
    recipes = recipes_of(setting.access_recipes, "jwt")
    now = setting.clock()
    for recipe in recipes:
        algorithm = recipe.algorithm or setting.default_algorithm
        if algorithm not in ALGORITHMS[Purpose.ACCESS]:
            raise TokenFault(f"{algorithm} is no algorithm of access tokens")
        if setting.keyring.find_signing_key(Purpose.ACCESS, algorithm, now) is None:
            raise KeyFault(
                f"no {algorithm} key for access tokens is in force; "
                f"run `dragoman key rotate access --algorithm {algorithm}`"
            )
        names = recipe.claims.names
        if recipe.identifier_claim not in names or "exp" not in names:
            raise TokenFault("a JWT access token needs `exp` and a claim that holds its identifier")
    shapes = tuple(_shape_of(recipe, setting) for recipe in recipes)
    _check_apart(shapes)
    return JwtFormat(setting, shapes, header_members(recipes), JwsWriter(_OWN_HEADER), RememberedTokens())


def _check_apart(shapes: tuple[Shape, ...]) -> None:
    """Raises TokenFault where a token of one recipe could be read, with another meaning, as one of another."""
    for one, other in combinations(shapes, 2):
        what = one.contradicts(other)
        if what is not None:
            raise TokenFault(
                f"two JWT access tokens differ in the claim of the {what} and could be taken for each other: one has "
                f"the claims ({', '.join(one.names)}), the other ({', '.join(other.names)}). In one of the dialects, "
                "put its claims in another order or rename one"
            )


def _read_scope(value: object) -> Scope | None:
    if isinstance(value, str):
        return Scope.of(name for name in value.split(" ") if name)
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return Scope.of(value)
    return None


def _is_time(value: object) -> TypeGuard[int]:
    """Epoch seconds that a row can hold, too."""
    return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _MOST_BITS
