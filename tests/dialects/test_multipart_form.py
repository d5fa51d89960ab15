"""Fields out of hostile multipart bodies; and the plain ones, read at one go, say what the library says."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.dialects.body import MOST_PARAMETERS, Unreadable
from dragoman.dialects.multipart_form import read_any, read_multipart, read_plain

CONTENT_TYPE = "multipart/form-data; boundary=real"


def part(name, value, *headers):
    lines = [f'Content-Disposition: form-data; name="{name}"', *headers]
    return ("--real\r\n" + "\r\n".join(lines) + f"\r\n\r\n{value}\r\n").encode()


def whole(*parts):
    return b"".join(parts) + b"--real--\r\n"


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
    with suppress(Unreadable):
        assert isinstance(read_multipart(b"--real" + body, CONTENT_TYPE), list)


NAMES = st.from_regex(r"[-.\w\[\]]{1,64}", fullmatch=True).filter(str.isascii)
FIELDS = st.lists(
    st.tuples(NAMES, st.text(max_size=40) | st.sampled_from(("\r\n", "--", "-", "--rea", "\r\n--rea"))), max_size=6
)
MARKS = (
    "--real", "\r\n--real", "\r\n--real\r\n", "--real--\r\n", "\r\n--real--", "--", "\r\n", "\r\n\r\n", "\n", "\r", '"', "\\", "%22", " ", "a",
    "Content-Disposition: form-data; name=", 'Content-Disposition: form-data; name="b"\r\n\r\n', "content-disposition", "form-data", "name=", "_charset_",
    '; filename="x"', "Content-Length: 1\r\n", "Content-Type: multipart/mixed; boundary=b\r\n", "X-A: b\r\n", "\ufeff", "\ud800", "\x00",
)  # fmt: skip


@st.composite
def damaged(draw):
    """A body with something taken out, and something put in there."""
    text = whole(*(part(name, value) for name, value in draw(FIELDS)))
    begin = draw(st.integers(0, len(text)))
    end = min(len(text), begin + draw(st.integers(0, 30)))
    between = draw(st.lists(st.sampled_from(MARKS), max_size=4).map("".join))
    return text[:begin] + between.encode("utf-8", "surrogatepass") + text[end:]


def of_library(text, boundary):
    try:
        return read_any(text, boundary)
    except Unreadable:
        return "unreadable"


@given(damaged() | st.lists(st.sampled_from(MARKS[:-2]), max_size=12).map("".join).map(str.encode))
@example(b"--real--\r\n")
@example(b'--real\r\nContent-Disposition: form-data; name="a"\r\n\r\n--real--\r\n')
@example(part("_charset_", "utf-16") + b"--real--\r\n")
@example(part("a", "1").replace(b"Content", b"X-A: b\r\nContent") + part("b", "2") + b"--real--\r\n")
@example(part("a b", '1;a"\r\n\r\n2') + part("b", "2") + b"--real--\r\n")
@example(part("a", '1\0a"\r\n\r\n2') + part("b", "2") + b"--real--\r\n")
@example(part("a b", '\0a"\r\n\r\n2') + part("b", "2") + b"--real--\r\n")
@example(b"\0" + part("b", "2") + b"--real--\r\n")
@example(part("a", "1") * (MOST_PARAMETERS + 1) + b"--real--\r\n")
@example(part("a", "1\r\n--realer") + b"--real--\r\n")
@example(part("a", "1") + b"--real--\r\n" + part("b", "2") + b"--real--\r\n")
def test_what_is_read_at_one_go_is_what_the_library_reads(body):
    plain = read_plain(body, "real")
    assert plain is None or plain == of_library(body, "real")


@pytest.mark.parametrize(
    "boundary", ["r", "real--", "--", "r\r\n", "r\n", "\r\n--r", 'r"', "é", "r ", "\x00", "r" * 200]
)
def test_no_boundary_makes_a_difference(boundary):
    body = part("a", "1").replace(b"real", boundary.encode()) + f"--{boundary}--\r\n".encode()
    for text in (body, body.replace(b"\r\n--", b"--"), body * 2):
        plain = read_plain(text, boundary)
        assert plain is None or plain == of_library(text, boundary)


@given(FIELDS)
@example([("a", "\0"), ("b", "")])
@example([("a", ""), ("b", "\0")])
def test_plain_fields_are_read_at_one_go_whatever_they_hold(fields):
    body = whole(*(part(name, value) for name, value in fields))
    foreign = any("\r\n--real" in f"\r\n{value}\r\n" or "\0" in value or name == "_charset_" for name, value in fields)
    assert read_plain(body, "real") == (None if foreign else fields)


def test_what_other_clients_write_is_read_by_the_library():
    """Guzzle writes a length with each part, Retrofit an encoding, .NET a name without quotes."""
    for headers in (
        'Content-Disposition: form-data; name="a"\r\nContent-Length: 1',
        'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: binary\r\nContent-Type: text/plain; charset=UTF-8',
        "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=a",
    ):
        body = f"--real\r\n{headers}\r\n\r\n1\r\n--real--\r\n".encode()
        assert read_plain(body, "real") is None
        assert read_multipart(body, CONTENT_TYPE) == [("a", "1")]
