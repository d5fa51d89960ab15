"""JSON with every solidus and everything outside ASCII escaped is the same to the byte, whatever is written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.dialects.json_text import write_escaped, writer_for

TEXTS = st.text() | st.text('aé/\\\x7f"\ud800\udc00\u2028\n')
SCALARS = st.none() | st.booleans() | st.integers() | TEXTS
FRACTIONS = st.floats(allow_nan=False, allow_infinity=False)


def nested(scalars):
    return st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner))


def as_upstream(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).replace("/", "\\/").encode()


@given(nested(SCALARS | FRACTIONS))
def test_any_value_is_written_as_upstream_writes_it(value: object) -> None:
    assert write_escaped(value) == as_upstream(value)


@given(st.dictionaries(TEXTS, nested(SCALARS)))
def test_whichever_writer_is_chosen_it_writes_the_same(value: object) -> None:
    assert writer_for("escaped", {})(value) == as_upstream(value)


@pytest.mark.parametrize(
    "value",
    [
        "a/b",
        "\x7f",
        "\x00",
        'a"b',
        "ü",
        "\ud800",
        "\U0001f600",
        "\b\f\n\r\t\v\x1f\\",
        1e22,
        -1e-7,
        1.2e-05,
        [1e22],
        {"a": -2.5e-10},
        {"a": [{"b": 1e16}], "c": 1},
        {"1e5": "x:1e5"},
        {"a/b": "c/d", "e": ["/"]},
        {"\udfff": "a"},
        1700000000.123456,
        10**30,
        [],
        {},
        {"a": True, "b": None, "c": -1},
    ],
)
def test_what_two_writers_of_json_do_differently(value: object) -> None:
    assert write_escaped(value) == as_upstream(value)
    assert writer_for("escaped", {"constant": value})({"constant": value}) == as_upstream({"constant": value})
