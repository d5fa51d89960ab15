"""Hashes made by the software that they come from match here, and altered ones never do (attacks K05, M)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.hashing.format import find_format
from tests.hashing.stored_hashes import KNOWN, LIMITS, blank_of, defect, matches
from tests.hashing.vectors import HASHES, ORIGINS, STRONG, VECTORS, WEAK


@pytest.mark.parametrize(("password", "stored"), VECTORS)
def test_a_hash_of_the_original_software_matches_its_password_alone(password: str, stored: str) -> None:
    assert defect(stored, WEAK) is None
    assert matches(stored, password, WEAK)
    assert not matches(stored, "x" + password[1:], WEAK)
    assert not matches(stored, password[: len(password) // 2], WEAK)


@pytest.mark.parametrize("stored", HASHES)
def test_a_hash_is_of_one_format(stored: str) -> None:
    assert sum(known.identify(stored) for known in KNOWN) == 1


@pytest.mark.parametrize("stored", HASHES)
def test_the_blank_of_a_hash_is_nobodys_and_as_costly(stored: str) -> None:
    blank = blank_of(stored, WEAK)
    assert defect(blank, WEAK) is None
    assert blank_of(blank, WEAK) == blank
    assert len(blank) <= len(stored)
    assert not matches(blank, "correct horse", WEAK)


@pytest.mark.parametrize(
    ("origin", "kinds"), [("Keycloak 25.0.6", 6), ("Django 5.2.19", 7), ("OpenSSL 3.0.19 passwd", 4)]
)
def test_accounts_of_one_software_and_cost_have_one_blank(origin: str, kinds: int) -> None:
    assert len({blank_of(stored, WEAK) for _password, stored in ORIGINS[origin]}) == kinds


@pytest.mark.parametrize("stored", [one for one in HASHES if not one.startswith('{"')])
def test_an_altered_hash_is_told_or_matches_nothing(stored: str) -> None:
    for changed in (
        stored + "\n",
        "\n" + stored,
        stored + " ",
        " " + stored,
        stored + "$",
        stored + "\0",
        stored + "é",
    ):
        assert defect(changed, WEAK) or not matches(changed, "correct horse", WEAK), changed
    for length in range(len(stored)):
        assert defect(stored[:length], WEAK) or not matches(stored[:length], "correct horse", WEAK), stored[:length]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(HASHES), st.data())
def test_a_mutated_hash_never_makes_a_check_raise(stored: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(stored)))
    end = data.draw(st.integers(start, min(len(stored), start + 12)))
    piece = data.draw(
        st.one_of(st.text(max_size=8), st.sampled_from(["$", "{", '"', "[", "null", "-1", "9" * 30, "A", "="]))
    )
    changed = stored[:start] + piece + stored[end:]
    found = find_format(
        KNOWN, changed, replace(WEAK, pbkdf2_iterations=100_000, phpass_exponent=13, crypt_rounds=20_000)
    )
    if not isinstance(found, str):
        assert found.seen(changed, b"x") == b"x"
        assert not found.verify(changed, b"no such password")
        assert defect(found.blank(changed), WEAK) is None


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(HASHES), st.text(max_size=60))
def test_no_format_raises_over_what_is_not_its_own(stored: str, other: str) -> None:
    for known in KNOWN:
        for text in (other, stored, stored[: len(stored) // 2]):
            known.identify(text)
            known.find_defect(text, LIMITS)
            known.seen(text, b"x")


@pytest.mark.parametrize("stored", [one for one in HASHES if one not in STRONG.values() and defect(one)])
def test_one_round_of_a_digest_counts_only_where_it_is_allowed(stored: str) -> None:
    assert "explicitly allowed" in (defect(stored) or "")
    assert defect(stored, WEAK) is None


@pytest.mark.parametrize("stored", [one for one in HASHES if one.startswith(("$1$", "$apr1$", "$5$", "$6$"))])
def test_crypt_knows_no_nul_and_no_endless_password(stored: str) -> None:
    assert not matches(stored, "correct horse\0", WEAK)
    assert not matches(stored, "\0", WEAK)
    assert not matches(stored, "p" * 512, WEAK)


def test_a_credential_may_have_its_parts_as_objects_and_be_laid_out() -> None:
    password, stored = ORIGINS["Keycloak 25.0.6"][0]
    parts = {name: json.loads(text) for name, text in json.loads(stored).items()}
    assert matches(json.dumps(parts), password, WEAK)
    assert matches(json.dumps(parts, indent=2), password, WEAK)
    whole = {"id": "1d0", "type": "password", "userLabel": "My password", "createdDate": 1700000000000, **parts}
    assert matches(json.dumps(whole), password, WEAK)


def test_a_bcrypt_in_other_clothes_says_what_it_sees_and_a_prehashed_one_sees_all() -> None:
    long = b"p" * 80
    for stored, size in (
        ("bcrypt$$2b$04$", 72),
        ("{CRYPT}$2b$04$", 72),
        ("{ldap}{CRYPT}$2b$04$", 72),
        ("bcrypt_sha256$$2b$04$", 80),
        ("{ldap}{CRYPT}$6$", 80),
    ):
        found = find_format(KNOWN, stored + "." * (86 if stored.endswith("$6$") else 53), LIMITS)
        found = next(known for known in KNOWN if known.identify(stored)) if isinstance(found, str) else found
        assert len(found.seen(stored + "." * 53, long)) == size
