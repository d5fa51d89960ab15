from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.verification.pattern import Match, match
from dragoman.verification.placeholder import Known, fill, parse_text

NOW = 1_763_768_000
LITERAL = st.text(st.characters(exclude_characters="«»"))


def compare(pattern: str, text: str, **captures: str) -> Match:
    known = Known(base_url="http://h", members={"client.id": "a.b*c", "user.password": "p+w d"}, captures=captures)
    return match(parse_text(pattern), text, known, NOW + 0.9)


@given(LITERAL, LITERAL)
def test_text_without_placeholders_matches_itself_only(expected: str, actual: str):
    assert compare(expected, expected).mismatch is None
    assert (compare(expected, actual).mismatch is None) == (expected == actual)


@given(LITERAL, LITERAL)
def test_the_place_of_a_difference_is_the_end_of_what_is_shared(expected: str, actual: str):
    mismatch = compare(expected, actual).mismatch
    if mismatch is not None:
        shared = expected[: mismatch.position]
        assert actual.startswith(shared)
        assert (mismatch.before, mismatch.expected) == (shared, expected[mismatch.position :])
        assert expected[mismatch.position :][:1] != actual[mismatch.position :][:1]


@given(LITERAL, LITERAL, st.text(st.characters(exclude_characters='"'), min_size=1))
def test_a_capture_is_what_stands_between(before: str, after: str, value: str):
    assert compare(f'{before}"«x=text»"{after}', f'{before}"{value}"{after}').captures["x"] == value


@pytest.mark.parametrize(
    ("pattern", "text", "agrees"),
    [
        ("«any»", "x", True),
        ("«any»", "", False),
        ("«any»", 'a"b', False),
        ("«jwt»", "eyJ.e30.c_-", True),
        ("«jwt»", "eyJ.e30", False),
        ("«jwt»", "eyJ.e3=.c2ln", False),
        ("«guid»", "6056b723-2f21-4f2f-b77b-9e0639662976", True),
        ("«guid»", "6056b7232f214f2fb77b9e0639662976", False),
        ("«hex»", "09af", True),
        ("«hex»", "09AF", False),
        ("«integer»", "12", True),
        ("«integer»", "1.2", False),
        ("«client.id»", "a.b*c", True),
        ("«client.id»", "aXbbc", False),
        ("«now»", str(NOW + 5), True),
        ("«now»", str(NOW - 5), True),
        ("«now»", str(NOW + 6), False),
        ("«now»", str(NOW - 6), False),
        ("«now+3600»", str(NOW + 3600), True),
        ("«now-1»", str(NOW - 1), True),
        ("«now_ms»", f"{NOW}900", True),
        ("«now_ms»", f"{NOW}900.5", False),
        ("«now_ms+1000»", f"{NOW + 6}900", True),
        ("«now_ms»", f"{NOW + 6}000", False),
        ("a«crlf»b«lf»c«tab»d", "a\r\nb\nc\td", True),
        ("«x=hex»:«x»", "ab:ab", True),
        ("«x=hex»:«x»", "ab:ac", False),
        ("«x=hex»1:«x»0", "ab1:ab0", True),
        ("«known»", "k", True),
        ("«known» «known=hex» «known»", "k ab ab", True),
        ("«never»", "never", False),
        ("«base_url»/token", "http://h/token", True),
    ],
)
def test_placeholders(pattern: str, text: str, *, agrees: bool):
    assert (compare(pattern, text, known="k").mismatch is None) == agrees


def test_a_time_that_is_off_is_the_difference_and_says_what_was_due():
    mismatch = compare('{"iat":«now»,"exp":«now+60»}', f'{{"iat":{NOW},"exp":{NOW + 90}}}').mismatch
    assert mismatch is not None
    assert mismatch.expected == f"«now+60» ({NOW + 60} ± 5)"
    assert mismatch.before == '{"iat":«now»,"exp":'


def test_of_two_differences_the_first_is_told():
    mismatch = compare('{"iat":«now»,"sub":"a"}', f'{{"iat":{NOW + 90},"sub":"b"}}').mismatch
    assert mismatch is not None
    assert mismatch.before == '{"iat":'


def test_the_place_is_found_behind_values_that_vary():
    matched = compare('{"a":"«a=text»","b":"«b=hex»","c":"xyz"}', '{"a":"1","b":"2f","c":"xYz"}')
    assert matched.captures == {"a": "1", "b": "2f"}
    assert matched.mismatch is not None
    assert matched.mismatch.before == '{"a":"«a=text»","b":"«b=hex»","c":"x'
    assert matched.mismatch.expected == 'yz"}'


def test_filling_encodes_values_and_nothing_else():
    known = Known(base_url="http://h", members={"user.password": "p+w d&"}, captures={"token": "a/b="})
    filled = fill(parse_text("x y=«user.password»&z=«token»"), known, lambda value: f"<{value}>")
    assert filled == "x y=<p+w d&>&z=<a/b=>"
