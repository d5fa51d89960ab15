"""JWTs of the former server: its one key and one algorithm, and the strict reading that ours get."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from joserfc.jwk import OctKey, RSAKey

from dragoman.former_sessions.format import FormerFault
from dragoman.tokens.jose import UnreadableJws, is_signed_by, read_object, take_apart
from dragoman.tokens.keys import LARGEST_RSA_BITS, SMALLEST_RSA_BITS, Key, Purpose, is_written_otherwise

if TYPE_CHECKING:
    from dragoman.former_sessions.format import FormerKey

_HEADER_MEMBERS = frozenset({"alg", "typ", "kid"})
_PEM = b"-----BEGIN "
STRONG_BYTES = 32
"""Of a shared key (RFC 7518 §3.2)."""


@dataclass(frozen=True, slots=True)
class SignedClaims:
    """The claims of whatever this key signed."""

    _key: Key
    _issuer: str | None

    def read(self, text: str) -> dict[str, object] | None:
        """The claims, once signature and issuer are right; None where they are not."""
        try:
            compact = take_apart(text, _HEADER_MEMBERS)
            if not is_signed_by(compact, self._key):
                return None
            claims = read_object(compact.payload)
        except UnreadableJws:
            return None
        return claims if claims.get("iss") == self._issuer else None


def open_claims(key: FormerKey) -> SignedClaims:
    """What checks signatures with the old server's key: a shared one (HS256), or a PEM with an RSA key (RS256).

    Of the latter the public half is enough. Raises FormerFault without a key, or with one of another kind.
    """
    if key.content is None:
        raise FormerFault("former: this format needs the setting `key`: a file with the old server's signing key")
    return SignedClaims(_rsa_key(key.content) if _PEM in key.content else _shared_key(key), key.issuer)


def _rsa_key(pem: bytes) -> Key:
    try:
        public = load_pem_private_key(pem, None).public_key() if b"PRIVATE KEY" in pem else load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FormerFault("former: the key file holds no key as PEM without a passphrase") from None
    if not isinstance(public, RSAPublicKey) or not SMALLEST_RSA_BITS <= public.key_size <= LARGEST_RSA_BITS:
        raise FormerFault(f"former: the PEM holds no RSA key of {SMALLEST_RSA_BITS} to {LARGEST_RSA_BITS} bits")
    jose = RSAKey(public, None)
    return Key(purpose=Purpose.ACCESS, kid="former", algorithm="RS256", created_at=0, active_from=0, jose=jose)


def _shared_key(key: FormerKey) -> Key:
    secret = key.secret()
    if is_written_otherwise(secret):
        raise FormerFault("former: the key file holds a key as a JWK or as DER; write it as PEM")
    if len(secret) < STRONG_BYTES and not key.weak:
        raise FormerFault(
            f"former: the shared key has fewer than {STRONG_BYTES} bytes: whoever has a token can try keys until one "
            "fits, and then be anybody. If it must be, set weak_key = true, and an early end"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has been judged
        jose = OctKey.import_key(secret)
    return Key(purpose=Purpose.ACCESS, kid="former", algorithm="HS256", created_at=0, active_from=0, jose=jose)
