"""Keys are as strong as promised, each its own, and weaker or odd ones are refused (attack J14)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from key_editing import ALL, edit, file_of, put_jwk, refuses
from token_workshop import NOW

from dragoman.tokens.keyring import create_missing, load_keyring
from dragoman.tokens.keys import ALGORITHMS, Purpose

if TYPE_CHECKING:
    from pathlib import Path


def test_generated_keys_have_their_promised_strength(tmp_path: Path) -> None:
    create_missing(tmp_path / "keys", ALL, NOW)
    keys = {(key.purpose, key.algorithm): key for key in load_keyring(tmp_path / "keys", NOW).keys}
    assert keys[Purpose.ACCESS, "ES256"].jose.curve_name == "P-256"
    assert keys[Purpose.ACCESS, "RS256"].jose.raw_value.key_size == 2048
    assert keys[Purpose.ACCESS, "EdDSA"].jose.curve_name == "Ed25519"
    assert keys[Purpose.ACCESS, "ES256"].kid == keys[Purpose.ACCESS, "ES256"].jose.thumbprint()
    for purpose in (Purpose.REFRESH, Purpose.DIGEST, Purpose.IDENTIFIER, Purpose.SEAL):
        assert len(keys[purpose, ALGORITHMS[purpose][0]].secret) == 32


def test_no_two_purposes_share_key_material(folder: Path) -> None:
    keyring = load_keyring(folder, NOW)
    values = [key.secret for key in keyring.keys if isinstance(key.jose, OctKey)]
    values += [
        key.derive(label) for key in keyring.keys if isinstance(key.jose, OctKey) for label in ("handle", "envelope")
    ]
    assert len(set(values)) == len(values)


def test_j16_a_short_rsa_key_is_refused(folder: Path) -> None:
    path = file_of(folder, "access", "ES256")
    numbers = generate_private_key(65537, 2048).private_numbers()
    jwk = RSAKey(generate_private_key(65537, 2048), None).as_dict(private=True)
    short = OctKey((numbers.p).to_bytes(128, "big"), None).as_dict()["k"]
    edit(path, alg="RS256")
    put_jwk(path, {**jwk, "n": short})
    refuses(folder, path, "modulus is not between 2048")


@pytest.mark.parametrize("curve", ["P-384", "P-521"])
def test_j16_a_key_of_the_wrong_curve_is_refused(folder: Path, curve: str) -> None:
    path = file_of(folder, "access", "ES256")
    put_jwk(path, ECKey.generate_key(curve).as_dict(private=True))
    refuses(folder, path, "its curve is not P-256")


def test_ed448_is_refused(folder: Path) -> None:
    path = file_of(folder, "access", "EdDSA")
    put_jwk(path, OKPKey.generate_key("Ed448").as_dict(private=True))
    refuses(folder, path, "its curve is not Ed25519")


@pytest.mark.parametrize(("purpose", "algorithm"), [("access", "HS256"), ("refresh", None), ("digest", None)])
@pytest.mark.parametrize("secret", [b"secret-of-a-client", b"x" * 31])
def test_a_mac_key_below_256_bits_is_refused(folder: Path, purpose: str, algorithm: str | None, secret: bytes) -> None:
    path = file_of(folder, purpose, algorithm)
    put_jwk(path, OctKey(secret, None).as_dict())
    refuses(folder, path, "fewer than 256 bits")


@pytest.mark.parametrize("purpose", ["identifier", "seal"])
def test_a_cipher_key_has_256_bits_exactly(folder: Path, purpose: str) -> None:
    path = file_of(folder, purpose)
    put_jwk(path, OctKey(b"x" * 33, None).as_dict())
    refuses(folder, path, "more than 256 bits")


def test_a_key_whose_halves_disagree_is_refused(folder: Path) -> None:
    for algorithm, other in (("ES256", ECKey.generate_key()), ("EdDSA", OKPKey.generate_key("Ed25519"))):
        path = file_of(folder, "access", algorithm)
        original = path.read_text()
        put_jwk(path, {**json.loads(original)["jwk"], "x": other.as_dict(private=True)["x"]})
        refuses(folder, path, "do not belong together")
        path.write_text(original)


def test_a_public_key_alone_is_refused(folder: Path) -> None:
    path = file_of(folder, "access", "ES256")
    jwk = json.loads(path.read_text())["jwk"]
    put_jwk(path, {name: value for name, value in jwk.items() if name != "d"})
    refuses(folder, path, "incomplete")


def test_a_key_of_another_type_than_its_algorithm_is_refused(folder: Path) -> None:
    path = file_of(folder, "access", "ES256")
    put_jwk(path, OctKey.generate_key(256).as_dict())
    refuses(folder, path, "key type")
