"""Hashes of PBKDF2, of scrypt and of Spring's own kinds match as others compute them, and too costly ones never (attack K05)."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm

from tests.hashing.stored_hashes import defect, matches, pbkdf2, plain_base64, spring_scrypt


def test_published_pbkdf2_vectors_match() -> None:
    # RFC 6070 (SHA-1, 4096 iterations, 20 bytes) and RFC 7914 §11 (SHA-256, 1 iteration, 64 bytes).
    sha1 = bytes.fromhex("4b007901b765489abead49d926f721d065a429c1")
    sha256 = bytes.fromhex(
        "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
    )
    assert matches(f"$pbkdf2$4096${plain_base64(b'salt')}${plain_base64(sha1, dots=True)}", "password")
    assert matches(f"pbkdf2_sha1$4096$salt${b64encode(sha1).decode()}", "password")
    assert matches(f"$pbkdf2-sha256$1${plain_base64(b'salt')}${plain_base64(sha256, dots=True)}", "passwd")
    assert matches(f"pbkdf2_sha256$1$salt${b64encode(sha256).decode()}", "passwd")


@pytest.mark.parametrize(
    ("name", "algorithm", "size"), [("sha1", SHA1(), 20), ("sha256", SHA256(), 32), ("sha512", SHA512(), 64)]
)
def test_pbkdf2_in_each_spelling_matches_another_implementation(name: str, algorithm: HashAlgorithm, size: int) -> None:
    salt, digest = b"0123456789", pbkdf2(algorithm, 1000, b"0123456789", size)
    spellings = [
        f"$pbkdf2-{name}$1000${plain_base64(salt, dots=True)}${plain_base64(digest, dots=True)}",
        f"$pbkdf2-{name}$i=1000${plain_base64(salt)}${plain_base64(digest)}",
        f"$pbkdf2-{name}$i=1000,l={size}${plain_base64(salt)}${plain_base64(digest)}",
        f"pbkdf2_{name}$1000${salt.decode()}${b64encode(digest).decode()}",
    ]
    for stored in spellings:
        assert matches(stored, "correct horse")
        assert not matches(stored, "correct hors")
    assert not matches(spellings[2].replace(f"l={size}", "l=16"), "correct horse")


@pytest.mark.parametrize("iterations", ["2000001", "999999999", "9999999999", "0", "-1", "1e3", "01000"])
def test_pbkdf2_iterations_outside_the_limits_never_match_and_do_no_work(iterations: str) -> None:
    digest = pbkdf2(SHA256(), 1000, b"seasalt", 32)
    for stored in (
        f"pbkdf2_sha256${iterations}$seasalt${b64encode(digest).decode()}",
        f"$pbkdf2-sha256${iterations}${plain_base64(b'seasalt')}${plain_base64(digest)}",
    ):
        assert not matches(stored, "correct horse")
        assert defect(stored)


def test_spring_pbkdf2_matches_another_implementation() -> None:
    salt = bytes(range(8))
    stored = "{pbkdf2}" + (salt + pbkdf2(SHA1(), 185_000, salt, 32)).hex()
    assert matches(stored, "correct horse")
    assert not matches(stored, "wrong horse")
    longer = bytes(range(16))
    stored = "{pbkdf2@SpringSecurity_v5_8}" + (longer + pbkdf2(SHA256(), 310_000, longer, 32)).hex()
    assert matches(stored, "correct horse")


@pytest.mark.parametrize("name", ["scrypt", "scrypt@SpringSecurity_v5_8"])
def test_spring_scrypt_matches_another_implementation(name: str) -> None:
    stored = f"{{{name}}}" + spring_scrypt(14, 8, 1, b"s" * 64)
    assert stored.startswith(f"{{{name}}}$e0801$")
    assert matches(stored, "correct horse")
    assert not matches(stored, "wrong horse")


@pytest.mark.parametrize("parameters", ["130801", "ff0801", "e08ff", "e0001", "e0800", "801", "0"])
def test_scrypt_parameters_outside_the_limits_never_match_and_do_no_work(parameters: str) -> None:
    stored = "{scrypt}" + spring_scrypt(4, 8, 1).replace("$40801$", f"${parameters}$")
    assert not matches(stored, "correct horse")
    assert defect(stored)


def test_spring_standard_encoder_matches_1024_rounds_of_sha256() -> None:
    salt = bytes(range(8))
    value = hashlib.sha256(salt + b"correct horse").digest()
    for _ in range(1023):
        value = hashlib.sha256(value).digest()
    assert matches("{sha256}" + (salt + value).hex(), "correct horse")
    assert not matches("{sha256}" + (salt + value).hex(), "wrong horse")


# All of "password", as printed in Spring Security's reference manual, "Password Storage Format".
SPRING_MANUAL = [
    "{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG",
    "{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763d8dc",
    (
        "{scrypt}$e0801$8bWJaSu2IKSn9Z9kM+TPXfOc/9bdYSrN1oD9qfVThWEwdRTnO7re7Ei+fUZRJ68k9lTyuTeUp4of4g24hHnazw=="
        "$OAOec05+bXxvuu/1qZ6NUR+xQYvYv7BeL1QxwRpY5Pc="
    ),
    "{sha256}97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf8410849f27605abcbc0",
]


@pytest.mark.parametrize("stored", SPRING_MANUAL)
def test_the_hashes_printed_in_springs_manual_match(stored: str) -> None:
    assert matches(stored, "password")
    assert not matches(stored, "Password")
    assert not matches(stored[stored.index("}") + 1 :], "passwor")


def test_a_scrypt_hash_within_each_limit_may_still_cost_too_much_together() -> None:
    stored = "{scrypt}" + spring_scrypt(4, 8, 1)
    assert "times parallelism" in (defect(stored.replace("$40801$", "$120805$")) or "")
    assert defect(stored.replace("$40801$", "$120804$")) is None


def test_a_scrypt_cost_that_its_block_size_can_not_have_never_matches() -> None:
    assert "block size" in (defect("{scrypt}" + spring_scrypt(4, 8, 1).replace("$40801$", "$100101$")) or "")
