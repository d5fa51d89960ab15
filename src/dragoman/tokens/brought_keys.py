"""Signing keys that another server used before: read from its files, checked, and put beside ours."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64encode

from dragoman.core.value import value
from dragoman.tokens.key_files import only_writer, read_keys, write_key
from dragoman.tokens.keys import (
    KEY_ID,
    SECRET_BYTES,
    Key,
    KeyFault,
    Purpose,
    free_second,
    is_written_otherwise,
    private_jwk,
    read_jwk,
)

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.tokens.keys import JoseKey

_PEM = b"-----BEGIN "
_RANDOM_BYTES = 16


@value
class Terms:
    """On which a key comes in. Times are epoch seconds."""

    kid: str | None
    """What the old server called it; None where it gave it no name."""
    active_from: int
    """From when on it signs."""
    weak: bool
    """Whether a shared key may have fewer than 256 bits."""
    audience: tuple[str, ...] = ()
    """The audiences whose tokens it signs, and no others; none: all that have no key of their own."""


def bring_key(folder: Path, content: bytes, terms: Terms, now: int) -> Key:
    """Put a key of another server beside ours, for access tokens: a private key as PEM, or else a shared key (HS256).

    It begins in the next second that is free, where another of its algorithm begins in that very one. Of a shared key
    the end of its line is no part. Raises KeyFault, never with a byte of it.
    """
    pem = _PEM in content  # wherever it begins: a PEM is never a shared key
    algorithm, jwk = _read_pem(content) if pem else ("HS256", _read_shared(content, weak=terms.weak))
    jose = read_jwk(Purpose.ACCESS, algorithm, jwk, weak=terms.weak)
    key = Key(
        purpose=Purpose.ACCESS,
        kid=_kid_of(terms, jose),
        algorithm=algorithm,
        created_at=now,
        active_from=terms.active_from,
        weak=isinstance(jose, OctKey) and len(jose.raw_value) < SECRET_BYTES,
        audience=terms.audience,
        jose=jose,
    )
    with only_writer(folder):
        keys = read_keys(folder)
        if any(one.kid == key.kid for one in keys):
            raise KeyFault(f"there is a key {key.kid} already, and nothing is ever overwritten")
        if any(private_jwk(one) == private_jwk(key) for one in keys):
            raise KeyFault("this very key is there already, under another id: no key serves two purposes")
        others = (one for one in keys if one.purpose is Purpose.ACCESS)
        key = replace(key, active_from=free_second(others, algorithm, terms.active_from))
        write_key(folder, key)
    return key


def _kid_of(terms: Terms, jose: JoseKey) -> str:
    """The old name, or one as ours have: a thumbprint, but not of a shared key, which could be told by it."""
    if terms.kid is None:
        return f"k{secrets.token_urlsafe(_RANDOM_BYTES)}" if isinstance(jose, OctKey) else f"k{jose.thumbprint()}"
    if not KEY_ID.fullmatch(terms.kid):
        raise KeyFault("a key id has 1 to 64 letters, digits, hyphens and underscores, and begins with no hyphen")
    return terms.kid


def _read_pem(content: bytes) -> tuple[str, dict[str, str]]:
    try:
        private = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFault(
            "the file holds no private key as PEM without a passphrase: to sign as the old server did, its private "
            "key is needed, not the public one"
        ) from None
    jose: JoseKey
    match private:
        case RSAPrivateKey():
            algorithm, jose = "RS256", RSAKey(private, None)
        case EllipticCurvePrivateKey():
            algorithm, jose = "ES256", ECKey(private, None)
        case Ed25519PrivateKey():
            algorithm, jose = "EdDSA", OKPKey(private, None)
        case _:
            raise KeyFault("the file holds a key of a kind that signs nothing here; RSA, P-256 and Ed25519 do")
    return algorithm, {name: str(one) for name, one in jose.as_dict(private=True).items() if name != "kid"}


def _read_shared(content: bytes, *, weak: bool) -> dict[str, str]:
    secret = content.removesuffix(b"\n").removesuffix(b"\r")
    if is_written_otherwise(content):
        raise KeyFault("the file holds a key as a JWK or as DER; write it as PEM, or its `k` alone, decoded")
    if not secret or b"\n" in secret:
        raise KeyFault("the file holds neither a private key as PEM nor a shared key on one line")
    if len(secret) < SECRET_BYTES and not weak:
        raise KeyFault(
            f"the shared key has fewer than {SECRET_BYTES * 8} bits: whoever has a token can try keys until one fits, "
            "and then sign for anybody. --weak lets it in all the same, until the APIs know a better one"
        )
    return {"kty": "oct", "k": urlsafe_b64encode(secret).decode()}
