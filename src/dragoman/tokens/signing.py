"""Raw JWS signatures (RFC 7518 §3), with all that does not change from one to the next made once for each key.

The signature itself is `cryptography`'s; what is ours is the fixed-length form of R and S (RFC 7518 §3.4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import OctKey

from dragoman.core.mac import Mac
from dragoman.tokens.keys import KeyFault

if TYPE_CHECKING:
    from dragoman.tokens.keys import Key

Signer = Callable[[bytes], bytes]
"""From the signing input to the signature."""

_P256_BYTES = 32


def signer_of(key: Key) -> Signer:
    """What signs with this key, by its one algorithm. Raises KeyFault for a key that cannot sign."""
    if isinstance(key.jose, OctKey):
        return Mac(key.jose.raw_value).digest
    private = key.jose.private_key
    match key.algorithm, private:
        case "ES256", EllipticCurvePrivateKey():
            return _ecdsa_signer(private)
        case "RS256", RSAPrivateKey():
            padding, digest = PKCS1v15(), SHA256()
            return lambda signing_input: private.sign(signing_input, padding, digest)
        case "EdDSA", Ed25519PrivateKey():
            return private.sign
        case _:
            raise KeyFault(f"key {key.kid} cannot sign")


def _ecdsa_signer(private: EllipticCurvePrivateKey) -> Signer:
    scheme = ECDSA(SHA256())

    def sign(signing_input: bytes) -> bytes:
        r, s = decode_dss_signature(private.sign(signing_input, scheme))
        return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")

    return sign
