"""Keys: what each is for, how one is made, and which are refused (RFC 7517, RFC 7518 §6)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from dragoman.core.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

JoseKey = ECKey | RSAKey | OKPKey | OctKey

SMALLEST_RSA_BITS = 2048
LARGEST_RSA_BITS = 4096
SECRET_BYTES = 32
WEAK_BYTES = 8
"""What a shared key of another server needs at the least: of fewer, each one can be tried in a day."""
KEY_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")


class KeyFault(Fault):
    """Keys that cannot be used. The text is a sentence for operators: which file, what to do, never key bytes."""


class Purpose(StrEnum):
    """What a key is for. No key serves two purposes."""

    ACCESS = "access"
    """Signs access tokens."""
    REFRESH = "refresh"
    """Authenticates refresh tokens."""
    DIGEST = "digest"
    """Keys the digests of client secrets and of access tokens that are only stored. Never rotated."""
    IDENTIFIER = "identifier"
    """Turns grant and serial into token identifiers and back. Never rotated."""
    SEAL = "seal"
    """Encrypts sealed access tokens."""


ALGORITHMS: Mapping[Purpose, tuple[str, ...]] = {
    Purpose.ACCESS: ("ES256", "RS256", "EdDSA", "HS256"),
    Purpose.REFRESH: ("HS256",),
    Purpose.DIGEST: ("HS256",),
    Purpose.IDENTIFIER: ("AES256",),
    Purpose.SEAL: ("A256GCM",),
}
"""The algorithms of each purpose (RFC 7518 §3.1, §5.1); `AES256` is the bare block cipher and has no JOSE name."""

SHARED_KEY_ALGORITHMS = frozenset({"HS256"})
NEVER_ROTATED = frozenset({Purpose.DIGEST, Purpose.IDENTIFIER})
NAMED_SHORTLY = frozenset({Purpose.REFRESH, Purpose.SEAL})
"""Purposes whose tokens name their key in two bytes, so that no two keys may share them."""
_KEY_TYPES: Mapping[str, str] = {"ES256": "EC", "RS256": "RSA", "EdDSA": "OKP"}
_MEMBERS: Mapping[str, frozenset[str]] = {
    "EC": frozenset({"kty", "crv", "x", "y", "d"}),
    "RSA": frozenset({"kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"}),
    "OKP": frozenset({"kty", "crv", "x", "d"}),
    "oct": frozenset({"kty", "k"}),
}
_CURVES: Mapping[str, str] = {"EC": "P-256", "OKP": "Ed25519"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of one purpose. Times are epoch seconds."""

    purpose: Purpose
    kid: str
    algorithm: str
    created_at: int
    active_from: int
    """From when on it makes tokens, if no younger key does."""
    retires_at: int | None = None
    """From when on its tokens are refused."""
    weak: bool = False
    """Whether an operator let it in although it is a shared key of fewer than 256 bits."""
    audience: tuple[str, ...] = ()
    """The audiences whose access tokens it makes, and no others; none: it is for all that have no key of their own."""
    jose: JoseKey = field(repr=False, compare=False)

    @property
    def secret(self) -> bytes:
        """The bytes of a symmetric key."""
        if not isinstance(self.jose, OctKey):
            raise KeyFault(f"key {self.kid} is not symmetric")
        return self.jose.raw_value

    @property
    def short_id(self) -> bytes:
        """Two bytes that name the key inside binary tokens."""
        return sha256(self.kid.encode()).digest()[:2]

    def is_good(self, now: int) -> bool:
        """Whether its tokens are accepted; also before its time, since another node's clock may be ahead."""
        return self.retires_at is None or now < self.retires_at

    def may_sign(self, now: int) -> bool:
        """Whether its time has come and not gone."""
        return self.active_from <= now and self.is_good(now)

    def is_for(self, audience: tuple[str, ...]) -> bool:
        """Whether it may make a token of this audience: it names all of it, or nothing at all.

        Made with the key of one of several APIs, a token would be refused by the others; and where that is a shared
        key, the one could make tokens for the others.
        """
        return not self.audience or (bool(audience) and set(audience) <= set(self.audience))

    def derive(self, label: str) -> bytes:
        """256 bits for one use of this key (RFC 5869 §2.3): knowing one tells nothing of another."""
        info = f"dragoman/{self.purpose.value}/{label}".encode()
        return HKDFExpand(algorithm=SHA256(), length=SECRET_BYTES, info=info).derive(self.secret)


def new_key(purpose: Purpose, algorithm: str, now: int, active_from: int | None = None) -> Key:
    """A fresh key; its id is the thumbprint (RFC 7638), or random where the key is a shared secret."""
    if algorithm not in ALGORITHMS[purpose]:
        raise KeyFault(f"{algorithm} is no algorithm for {purpose.value} keys; choose {', '.join(ALGORITHMS[purpose])}")
    while True:
        jose = _generate(purpose, algorithm)
        kid = secrets.token_urlsafe(16) if isinstance(jose, OctKey) else jose.thumbprint()
        if KEY_ID.fullmatch(kid):  # a leading hyphen would read as an option on a command line
            break
    return Key(
        purpose=purpose,
        kid=kid,
        algorithm=algorithm,
        created_at=now,
        active_from=now if active_from is None else active_from,
        jose=jose,
    )


def free_second(others: Iterable[Key], algorithm: str, active_from: int) -> int:
    """From then on, the first second in which no other key of this algorithm begins: which is younger must be plain."""
    begun = {key.active_from for key in others if key.algorithm == algorithm}
    return next(second for second in count(active_from) if second not in begun)


