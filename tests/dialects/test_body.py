"""Names and values out of hostile bodies."""

from contextlib import suppress
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.dialects.body import MOST_PARAMETERS, Several, Unreadable, read_form, read_json


def test_form_values_survive_as_rfc6749_appendix_b_has_them():
    assert read_form(b"password=+%25%26%2B%C2%A3%E2%82%AC") == [("password", " %&+£€")]


@given(st.text(alphabet="ab%+2BcC3é£ ;", max_size=12), st.text(alphabet="ab%+20éE9;=", max_size=24))
def test_a_form_is_read_as_the_standard_library_reads_it(name: str, value: str):
    text = f"{name}={value}"
    try:
        expected = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(Unreadable):
            read_form(text.encode())
    else:
        assert read_form(text.encode()) == expected


def test_a_form_is_read_in_the_charset_that_its_sender_wrote_it_in():
    assert read_form(b"password=%A3\xe9", charset="latin-1") == [("password", "£é")]
    with pytest.raises(Unreadable):
        read_form(b"password=%A3", charset="ascii")


def test_several_values_of_one_name_stay_in_order():
    assert read_form(b"a=1&b=2&a=3") == [("a", Several(("1", "3"))), ("b", "2")]


def test_brackets_make_a_list():
    assert read_form(b"username[]=a&username[0]=b") == [("username", Several(("a", "b"), listed=True))]


def test_printed_line_breaks_before_ampersands_can_be_dropped():
    body = b"grant_type=password\n&client_id=x\r\n&scope=a\n"
    assert read_form(body, drop_line_breaks=True)[0] == ("grant_type", "password")
    assert read_form(body)[0] == ("grant_type", "password\n")


@pytest.mark.parametrize("body", [b"a=\xff", b"a=%ff", b"&".join(b"a%d=1" % n for n in range(MOST_PARAMETERS + 1))])
def test_a_form_that_is_none_is_unreadable(body):
    with pytest.raises(Unreadable):
        read_form(body)


def test_json_scalars_become_text_and_null_is_absent():
    body = b'{"client_id":2,"grant_type":"password","flag":true,"none":null,"scope":["a","b"],"deep":{"x":1}}'
    assert read_json(body) == [
        ("client_id", "2"),
        ("grant_type", "password"),
        ("flag", "true"),
        ("scope", Several(("a", "b"), listed=True)),
        ("deep", Several((), listed=True)),
    ]


def test_a_doubled_member_is_several_values_however_it_is_written():
    body = b'{"a":1,"b":"x:y","\\u0061":null,"c":{"c":1,"c":2},"d":["x"],"d":"y","a":"z"}'
    assert read_json(body) == [
        ("a", Several(("1", "", "z"))),
        ("b", "x:y"),
        ("c", Several((), listed=True)),
        ("d", Several((), listed=True)),
    ]
    assert read_json(b'{"a":null,"a":null,"b":"::"}') == [("a", Several(("", ""))), ("b", "::")]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b"{", b'{"a":"\\ud800"}', b'{"a":"\xff"}', b"[" * 40000, b'{"a":' * 20000, b'{"a":' + b"9" * 5000 + b"}", b"\xff",
     b"{" + b",".join(b'"a%d":1' % n for n in range(MOST_PARAMETERS + 1)) + b"}"],
)  # fmt: skip
def test_json_that_is_no_object_of_sane_size_is_unreadable(body):
    with pytest.raises(Unreadable):
        read_json(body)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_reading_either_succeeds_or_is_unreadable(body):
    for read in (read_form, read_json):
        with suppress(Unreadable):
            assert isinstance(read(body), list)
