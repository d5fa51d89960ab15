"""`dragoman key import`: the key that another server signed with, and the APIs that go on checking with it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from dragoman.config.reading import read_configuration
from tests.cli.commanding import Folder, make_folder, post
from tests.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

SHARED = "the shared key of the old server, and of its APIs"


@pytest.fixture(scope="module")
def old_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def old(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "old", "--dialect", "jobspace", "--dialect", "paymentiq")


def pem(key: Any, form: PrivateFormat = PrivateFormat.TraditionalOpenSSL) -> bytes:
    return key.private_bytes(Encoding.PEM, form, NoEncryption())


def key_of(folder: Folder, kid: str) -> dict[str, Any]:
    return next(one for one in folder.done("key", "list", "--json").json if one["kid"] == kid)


def signed_by(token: str, key: RSAKey | OctKey, algorithm: str) -> dict[str, Any]:
    """As an API checks it that knows nothing but the old key."""
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jws.deserialize_compact(token, key, registry=registry).headers()


def test_an_api_that_knows_the_old_public_key_goes_on(old: Folder, old_key: rsa.RSAPrivateKey):
    brought = old.done("key", "import", old.private_file(pem(old_key)), "--active-in", 0, "--json").json
    assert brought["algorithm"] == "RS256"
    secret = old.client("app", "--dialect", "jobspace", "--grant-type", "client_credentials")
    deadline = time.monotonic() + 60
    while key_of(old, brought["kid"])["state"] != "in use":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    public = old_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with serving(read_configuration(old.file)) as address:
        form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": secret}
        status, answer = post(f"{address}/oauth/token", ("app", secret), **form)
    assert status == 200, answer
    header = signed_by(answer["access_token"], RSAKey.import_key(public), "RS256")
    assert "kid" not in header, "as the old server's"
    rolled = old.done("key", "rotate", "access", "--algorithm", "RS256", "--active-in", 600, "--json").json
    assert (key_of(old, brought["kid"])["state"], key_of(old, rolled["kid"])["state"]) == ("in use", "waiting")
    assert len(old.done("key", "show-public").json["keys"]) >= 3, "both are published while they overlap"


def test_a_shared_key_comes_with_its_name_and_no_line_end(old: Folder):
    told = old.done("key", "import", old.private_file(SHARED + "\r\n"), "--kid", "legacy")
    assert "key legacy (HS256) takes over at" in told.out
    kept = json.loads((old.path / "keys" / "legacy.json").read_text())
    assert OctKey.import_key(kept["jwk"]).raw_value == SHARED.encode()
    assert (old.path / "keys" / "legacy.json").stat().st_mode & 0o777 == 0o600
    assert SHARED not in told.out + told.err
    assert old.run("doctor").out.count("fewer than 256 bits") == 0


def test_a_weak_shared_key_needs_a_word_and_is_warned_of(old: Folder):
    file = old.private_file("jmondis secret\n")
    assert "--weak" in old.run("key", "import", file).fault
    told = old.done("key", "import", file, "--weak", "--kid", "weak", "--json")
    assert told.json["weak"] is True
    assert "weak" in told.err
    assert "the shared key weak has fewer than 256 bits" in old.run("doctor").out
    assert "fewer than 64 bits" in old.run("key", "import", old.private_file("secret"), "--weak").fault


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_other_kinds_of_keys_are_known_by_themselves(old: Folder, form: PrivateFormat):
    curve = old.done("key", "import", old.private_file(pem(ec.generate_private_key(ec.SECP256R1()), form)), "--json")
    assert curve.json["algorithm"] == "ES256"
    edwards = pem(ed25519.Ed25519PrivateKey.generate(), PrivateFormat.PKCS8)
    told = old.done("key", "import", old.private_file(edwards), "--json")
    assert told.json["algorithm"] == "EdDSA"
    assert "nothing that is mounted signs with EdDSA" in told.err


def test_a_key_in_another_format_is_no_shared_key(old: Folder, old_key: rsa.RSAPrivateKey):
    jwk = json.dumps(RSAKey.import_key(old_key).as_dict(private=True))
    der = old_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    for content in (jwk, " " + jwk, der):
        refused = old.run("key", "import", old.private_file(content))
        assert refused.status != 0
        assert "write it as PEM" in refused.err
        assert '"d"' not in refused.err
    assert old.done("key", "import", old.private_file(b"\n" + pem(old_key)), "--json").json["algorithm"] == "RS256"


def test_what_cannot_sign_or_is_there_already_is_refused(old: Folder, old_key: rsa.RSAPrivateKey):
    public = old_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for content, why in (
        (public, "not the public one"),
        (old_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")), "passphrase"),
        (pem(rsa.generate_private_key(65537, 1024)), "RSA modulus"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        ("", "neither"), ("two\nlines of a text that is long enough, but no key", "neither"),
    ):  # fmt: skip
        assert why in old.run("key", "import", old.private_file(content)).fault
    file = old.private_file(pem(old_key))
    assert "hyphens" in old.run("key", "import", file, "--kid", "../evil").fault
    kid = old.done("key", "import", file, "--json").json["kid"]
    assert "already" in old.run("key", "import", file).fault
    assert "under another id" in old.run("key", "import", file, "--kid", "other").fault
    assert key_of(old, kid)["algorithm"] == "RS256"
    file.chmod(0o640)
    assert "open to other accounts" in old.run("key", "import", file, "--kid", "other").fault
    assert "cannot be read" in old.run("key", "import", old.path / "nothing").fault
