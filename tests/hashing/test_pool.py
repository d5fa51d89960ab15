"""One hash for every check, bounded work, and nobody truncated (attacks K01, K05, K08, U02, U03, U07, U08; F26)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import bcrypt
import pytest

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.secret import Secret
from dragoman.hashing.format import Limits
from dragoman.hashing.formats.argon2 import CHEAPEST, Argon2Profile
from dragoman.hashing.pool import PasswordHasher, PasswordRefused

NFC, NFD = "zoë zoë zoë", "zoe\u0308 zoe\u0308 zoe\u0308"
STRONGER = Argon2Profile(memory_kib=16, passes=2, lanes=1)


@pytest.fixture
def hasher():
    made = PasswordHasher(profile=CHEAPEST, slots=2)
    yield made
    made.close()


def check(hasher: PasswordHasher, stored: str | None, password: str):
    before = hasher.hashes_computed
    result = asyncio.run(hasher.check(stored, Secret(password)))
    return result, hasher.hashes_computed - before


def hash_new(hasher: PasswordHasher, password: str) -> str:
    return asyncio.run(hasher.hash_new(Secret(password)))


def test_a_password_set_is_a_password_known(hasher: PasswordHasher) -> None:
    stored = hash_new(hasher, "correct horse")
    assert stored.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    result, hashes = check(hasher, stored, "correct horse")
    assert (result.matches, result.new_hash, hashes) == (True, None, 1)
    assert hash_new(hasher, "correct horse") != stored


def test_the_default_profile_is_owasps_minimum() -> None:
    assert Argon2Profile() == Argon2Profile(memory_kib=19456, passes=2, lanes=1)


IMPORTED = bcrypt.hashpw(b"correct horse", b"$2b$04$CCCCCCCCCCCCCCCCCCCCC.").decode()
STORED = [
    None,
    "",
    "!",
    "*",
    "plain text",
    "{noop}correct horse",
    IMPORTED,
    "{bcrypt}" + IMPORTED,
    IMPORTED[:-1],
    "$2a$31$" + IMPORTED[7:],
]
LENGTHS = [0, 1, 71, 72, 73, 128, 1024, 1025, 5000]


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("length", LENGTHS)
def test_every_refusal_costs_one_hash_with_current_parameters(
    hasher: PasswordHasher, stored: str | None, length: int
) -> None:
    result, hashes = check(hasher, stored, "x" * length)
    assert (result.matches, result.new_hash, hashes) == (False, None, 1)


@pytest.mark.parametrize("password", ["\0", "correct horse\0", "\ud800", "\U0001f40e" * 600, "é" * 513])
def test_odd_passwords_are_wrong_and_cost_one_hash(hasher: PasswordHasher, password: str) -> None:
    for stored in (None, IMPORTED, hash_new(hasher, "correct horse")):
        result, hashes = check(hasher, stored, password)
        assert (result.matches, hashes) == (False, 1)


def test_known_and_unknown_cost_the_same_in_every_spelling(hasher: PasswordHasher) -> None:
    stored = hash_new(hasher, "correct horse")
    for password in ("wrong horse", NFC, NFD):
        assert (
            check(hasher, stored, password)[1]
            == check(hasher, None, password)[1]
            == check(hasher, IMPORTED, password)[1]
        )


@pytest.mark.parametrize("length", [8, 64, 72, 73, 128, 1024])
def test_nothing_is_truncated(hasher: PasswordHasher, length: int) -> None:
    password = ("0123456789" * 103)[:length]
    stored = hash_new(hasher, password)
    assert check(hasher, stored, password)[0].matches
    assert not check(hasher, stored, password[:-1])[0].matches
    assert not check(hasher, stored, password + "x")[0].matches
    assert not check(hasher, stored, password[:-1] + "\0")[0].matches
    if length > 72:
        assert not check(hasher, stored, password[:72])[0].matches


@pytest.mark.parametrize("password", ["", "1234567", "é" * 3, "x" * 1025, "é" * 513, "\ud800" * 10, "e\u0308" * 600])
def test_a_password_that_may_not_be_set_is_refused_with_a_sentence(hasher: PasswordHasher, password: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        hash_new(hasher, password)
    assert "the password" in str(refused.value)
    assert hasher.hashes_computed == 0


def test_a_nul_in_a_password_counts(hasher: PasswordHasher) -> None:
    stored = hash_new(hasher, "abcdefgh\0ijk")
    assert check(hasher, stored, "abcdefgh\0ijk")[0].matches
    assert not check(hasher, stored, "abcdefgh")[0].matches


def test_one_password_in_two_unicode_spellings_is_one_password(hasher: PasswordHasher) -> None:
    assert check(hasher, hash_new(hasher, NFD), NFC)[0].matches
    assert check(hasher, hash_new(hasher, NFC), NFD)[0].matches


def test_an_imported_hash_is_checked_as_received(hasher: PasswordHasher) -> None:
    stored = bcrypt.hashpw(NFD.encode(), bcrypt.gensalt(4)).decode()
    assert not check(hasher, stored, NFC)[0].matches
    result, _ = check(hasher, stored, NFD)
    assert result.matches
    assert check(hasher, result.new_hash, NFC)[0].matches  # and normalised from then on


def test_an_imported_argon2id_hash_of_text_that_was_not_normalised_is_known_and_renewed(hasher: PasswordHasher) -> None:
    stored = hasher._compute(NFD.encode())
    result, _ = check(hasher, stored, NFD)
    assert result.matches
    assert result.new_hash is not None
    assert check(hasher, result.new_hash, NFC)[0].matches


@pytest.mark.parametrize("prefix", ["", "{bcrypt}"])
def test_an_imported_hash_is_replaced_at_the_first_log_in(hasher: PasswordHasher, prefix: str) -> None:
    result, hashes = check(hasher, prefix + IMPORTED, "correct horse")
    assert result.matches
    assert hashes == 1
    assert check(hasher, result.new_hash, "correct horse")[0] == replace(result, new_hash=None)


def test_a_password_of_which_the_old_hash_saw_a_part_keeps_its_hash(hasher: PasswordHasher) -> None:
    long = "0123456789" * 8
    stored = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()
    for known in (stored, "{bcrypt}" + stored):
        result, hashes = check(hasher, known, long)
        assert (result.matches, result.new_hash, hashes) == (True, None, 1)


def test_raised_parameters_hold_at_once_and_old_hashes_follow_at_log_in(hasher: PasswordHasher) -> None:
    stored = hash_new(hasher, "correct horse")
    raised = PasswordHasher(profile=STRONGER, slots=1)
    assert check(raised, stored, "wrong horse")[1] == 1
    result, hashes = check(raised, stored, "correct horse")
    assert (result.matches, hashes) == (True, 1)
    assert result.new_hash.startswith("$argon2id$v=19$m=16,t=2,p=1$")
    assert check(hasher, result.new_hash, "correct horse")[0].new_hash is None  # a stronger one is left alone
    raised.close()


def test_the_importer_is_told_of_hashes_that_never_match(hasher: PasswordHasher) -> None:
    assert hasher.find_defect(IMPORTED) is None
    assert all(hasher.find_defect(stored) for stored in STORED if stored not in (None, IMPORTED, "{bcrypt}" + IMPORTED))
    assert not any(IMPORTED[10:20] in (hasher.find_defect(stored) or "") for stored in STORED if stored)


def test_limits_can_be_narrowed() -> None:
    narrow = PasswordHasher(profile=CHEAPEST, limits=Limits(bcrypt_cost=4))
    assert narrow.find_defect(IMPORTED) is None
    assert narrow.find_defect(bcrypt.hashpw(b"x", bcrypt.gensalt(5)).decode())
    narrow.close()


def test_a_closed_pool_refuses_politely(hasher: PasswordHasher) -> None:
    hasher.close()
    with pytest.raises(OAuthError) as refused:
        check(hasher, None, "x")
    assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
