"""Compact JWS (RFC 7515 §7.1): written to the byte, read strictly.

Strict means: one spelling of each segment, one JSON object without doubled members as header and as payload, no
header member that we do not write ourselves, and an algorithm that belongs to the key. That leaves no room for keys
or instructions brought along by the token (`jwk`, `jku`, `x5c`, `crit`, `b64`, `zip` …).
"""

from __future__ import annotations

import hmac
import json
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from dragoman.core.base64url import base64url
from dragoman.core.template_values import ALGORITHM_MARK, KEY_ID_MARK, KEY_VALUES
from dragoman.tokens.encoding import unspell
from dragoman.tokens.format import LONGEST_TOKEN
from dragoman.tokens.keys import ALGORITHMS, Purpose
from dragoman.tokens.signing import Signer, signer_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dragoman.core.model import TokenFacts
    from dragoman.core.rules import TokenRecipe
    from dragoman.tokens.keys import Key

SEGMENTS = 3
_OWN_MEMBERS = frozenset({"alg", "typ", "kid"})
_NEVER = frozenset({"crit", "b64", "zip", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "enc", "cty", "url", "nonce"})


_NOT_CANONICAL = "a segment is not canonical base64url"
_HEADERS_KEPT = 64
"""All tokens of one recipe and key have the same header, unless it holds their identifier."""


class UnreadableJws(Exception):
    """The text is no JWS of ours, whoever signed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactJws:
    """A JWS taken apart, its signature not yet checked."""

    text: str
    algorithm: str
    key_id: str | None
    payload: bytes
    signature: bytes


def looks_like_jws(text: str) -> bool:
    """Whether it has the three segments of the compact form."""
    return text.count(".") == SEGMENTS - 1


def header_members(recipes: Iterable[TokenRecipe]) -> frozenset[str]:
    """The header members that tokens of these recipes may have."""
    return (_OWN_MEMBERS | {name for recipe in recipes for name in recipe.header.names}) - _NEVER


class JwsWriter:
    """Writes compact JWS. What does not change from token to token is made once for each recipe and key."""

    def __init__(self, own_header: Mapping[str, str]) -> None:
        """`own_header` is what stands where a recipe has no header."""
        self._own_header = own_header
        self._signers: dict[str, Signer] = {}
        self._segments: dict[tuple[int, str], tuple[TokenRecipe, bytes]] = {}
        """Headers that are the same for every token; the recipe is kept, so that nothing else gets its identity."""

    def write(self, recipe: TokenRecipe, facts: TokenFacts, key: Key) -> str:
        """The compact form; header members and claims stay in order. Raises KeyFault for a key that cannot sign."""
        sign = self._signers.get(key.kid) or self._signers.setdefault(key.kid, signer_of(key))
        payload = recipe.write_json(recipe.claims.render(facts))
        signing_input = self._header(recipe, facts, key) + b"." + base64url(payload)
        return (signing_input + b"." + base64url(sign(signing_input))).decode()

    def _header(self, recipe: TokenRecipe, facts: TokenFacts, key: Key) -> bytes:
        kept = self._segments.get((id(recipe), key.kid))
        if kept is not None:
            return kept[1]
        header = recipe.header.render(facts) if recipe.header else self._own_header
        segment = base64url(msgspec.json.encode(_filled(header, key)))
        if recipe.header.reads <= KEY_VALUES.keys():
            self._segments[id(recipe), key.kid] = (recipe, segment)
        return segment


def _filled(header: Mapping[str, object], key: Key) -> Mapping[str, object]:
    """With the key's id and algorithm; the algorithm is always the key's, whatever the recipe says."""
    filled = {**header, "alg": key.algorithm}
    values = filled.values()
    if ALGORITHM_MARK not in values and KEY_ID_MARK not in values:
        return filled
    marks: Mapping[object, str] = {ALGORITHM_MARK: key.algorithm, KEY_ID_MARK: key.kid}
    return {name: marks.get(value, value) if isinstance(value, str) else value for name, value in filled.items()}


def take_apart(text: str, members: frozenset[str]) -> CompactJws:
    """Read all but the signature; `members` are the header members allowed. Raises UnreadableJws."""
    if not looks_like_jws(text):
        raise UnreadableJws("not three segments")
    header, *rest = text.split(".")
    algorithm, key_id = _read_header(header, members)
    payload, signature = (unspell(segment, "base64url") for segment in rest)
    if payload is None or signature is None:
        raise UnreadableJws(_NOT_CANONICAL)
    return CompactJws(text=text, algorithm=algorithm, key_id=key_id, payload=payload, signature=signature)


@lru_cache(maxsize=_HEADERS_KEPT)
def _read_header(segment: str, members: frozenset[str]) -> tuple[str, str | None]:
    """Algorithm and key id. Raises UnreadableJws."""
    text = unspell(segment, "base64url")
    if text is None:
        raise UnreadableJws(_NOT_CANONICAL)
    header = read_object(text)
    if not set(header) <= members:
        raise UnreadableJws("a header member that we do not write")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not (key_id is None or isinstance(key_id, str)):
        raise UnreadableJws("alg or kid is not text")
    if "kid" in header and key_id is None:
        raise UnreadableJws("kid is null")
    return algorithm, key_id


def is_signed_by(compact: CompactJws, key: Key) -> bool:
    """Whether the signature is this key's, made with this key's one algorithm. A MAC is made again and compared."""
    if compact.algorithm != key.algorithm:
        return False
    if isinstance(key.jose, OctKey):
        made = hmac.digest(key.jose.raw_value, compact.text.rpartition(".")[0].encode(), "sha256")
        return hmac.compare_digest(made, compact.signature)
    try:
        jws.deserialize_compact(compact.text, key.jose, registry=_REGISTRIES[key.algorithm])
    except (JoseError, ValueError, TypeError):
        return False
    return True


def read_object(text: bytes) -> dict[str, object]:
    """One JSON object in UTF-8 without doubled members at any depth. Raises UnreadableJws."""
    try:
        value: object = _STRICT.decode(text.decode())
    except (ValueError, RecursionError):
        raise UnreadableJws("not strict JSON") from None
    if not isinstance(value, dict):
        raise UnreadableJws("not a JSON object")
    return value


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a doubled member")
    return members


def _refuse(constant: str) -> object:
    raise ValueError(constant)


_STRICT = json.JSONDecoder(object_pairs_hook=_without_doubles, parse_constant=_refuse)


def _registry(algorithm: str) -> jws.JWSRegistry:
    """Joserfc's rules narrowed to one algorithm; which header members are allowed is judged before."""
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = LONGEST_TOKEN
    # RFC 9864 renames `EdDSA`; verifiers in the field know the old name, and a warning for each token helps nobody.
    model = copy(registry.algorithms[algorithm])
    model.security_warning = None
    registry.algorithms = {algorithm: model}
    return registry


_REGISTRIES = {algorithm: _registry(algorithm) for algorithm in ALGORITHMS[Purpose.ACCESS]}
