"""Hashes of bcrypt and Argon2 match as those who published them say, and broken or too costly ones never (attacks K05, K06)."""

from __future__ import annotations

import subprocess
import sys

import bcrypt
import pytest
from argon2 import PasswordHasher as OtherArgon2
from argon2.low_level import Type, hash_secret
from hypothesis import given
from hypothesis import strategies as st

from dragoman.hashing.format import Limits
from dragoman.hashing.formats import argon2
from tests.hashing.stored_hashes import CRYPT_BLOWFISH, blank_of, defect, matches


@pytest.mark.parametrize(("password", "stored"), CRYPT_BLOWFISH)
@pytest.mark.parametrize("version", ["$2a$", "$2b$", "$2y$"])
def test_bcrypt_vectors_match_under_each_accepted_version(password: str, stored: str, version: str) -> None:
    stored = stored.replace("$2a$", version)
    assert matches(stored, password)
    assert not matches(stored, password + "x")
    assert matches("{bcrypt}" + stored, password)


@pytest.mark.parametrize("version", ["$2$", "$2x$", "$2c$", "$2A$", "$2a", "$3a$"])
def test_k06_broken_versions_of_bcrypt_never_match(version: str) -> None:
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


def test_bcrypt_does_its_rounds_over_a_blank_hash() -> None:
    blank = blank_of(CRYPT_BLOWFISH[0][1])
    assert bcrypt.hashpw(b"x", blank.encode())[:7] == b"$2a$05$"


@pytest.mark.parametrize("change", ["m=262144,t=5", "m=131072,t=9", "m=65537,t=16"])
def test_k05_an_argon2_hash_within_each_limit_may_still_cost_too_much_together(change: str) -> None:
    stored = f"$argon2id$v=19${change},p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43
    assert "times passes" in (defect(stored) or "")
    assert defect(stored.replace(change, "m=262144,t=4")) is None


DENIED = """
import resource
from dragoman.hashing.formats import argon2
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (ROOM << 20),) * 2)
try:
    argon2.verify("$argon2id$v=19$m=65536,t=1,p=LANES$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43, b"x")
except MemoryError:
    print("denied")
"""


@pytest.mark.parametrize(("room", "lanes"), [(10, 1), (10, 4), (70, 4)], ids=["memory", "memory of lanes", "threads"])
def test_f29_a_shortage_is_no_wrong_password(room: int, lanes: int) -> None:
    """Room for 10 MiB is none for the hash's 64, room for 70 none for the stacks of threads."""
    program = DENIED.replace("ROOM", str(room)).replace("LANES", str(lanes))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.stdout, ended.stderr) == ("denied\n", "")


COSTS = st.tuples(st.integers(1, 4), st.integers(32, 99), st.integers(1, 4))
"""Passes, KiB, lanes."""
SALTS = st.binary(min_size=8, max_size=64) | st.binary(min_size=16, max_size=16)


@given(st.sampled_from([Type.ID, Type.I]), COSTS, st.binary(max_size=200), st.tuples(SALTS, st.integers(16, 64)))
def test_it_is_what_the_reference_implementation_computes(
    kind: Type, cost: tuple[int, int, int], password: bytes, kept: tuple[bytes, int]
) -> None:
    stored = hash_secret(password, kept[0], *cost, kept[1], kind).decode()
    assert argon2.find_defect(stored, Limits()) is None
    assert argon2.verify(stored, password)
    assert not argon2.verify(stored, password + b"x")


@pytest.mark.parametrize("change", [("m=64", "m=15"), ("$MDEyMzQ1Njc4OWFiY2RlZg$", "$MDEyMzQ1Njc4OWFiY2RlZh$")])
def test_an_argon2_hash_that_no_software_writes_is_told(change: tuple[str, str]) -> None:
    stored = hash_secret(b"x", b"0123456789abcdef", 1, 64, 2, 32, Type.ID).decode()
    assert matches(stored, "x")
    assert defect(stored.replace(*change))
    assert not matches(stored.replace(*change), "x")