def check_audience(purpose: Purpose, audience: tuple[str, ...]) -> None:
    """Raises KeyFault where a key of another purpose names audiences: those tokens are for this server alone."""
    if audience and purpose is not Purpose.ACCESS:
        raise KeyFault(f"it names audiences, which no {purpose.value} key has")


def _generate(purpose: Purpose, algorithm: str) -> JoseKey:
    match algorithm:
        case "ES256":
            return ECKey.generate_key("P-256")
        case "RS256":
            return RSAKey.generate_key(SMALLEST_RSA_BITS)
        case "EdDSA":
            return OKPKey.generate_key("Ed25519")
        case "HS256" if purpose is Purpose.ACCESS:
            # Resource servers that share it are configured with a text, so the text is the key (256 bits of chance).
            return OctKey.import_key(secrets.token_urlsafe(SECRET_BYTES).encode())
        case _:
            return OctKey.import_key(secrets.token_bytes(SECRET_BYTES))


def read_jwk(purpose: Purpose, algorithm: str, jwk: Mapping[str, str], *, weak: bool = False) -> JoseKey:
    """A private or shared key in JWK form (RFC 7517), checked. Raises KeyFault with the reason, without its bytes.

    `weak` lets in a shared key of fewer than 256 bits, for access tokens alone.
    """
    if algorithm not in ALGORITHMS[purpose]:
        raise KeyFault(f"its algorithm is none that {purpose.value} keys may have")
    key_type = _KEY_TYPES.get(algorithm, "oct")
    if jwk.get("kty") != key_type:
        raise KeyFault(f"its key type does not fit {algorithm}, which needs {key_type}")
    if not set(jwk) <= _MEMBERS[key_type]:
        raise KeyFault("its jwk has members that do not belong there")
    if key_type in _CURVES and jwk.get("crv") != _CURVES[key_type]:
        raise KeyFault(f"its curve is not {_CURVES[key_type]}, which {algorithm} needs")
    if key_type == "RSA" and not SMALLEST_RSA_BITS <= _bits(jwk.get("n", "")) <= LARGEST_RSA_BITS:
        raise KeyFault(f"its RSA modulus is not between {SMALLEST_RSA_BITS} and {LARGEST_RSA_BITS} bits long")
    if key_type == "oct":
        _check_length(purpose, jwk.get("k", ""), WEAK_BYTES if weak and purpose is Purpose.ACCESS else SECRET_BYTES)
    jose = _import(key_type, jwk)
    if jose is None:
        raise KeyFault("its jwk is incomplete or its parts do not belong together")
    return jose


def _check_length(purpose: Purpose, text: str, least: int) -> None:
    length = len(_decode(text))
    if length < least:
        raise KeyFault(f"it has fewer than {least * 8} bits")
    if purpose in (Purpose.IDENTIFIER, Purpose.SEAL) and length != SECRET_BYTES:
        raise KeyFault(f"it has more than {SECRET_BYTES * 8} bits")


def _import(key_type: str, jwk: Mapping[str, str]) -> JoseKey | None:
    """The key, if it is whole. Failures are told by None: an exception could carry key bytes along."""
    values: dict[str, str | list[str]] = dict(jwk)
    key: JoseKey
    try:
        match key_type:
            case "EC":
                curve = ECKey.import_key(values)
                key, computed = curve, ECKey(curve.raw_value, None).as_dict(private=False)
            case "RSA":
                rsa = RSAKey.import_key(values)
                key, computed = rsa, RSAKey(rsa.raw_value, None).as_dict(private=False)
            case "OKP":
                okp = OKPKey.import_key(values)
                key, computed = okp, OKPKey(okp.raw_value, None).as_dict(private=False)
            case _:
                return OctKey.import_key(values)
        # The halves of a file edited by hand may disagree; then everything signed would fail elsewhere.
        whole = key.is_private and all(jwk.get(name) == value for name, value in computed.items())
    except (JoseError, ValueError, TypeError, KeyError, OverflowError, UnsupportedAlgorithm):
        return None
    return key if whole else None


def _bits(text: str) -> int:
    return int.from_bytes(_decode(text), "big").bit_length()


def _decode(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text.encode())
    except ValueError:
        return b""


def public_jwk(key: Key) -> dict[str, str]:
    """The public half as JWK (RFC 7517 §4)."""
    if isinstance(key.jose, OctKey):
        raise KeyFault(f"key {key.kid} has no public half")
    public = {name: str(value) for name, value in key.jose.as_dict(private=False).items()}
    return {"kty": public.pop("kty"), **public, "kid": key.kid, "use": "sig", "alg": key.algorithm}


def private_jwk(key: Key) -> dict[str, str]:
    """The whole key as JWK, for its file and nothing else."""
    if isinstance(key.jose, OctKey):
        return {"kty": "oct", "k": urlsafe_b64encode(key.jose.raw_value).decode()}
    return {name: str(value) for name, value in key.jose.as_dict(private=True).items()}


def verification_text(key: Key) -> str:
    """The public half as PEM, or a shared key as the text that its other holders are configured with."""
    if not isinstance(key.jose, OctKey):
        return key.jose.as_pem(private=False).decode()
    shared = key.jose.raw_value
    return shared.decode() if shared.isascii() else urlsafe_b64encode(shared).decode()


def is_written_otherwise(content: bytes) -> bool:
    """Whether a file that begins with no PEM holds a key as a JWK (RFC 7517) or as DER all the same.

    Taken for a shared key, the public half of one would let anybody sign.
    """
    text = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    return (text.startswith(b"{") and b'"kty"' in text) or content.startswith((b"0\x81", b"0\x82"))
