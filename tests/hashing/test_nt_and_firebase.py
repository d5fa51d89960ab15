"""NT hashes and MD4, which count only where they are named, and Firebase's scrypt with the key of its project."""

from __future__ import annotations

import pytest

from dragoman.hashing.sums.md4 import md4
from tests.hashing.stored_hashes import defect, matches
from tests.hashing.vectors import ORIGINS, WEAK

NT = [one for one in ORIGINS["libxcrypt, mkpasswd 5.5"] if one[1].startswith("$3$")]
MD4 = [one for one in ORIGINS["Spring Security crypto 6.3.4"] if one[1].startswith("{MD4}")]
PASSWORD, FIREBASE = ORIGINS["firebase/scrypt's own README"][0]


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        ("", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        ("a", "bde52cb31de33e46245e05fbdbd6fb24"),
        ("abc", "a448017aaf21d8525fc10ae87aa6729d"),
        ("message digest", "d9130a8164549fe818874806e1c7014b"),
        ("abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"),
        ("1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4_is_that_of_its_test_suite(message: str, digest: str) -> None:
    """RFC 1320 §A.5."""
    assert md4(message.encode()).hex() == digest


@pytest.mark.parametrize(("password", "stored"), [*NT, *MD4])
def test_one_round_of_md4_counts_only_where_it_is_named(password: str, stored: str) -> None:
    assert "explicitly allowed" in (defect(stored) or "")
    assert matches(stored, password, WEAK)


@pytest.mark.parametrize("stored", ["$3$", "$3$$", "$3$x$" + "0" * 32, "$3$$" + "0" * 31, "$3$$" + "A" * 32])
def test_a_malformed_nt_hash_is_told(stored: str) -> None:
    assert defect(stored, WEAK) == "malformed NT hash"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=1", "v=2"),
        ("n=14", "n=25"),
        ("n=14", "n=0"),
        (",sk=", ",sx="),
        ("Bw==", "Bw"),
        ("Bw==", "Bx=="),
        ("jxspr8Ki", "jxsp"),
        ("$42xEC+ixf3L2lw==", "$"),
        ("lSrfV15c", "lSrf"),
        ("uid5lQ==", "uid5lR=="),
    ],
)
def test_a_malformed_firebase_hash_is_told(old: str, new: str) -> None:
    assert defect(FIREBASE.replace(old, new, 1)) == "malformed Firebase hash"


@pytest.mark.parametrize(("old", "new"), [("n=14", "n=24"), ("r=8", "r=4096"), ("p=1", "p=17")])
def test_a_firebase_hash_that_costs_too_much_is_told(old: str, new: str) -> None:
    assert "above" in (defect(FIREBASE.replace(old, new, 1)) or "")


@pytest.mark.parametrize(("old", "new"), [("jxspr8Ki", "AAAAAAAA"), ("ss=Bw==,", ""), ("n=14", "n=13"), ("r=8", "r=9")])
def test_another_key_separator_or_cost_is_another_hash(old: str, new: str) -> None:
    assert matches(FIREBASE, PASSWORD)
    assert not matches(FIREBASE.replace(old, new, 1), PASSWORD)
