"""Imported hashes: published vectors match, all else never does and never raises (attacks K05, K06, U07, U08)."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import replace

import bcrypt
import pytest
from argon2 import PasswordHasher as OtherArgon2
from argon2 import Type
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.hashing.format import Limits, find_format, load_formats

KNOWN = load_formats()
LIMITS = Limits()
WEAK = replace(LIMITS, weak_formats=frozenset({"noop", "MD5", "SHA-1", "SHA-256"}))


def matches(stored: str, password: str | bytes, limits: Limits = LIMITS) -> bool:
    found = find_format(KNOWN, stored, limits)
    sent = password.encode() if isinstance(password, str) else password
    return not isinstance(found, str) and found.verify(stored, sent)


def defect(stored: str, limits: Limits = LIMITS) -> str | None:
    found = find_format(KNOWN, stored, limits)
    return found if isinstance(found, str) else None


def pbkdf2(
    algorithm: HashAlgorithm, iterations: int, salt: bytes, length: int, password: bytes = b"correct horse"
) -> bytes:
    return PBKDF2HMAC(algorithm=algorithm, length=length, salt=salt, iterations=iterations).derive(password)


def plain_base64(value: bytes, *, dots: bool = False) -> str:
    text = b64encode(value).decode().rstrip("=")
    return text.replace("+", ".") if dots else text


# Published with crypt_blowfish 1.3 (wrapper.c), public domain.
CRYPT_BLOWFISH = [
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
]


@pytest.mark.parametrize(("password", "stored"), CRYPT_BLOWFISH)
@pytest.mark.parametrize("version", ["$2a$", "$2b$", "$2y$"])
def test_bcrypt_vectors_match_under_each_accepted_version(password: str, stored: str, version: str) -> None:
    stored = stored.replace("$2a$", version)
    assert matches(stored, password)
    assert not matches(stored, password + "x")
    assert matches("{bcrypt}" + stored, password)


@pytest.mark.parametrize("version", ["$2$", "$2x$", "$2c$", "$2A$", "$2a", "$3a$"])
def test_broken_versions_of_bcrypt_never_match(version: str) -> None:
    password, stored = CRYPT_BLOWFISH[0]
    stored = stored.replace("$2a$", version)
    assert not matches(stored, password)
    assert defect(stored)


@pytest.mark.parametrize("cost", ["31", "15", "99", "03", "00", "5", "-5"])
def test_a_bcrypt_cost_outside_the_limits_never_matches_and_does_no_work(cost: str) -> None:
    password, stored = CRYPT_BLOWFISH[0]
    stored = stored.replace("$05$", f"${cost}$")
    assert not matches(stored, password)
    assert defect(stored)


def test_bcrypt_sees_72_bytes_as_the_software_it_came_from_did() -> None:
    stored = bcrypt.hashpw(b"a" * 72, bcrypt.gensalt(4)).decode()
    assert matches(stored, b"a" * 72)
    assert matches(stored, b"a" * 73)
    assert not matches(stored, b"a" * 71)


def test_bcrypt_does_not_stop_at_a_nul() -> None:
    stored = bcrypt.hashpw(b"abc", bcrypt.gensalt(4)).decode()
    assert matches(stored, b"abc")
    assert not matches(stored, b"abc\0def")
    assert not matches(stored, b"abc\0")
    assert not matches(stored, b"\0abc")


@pytest.mark.parametrize("kind", [Type.ID, Type.I])
def test_argon2id_and_argon2i_match(kind: Type) -> None:
    stored = OtherArgon2(time_cost=1, memory_cost=64, parallelism=2, type=kind).hash("correct horse")
    assert matches(stored, "correct horse")
    assert not matches(stored, "correct horsf")
    assert matches("{argon2}" + stored, "correct horse")


def test_an_argon2id_vector_of_its_reference_implementation_matches() -> None:
    # phc-winner-argon2, test.c: version 0x13, t=2, m=2^16, p=1, "password", "somesalt"
    stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
    assert matches(stored, "password")


def test_argon2d_never_matches() -> None:
    stored = OtherArgon2(time_cost=1, memory_cost=64, parallelism=1, type=Type.D).hash("correct horse")
    assert not matches(stored, "correct horse")


@pytest.mark.parametrize("change", ["m=262145", "m=4294967295", "m=99999999999"])
def test_an_argon2_hash_above_the_memory_limit_never_matches_and_does_no_work(change: str) -> None:
    stored = OtherArgon2(time_cost=1, memory_cost=64, parallelism=1).hash("x").replace("m=64", change)
    assert not matches(stored, "x")
    assert defect(stored)


@pytest.mark.parametrize("change", [("t=1", "t=17"), ("p=1", "p=17"), ("p=1", "p=9"), ("t=1", "t=0"), ("v=19", "v=16")])
def test_an_argon2_hash_with_other_parameters_never_matches(change: tuple[str, str]) -> None:
    stored = OtherArgon2(time_cost=1, memory_cost=64, parallelism=1).hash("x").replace(*change)
    assert not matches(stored, "x")


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


def spring_scrypt(exponent: int, block: int, lanes: int, salt: bytes = b"s" * 16) -> str:
    key = Scrypt(salt=salt, length=32, n=1 << exponent, r=block, p=lanes).derive(b"correct horse")
    parameters = format(exponent << 16 | block << 8 | lanes, "x")
    return f"${parameters}${b64encode(salt).decode()}${b64encode(key).decode()}"


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


@pytest.mark.parametrize(("name", "algorithm"), [("MD5", "md5"), ("SHA-1", "sha1"), ("SHA-256", "sha256")])
def test_plain_digests_count_only_where_they_are_allowed(name: str, algorithm: str) -> None:
    salt = "{c2FsdHk=}"
    for stored in (
        f"{{{name}}}{salt}" + hashlib.new(algorithm, b"correct horse" + salt.encode()).hexdigest(),
        f"{{{name}}}" + hashlib.new(algorithm, b"correct horse").hexdigest(),
    ):
        assert not matches(stored, "correct horse")
        assert "explicitly allowed" in (defect(stored) or "")
        assert matches(stored, "correct horse", WEAK)
        assert not matches(stored, "wrong horse", WEAK)
        assert not matches(stored[:-1], "correct horse", WEAK)


def test_plain_text_counts_only_where_it_is_allowed() -> None:
    assert not matches("{noop}correct horse", "correct horse")
    assert matches("{noop}correct horse", "correct horse", WEAK)
    assert not matches("{noop}", "", WEAK)


GOOD = [
    CRYPT_BLOWFISH[0][1],
    "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
    "pbkdf2_sha256$1000$seasalt$" + b64encode(b"x" * 32).decode(),
    "$pbkdf2-sha256$1000$c2VhLXNhbHQ$" + plain_base64(b"x" * 32),
    "{pbkdf2}" + "00" * 40,
    "{sha256}" + "00" * 40,
    "{scrypt}" + spring_scrypt(4, 8, 1),
]
CONFUSED = [
    "",
    " ",
    "!",
    "*",
    "x",
    "password",
    "{}",
    "{}password",
    "{noop",
    "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "{ldap}{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "{MD4}8846f7eaee8fb117ad06bdd830b7586c",
    "{null}password",
    "{BCRYPT}" + CRYPT_BLOWFISH[0][1],
    "{bcrypt}{bcrypt}" + CRYPT_BLOWFISH[0][1],
    "{bcrypt}password",
    "$1$salt$qJH7.N4xYta3aEG/dfqo",
    "$5$rounds=5000$salt$xxxxxxxx",
    "$6$salt$xxxxxxxx",
    "$apr1$salt$xxxxxxxx",
    "argon2i",
    "$argon2id",
    "$argon2id$",
    "$argon2id$v=19$m=64,t=1,p=1$$",
    "pbkdf2_md5$1000$salt$AAAAAAAAAAAAAAAAAAAAAA==",
    "$pbkdf2-md5$1000$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "\0",
    "é" * 60,
    "\ud800",
    "$2a$05$" + "é" * 53,
    "a" * 5000,
    "$2a$05$" + "C" * 2000,
]


@pytest.mark.parametrize("stored", CONFUSED)
def test_what_is_no_hash_never_matches_and_is_told(stored: str) -> None:
    for password in (b"", b"password", b"x", stored.encode("utf-8", "surrogatepass")):
        assert not matches(stored, password, WEAK)
    assert defect(stored, WEAK)


@pytest.mark.parametrize("stored", GOOD)
def test_the_hashes_of_these_tests_have_no_defect_as_they_are(stored: str) -> None:
    assert defect(stored) is None


@pytest.mark.parametrize("stored", GOOD)
def test_an_altered_hash_is_told_or_matches_nothing(stored: str) -> None:
    for changed in (
        stored + "\n",
        "\n" + stored,
        stored + " ",
        " " + stored,
        stored + "$",
        stored + "$x",
        stored + "\0",
    ):
        assert defect(changed), changed
    for length in range(len(stored) - 1):
        assert not matches(stored[:length], "U*U"), stored[:length]


@settings(max_examples=300, deadline=None)
@given(stored=st.one_of(st.text(max_size=120), st.from_regex(r"[{$][a-zA-Z0-9@$,=./{}+_-]{0,100}", fullmatch=True)))
def test_nothing_stored_makes_a_check_raise(stored: str) -> None:
    assert not matches(stored, "password", replace(WEAK, weak_formats=frozenset()))


@pytest.mark.parametrize("stored", GOOD)
def test_a_blank_hash_costs_the_same_and_is_nobodys(stored: str) -> None:
    blank = blank_of(stored)
    assert defect(blank) is None
    assert blank_of(blank) == blank
    assert len(blank) <= len(stored)
    for password in ("U*U", "correct horse", "", "A" * 43):
        assert not matches(blank, password)


def blank_of(stored: str) -> str:
    found = find_format(KNOWN, stored, LIMITS)
    assert not isinstance(found, str)
    return found.blank(stored)


def test_bcrypt_does_its_rounds_over_a_blank_hash() -> None:
    blank = blank_of(CRYPT_BLOWFISH[0][1])
    assert bcrypt.hashpw(b"x", blank.encode())[:7] == b"$2a$05$"


def test_hashes_of_the_same_cost_have_the_same_blank_and_others_have_not() -> None:
    def argon2(memory: int, passes: int) -> str:
        return OtherArgon2(time_cost=passes, memory_cost=memory, parallelism=1).hash("x")

    assert blank_of(argon2(64, 1)) == blank_of(argon2(64, 1))
    costs = [argon2(96, 1), argon2(64, 2), argon2(128, 1), *GOOD]
    assert len({blank_of(one) for one in costs}) == len(costs)


@pytest.mark.parametrize("name", ["MD5", "SHA-1", "SHA-256"])
def test_the_blank_of_a_plain_digest_has_no_salt(name: str) -> None:
    size = {"MD5": 32, "SHA-1": 40, "SHA-256": 64}[name]
    for salt in ("", "{c2FsdHk=}"):
        stored = f"{{{name}}}{salt}" + "ab" * (size // 2)
        found = find_format(KNOWN, stored, WEAK)
        assert not isinstance(found, str)
        assert found.blank(stored) == f"{{{name}}}" + "0" * size
    plain = find_format(KNOWN, "{noop}password", WEAK)
    assert not isinstance(plain, str)
    assert plain.blank("{noop}password") == "{noop}-"


@pytest.mark.parametrize("change", ["m=262144,t=5", "m=131072,t=9", "m=65537,t=16"])
def test_k05_an_argon2_hash_within_each_limit_may_still_cost_too_much_together(change: str) -> None:
    stored = f"$argon2id$v=19${change},p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43
    assert "times passes" in (defect(stored) or "")
    assert defect(stored.replace(change, "m=262144,t=4")) is None


def test_a_scrypt_hash_within_each_limit_may_still_cost_too_much_together() -> None:
    stored = "{scrypt}" + spring_scrypt(4, 8, 1)
    assert "times parallelism" in (defect(stored.replace("$40801$", "$120805$")) or "")
    assert defect(stored.replace("$40801$", "$120804$")) is None


def test_a_scrypt_cost_that_its_block_size_can_not_have_never_matches() -> None:
    assert "block size" in (defect("{scrypt}" + spring_scrypt(4, 8, 1).replace("$40801$", "$100101$")) or "")


@pytest.mark.parametrize("shortage", ["Memory allocation error", "Threading failure"])
def test_f29_a_shortage_is_no_wrong_password(monkeypatch: pytest.MonkeyPatch, shortage: str) -> None:
    from argon2.exceptions import HashingError, VerificationError

    from dragoman.hashing.formats import argon2

    def deny(error: type[Exception]):
        def refuse(*_arguments: object, **_named: object) -> None:
            raise error(shortage)

        return refuse

    monkeypatch.setattr(argon2, "verify_secret", deny(VerificationError))
    monkeypatch.setattr(argon2, "hash_secret", deny(HashingError))
    with pytest.raises(MemoryError):
        argon2.verify(GOOD[1], b"x")
    with pytest.raises(MemoryError):
        argon2.make_hash(b"x", b"0123456789abcdef", argon2.CHEAPEST)
