"""Names and values out of hostile bodies."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.dialects.body import MOST_PARAMETERS, Several, Unreadable, read_form, read_json
from dragoman.dialects.multipart_form import read_multipart

CONTENT_TYPE = "multipart/form-data; boundary=real"


def part(name, value, *headers):
    lines = [f'Content-Disposition: form-data; name="{name}"', *headers]
    return ("--real\r\n" + "\r\n".join(lines) + f"\r\n\r\n{value}\r\n").encode()


def whole(*parts):
    return b"".join(parts) + b"--real--\r\n"


def test_form_values_survive_as_rfc6749_appendix_b_has_them():
    assert read_form(b"password=+%25%26%2B%C2%A3%E2%82%AC") == [("password", " %&+£€")]


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


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b"{", b'{"a":"\\ud800"}', b'{"a":"\xff"}', b"[" * 40000, b'{"a":' * 20000, b'{"a":' + b"9" * 5000 + b"}", b"\xff",
     b"{" + b",".join(b'"a%d":1' % n for n in range(MOST_PARAMETERS + 1)) + b"}"],
)  # fmt: skip
def test_json_that_is_no_object_of_sane_size_is_unreadable(body):
    with pytest.raises(Unreadable):
        read_json(body)


def test_multipart_text_fields_are_read():
    body = whole(part("grant_type", "password"), part("password", "pä ss", "Content-Type: text/plain; charset=utf-8"))
    assert read_multipart(body, CONTENT_TYPE) == [("grant_type", "password"), ("password", "pä ss")]


@pytest.mark.parametrize("media_type", ["multipart/form-data", "application/json; charset=UTF-8", "no media type"])
def test_the_media_type_of_a_field_says_nothing(media_type):
    """PHP does not look at it. The first is what many Android clients write, by Retrofit's RequestBody."""
    body = whole(part("a", "1", f"Content-Type: {media_type}"), part("b", "2"))
    assert read_multipart(body, CONTENT_TYPE) == [("a", "1"), ("b", "2")]


def test_of_several_boundary_parameters_the_one_in_the_body_counts():
    doubled = "multipart/form-data; boundary=----copied; boundary=real"
    assert read_multipart(whole(part("a", "1")), doubled) == [("a", "1")]
    quoted = 'multipart/form-data; boundary="real"'
    assert read_multipart(b"preamble\r\n" + whole(part("a", "1")), quoted) == [("a", "1")]


def test_no_number_of_boundary_parameters_has_the_body_searched_for_each():
    many = "multipart/form-data" + "; boundary=other" * 1000 + "; boundary=real"
    with pytest.raises(Unreadable):
        read_multipart(whole(part("a", "1")), many)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (whole(part("a", "1")), "multipart/form-data"),
        (whole(part("a", "1")), "multipart/form-data; boundary=other"),
        (part("a", "1"), CONTENT_TYPE),
        (whole(part('a"; filename="x', "1")), CONTENT_TYPE),
        (whole(part("a", "1", "Content-Transfer-Encoding: base64")), CONTENT_TYPE),
        (whole(part("a", "1", "Content-Type: multipart/mixed; boundary=b")), CONTENT_TYPE),
        (whole(part("_charset_", "utf-16")), CONTENT_TYPE),
        (whole(part("a", "1", *(f"X-{n}: y" for n in range(100)))), CONTENT_TYPE),
        (b"--real\r\n\r\n1\r\n--real--\r\n", CONTENT_TYPE),
        (whole(part("a", "1")).replace(b"1", b"\xff"), CONTENT_TYPE),
        (b"", CONTENT_TYPE),
    ],
)
def test_multipart_tricks_are_unreadable(body, content_type):
    with pytest.raises(Unreadable):
        read_multipart(body, content_type)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_reading_either_succeeds_or_is_unreadable(body):
    for read in (read_form, read_json, lambda text: read_multipart(b"--real" + text, CONTENT_TYPE)):
        with suppress(Unreadable):
            assert isinstance(read(body), list)
