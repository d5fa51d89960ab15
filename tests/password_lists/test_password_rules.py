"""What may be said against a new password, by the list that ships and by names."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import ResourceOwner
from dragoman.core.password_rules import find_weakness, names_of, names_of_host
from dragoman.core.secret import Secret
from dragoman.password_lists.opening import open_lists
from dragoman.password_lists.words import shipped_list

ANNA = ResourceOwner(
    id="1", username="a.larsson", email="Anna.Berg@corp.com", first_name="Anna", last_name="Larsson", created_at=0
)
COMMON = "the password is one that many people use, or such a one with little added; take another"
REPEATED = "the password is the same few characters again and again; take another"
NAMED = "the password is little more than names of the account or of this server; take another"
SENTENCES = (COMMON, REPEATED, NAMED)
NAMES = (*names_of(ANNA), *names_of_host("login.acme.example"))


def judge(password: str, names: tuple[str, ...] = NAMES) -> str:
    return find_weakness(Secret(password), names, open_lists(())) or "good"


@pytest.mark.parametrize(
    "password",
    [
        "password", "PASSWORD", "Password1!", "P@ssw0rd1!", "\uff50\uff41\uff53\uff53word", "pass\u200bword", "1l0veyou", "!!Dragon1",
        "Summer2025!", "passwordpassword", "abc123abc123", "12345678", "qwertyuiop", "\u041f\u0430\u0440\u043e\u043b\u044c123",
        "letmein2026",
    ],
)  # fmt: skip
def test_u25_a_password_that_many_people_use_is_refused_in_every_spelling(password: str):
    assert judge(password) == COMMON


@pytest.mark.parametrize("password", ["aaaaaaaaaaaa", "ababababab", "1-21-21-21-2", "\u00e9\u00e9\u00e9\u00e9\u00e9"])
def test_a_few_characters_again_and_again_are_refused(password: str):
    assert judge(password) == REPEATED


@pytest.mark.parametrize(
    "password",
    ["larsson-2026", "A.Larsson", "anna.berg@corp.com", "Anna1975", "BERGberg!?", "acme2026", "login.acme.example"],
)
def test_a_password_that_is_little_more_than_names_is_refused(password: str):
    assert judge(password) == NAMED


@pytest.mark.parametrize(
    "password",
    [
        "correct horse",
        "commune7",
        "Anna has a little lamb",
        "larsson reads novels",
        "x9$kQ2mmPz",
        "blue-acme-kettle-seven",
    ],
)
def test_a_password_that_only_contains_a_name_is_good(password: str):
    assert judge(password) == "good"


def test_what_remains_without_names_is_looked_up_too():
    assert "many people use" in judge("annapassword1")


def test_addresses_and_short_names_are_no_names():
    names = (*names_of(ResourceOwner(id="1", username="jo", created_at=0)), *names_of_host("127.0.0.1"))
    assert judge("jolly 127 kettles", names) == "good"
    assert judge("kettle-0", names) == "good"


def test_characters_that_nobody_sees_are_no_password(tmp_path: Path):
    (tmp_path / "list").write_text("\n\n")
    assert judge("\u200b" * 12) == REPEATED
    assert find_weakness(Secret("good kettle"), (), open_lists((tmp_path / "list",))) is None


@given(st.text(min_size=8, max_size=60))
def test_no_sentence_repeats_the_password_and_no_text_is_too_odd(password: str):
    assert judge(password) in {"good", *SENTENCES}


@given(
    st.sampled_from(["dragon", "football", "letmein", "monkey", "trustno1"]),
    st.text("0123456789!?.-_", max_size=2),
    st.text("0123456789!?.-_", max_size=2),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_a_common_password_stays_one_with_case_and_signs_changed(word: str, ahead: str, behind: str, upper: list):
    spelled = "".join(one.upper() if big else one for one, big in zip(word, upper, strict=False))
    assert "many people use" in judge(ahead + spelled + behind)


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=16, max_size=16))
def test_a_name_is_found_wherever_it_stands_and_in_whatever_case(rest: str):
    assert "names" in judge(rest[:3] + "LARSSON" + rest[3:6])
    assert "names" not in judge(rest + "larsson")


def test_the_list_that_ships_is_small_folded_and_whole():
    with shipped_list().open() as file:
        lines = file.read().decode().splitlines()
    assert 19_000 < len(lines) <= 20_000
    assert lines == sorted(set(lines))
    assert all(line == line.casefold().strip() and len(line) >= 4 for line in lines)
    assert {"password", "123456", "qwerty", "iloveyou", "dragon"} <= set(lines)
