"""JSON with every solidus and everything outside ASCII escaped is the same to the byte, whatever is written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.dialects.json_text import write_escaped

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def as_upstream(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).replace("/", "\\/").encode()


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=20) | st.text('aé/\\\x7f"\ud800')
)
ANSWERS = st.dictionaries(st.text(max_size=5), SCALARS | st.lists(SCALARS, max_size=3) | VALUES, max_size=6)


@given(VALUES | ANSWERS)
def test_any_value_is_written_as_upstream_writes_it(value: object) -> None:
    assert write_escaped(value) == as_upstream(value)


@pytest.mark.parametrize(
    "value",
    [
        "a/b",
        "\x7f",
        "\x00",
        'a"b',
        "ü",
        1e22,
        -1e-7,
        1.2e-05,
        [1e22],
        {"a": -2.5e-10},
        {"1e5": "x:1e5"},
        1700000000.123456,
        [],
        {},
        {"a": 1e22},
        {"a": [1e22]},
        {"a": [{"b": 1e22}]},
        {"a": {"b": 1e22}},
        {"a": "\x7f"},
        {"a": "\ud800"},
        {"\udfff": "a"},
        {"a/b": "c/d", "e": ["/"]},
        {"a": "\U0001f600"},
        {"a": "\b\f\n\r\t\v\x1f\\"},
        {"a": 10**30, "b": True, "c": None},
        {1: "a"},
        {None: "a"},
        {True: "a"},
    ],
)
def test_what_two_writers_of_json_do_differently(value: object) -> None:
    assert write_escaped(value) == as_upstream(value)
