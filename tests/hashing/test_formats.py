"""What is no hash never matches and never raises; blank hashes cost the same and are nobody's (attacks K05, U02, U07)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from argon2 import PasswordHasher as OtherArgon2
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.hashing.format import find_format
from tests.hashing.stored_hashes import CRYPT_BLOWFISH, GOOD, KNOWN, LIMITS, blank_of, defect, matches

WEAK = replace(LIMITS, weak_formats=frozenset({"noop", "MD5", "SHA-1", "SHA-256"}))


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
def test_k05_what_is_no_hash_never_matches_and_is_told(stored: str) -> None:
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
