"""Unknown names cost what known ones cost, whatever is stored (attacks U02 to U04)."""

from __future__ import annotations

import asyncio
from collections import Counter

import bcrypt
import pytest

from dragoman.core.ports import Attempt
from dragoman.core.secret import Secret
from dragoman.hashing.doubles import MOST_DOUBLES, Count, Doubles, EqualPasswords
from dragoman.hashing.formats.argon2 import CHEAPEST
from dragoman.hashing.pool import PasswordHasher
from tests.hashing.stored_hashes import GOOD
from tests.hashing.vectors import STRONG

KEY = bytes(32)
NAMES = [f"person {number}" for number in range(4000)]
BCRYPT = bcrypt.hashpw(b"correct horse", b"$2b$04$CCCCCCCCCCCCCCCCCCCCC.").decode()
STRONGER = "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43

STRONG_CHEAP = [one for one in STRONG.values() if not one.startswith(("{scrypt", "{pbkdf2", "scrypt$16384"))]


@pytest.fixture
def pool():
    made = PasswordHasher(profile=CHEAPEST, slots=2)
    yield made
    made.close()


def doubles_of(counts: dict[str, int], key: bytes = KEY) -> Doubles:
    made = Doubles(key)
    made.reflect(counts)
    return made


def test_before_anything_is_counted_there_are_none() -> None:
    doubles = Doubles(KEY)
    assert doubles.empty
    assert doubles.double_of("anybody") is None


def test_doubles_are_as_frequent_as_what_is_stored() -> None:
    doubles = doubles_of({"a": 700, "b": 250, "c": 50})
    found = Counter(map(doubles.double_of, NAMES))
    for name, share in (("a", 0.7), ("b", 0.25), ("c", 0.05)):
        assert abs(found[name] / len(NAMES) - share) < 0.03


def test_a_name_has_the_same_double_in_every_process_and_at_every_start() -> None:
    one, other = doubles_of({"a": 1, "b": 1}), doubles_of({"b": 1, "a": 1})
    assert [one.double_of(name) for name in NAMES] == [other.double_of(name) for name in NAMES]


def test_nobody_without_the_key_can_tell_which_double_a_name_has() -> None:
    one, other = doubles_of({"a": 1, "b": 1}), doubles_of({"a": 1, "b": 1}, b"x" * 32)
    same = sum(one.double_of(name) == other.double_of(name) for name in NAMES)
    assert abs(same / len(NAMES) - 0.5) < 0.05


def test_when_accounts_move_on_only_so_many_doubles_do() -> None:
    before, after = doubles_of({"a": 500, "b": 500}), doubles_of({"a": 600, "b": 400})
    moved = [name for name in NAMES if before.double_of(name) != after.double_of(name)]
    assert abs(len(moved) / len(NAMES) - 0.1) < 0.02
    assert {before.double_of(name) for name in moved} == {"b"}


def test_any_name_has_a_double() -> None:
    doubles = doubles_of({"a": 1})
    assert {doubles.double_of(name) for name in ("", "\0", "\ud800", "x" * 10_000)} == {"a"}


def test_what_is_counted_are_costs_and_nothing_of_anybody(pool: PasswordHasher) -> None:
    count = Count(pool)
    for password in (b"one", b"two", b"three"):
        count.add(bcrypt.hashpw(password, bcrypt.gensalt(4)).decode())
    for unusable in ("", "!", "plain text", "{noop}password", "$2a$31$" + BCRYPT[7:]):
        count.add(unusable)
    assert count.kinds == {"$2b$04$" + "." * 53: 3}


def test_accounts_with_a_cost_each_of_its_own_do_not_fill_the_memory(pool: PasswordHasher) -> None:
    count = Count(pool)
    for iterations in range(1, MOST_DOUBLES + 100):
        count.add(f"pbkdf2_sha256${iterations}$salt$" + "A" * 43 + "=")
    assert len(count.kinds) == MOST_DOUBLES


def cost(pool: PasswordHasher, passwords: EqualPasswords, stored: str | None, name: str, sent: str) -> tuple[int, int]:
    before = pool.hashes_computed, pool.imports_checked
    attempt = Attempt(client_id="app", address="", login=name)
    result = asyncio.run(passwords.check(stored, Secret(sent), attempt))
    assert (result.matches, result.new_hash) == (False, None)
    return pool.hashes_computed - before[0], pool.imports_checked - before[1]


@pytest.mark.parametrize("stored", [BCRYPT, "{bcrypt}" + BCRYPT, STRONGER, *GOOD, *STRONG_CHEAP])
@pytest.mark.parametrize("sent", ["wrong horse", "", "\0", "x" * 73, "x" * 5000, "zoe\u0308 zoe\u0308", "\ud800"])
def test_a_known_and_an_unknown_name_cost_the_same_work(pool: PasswordHasher, stored: str, sent: str) -> None:
    count = Count(pool)
    count.add(stored)
    passwords = EqualPasswords(pool, doubles_of(count.kinds))
    known = cost(pool, passwords, stored, "known", sent)
    assert known == cost(pool, passwords, None, "unknown", sent)
    assert known == cost(pool, passwords, "!", "without a usable password", sent)


def test_not_even_the_password_of_a_double_lets_anybody_in(pool: PasswordHasher) -> None:
    mine = asyncio.run(pool.hash_new(Secret("correct horse")))
    passwords = EqualPasswords(pool, doubles_of({mine: 1}))
    assert cost(pool, passwords, None, "unknown", "correct horse") == (1, 0)


def test_a_known_password_is_still_known(pool: PasswordHasher) -> None:
    passwords = EqualPasswords(pool, doubles_of({BCRYPT: 1}))
    attempt = Attempt(client_id="app", address="", login="ann")
    result = asyncio.run(passwords.check(BCRYPT, Secret("correct horse"), attempt))
    assert result.matches
    assert result.new_hash is not None
