"""Who a request says it comes from."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import Refusal
from dragoman.core.secret import Secret
from dragoman.dialects.credentials import read_credentials
from dragoman.dialects.schema import BasicWords, ClientAuthenticationWords
from dragoman.dialects.wire import WireRequest


def basic(text, scheme="Basic"):
    return f"{scheme} {b64encode(text.encode()).decode()}"


def read(header=None, parameters=None, **words):
    basic_words = words.pop("basic", BasicWords())
    headers = {} if header is None else {b"authorization": header.encode("latin-1")}
    wire = WireRequest(method="POST", path="/", headers=headers)
    return read_credentials(wire, parameters or {}, ClientAuthenticationWords(basic=basic_words, **words))


def pair(credentials):
    return credentials.id, None if credentials.secret is None else credentials.secret.reveal()


def test_basic_is_split_at_the_first_colon():
    assert pair(read(basic("id:se:cret"))) == ("id", "se:cret")
    assert pair(read(basic("id:se:cret"), basic=BasicWords(secret_ends_at_colon=True))) == ("id", "se")
    assert pair(read(basic("id:"))) == ("id", "")


def test_percent_decoding_is_the_dialects_choice():
    assert pair(read(basic("a%3Ab:c+d"), basic=BasicWords(percent_decoding=True))) == ("a:b", "c d")
    assert pair(read(basic("a%3Ab:c+d"))) == ("a%3Ab", "c+d")
    assert pair(read(basic("plain:secret"), basic=BasicWords(percent_decoding=True))) == ("plain", "secret")


def test_the_case_of_the_scheme_is_the_dialects_choice():
    assert read(basic("a:b", "bAsIc")).id == "a"
    assert read(basic("a:b", "bAsIc"), basic=BasicWords(scheme_case="exact")).id is None
    assert read("Bearer abc").id is None


@pytest.mark.parametrize("header", ["Basic !!!", "Basic", "Basic bm9jb2xvbg==", "Basic OnNlY3JldA==", "Basic /w=="])
def test_unreadable_basic_is_refused_or_counts_as_absent(header):
    assert read(header).refusal is Refusal.MALFORMED_CLIENT_AUTHENTICATION
    ignored = read(header, {"client_id": "x"}, basic=BasicWords(malformed="ignore"))
    assert (ignored.id, ignored.refusal) == ("x", None)


def test_lenient_base64_forgives_padding_and_strange_characters():
    lenient = BasicWords(base64="lenient")
    assert pair(read("Basic YTpiYw", basic=lenient)) == ("a", "bc")
    assert pair(read("Basic YT piY.w==x", basic=lenient))[0] == "a"


def test_the_charset_is_the_dialects_choice():
    assert pair(read(basic("ä:b"))) == ("ä", "b")
    assert pair(read(basic("ä:b"), basic=BasicWords(charset="latin-1"))) == ("Ã¤", "b")


BOTH = {"client_id": "p", "client_secret": "ps"}


def test_two_methods_at_once_are_refused_where_the_dialect_is_strict():
    assert read(basic("b:bs"), BOTH).refusal is Refusal.MULTIPLE_CLIENT_AUTHENTICATION
    same_id = read(basic("b:bs"), {"client_id": "other"})
    assert (same_id.id, same_id.other_id) == ("b", "other")


def test_the_first_method_wins_or_each_value_does():
    assert pair(read(basic("b:bs"), BOTH, both="first")) == ("b", "bs")
    assert pair(read(None, BOTH, both="first")) == ("p", "ps")
    parameters_first = {"methods": ("parameters", "basic"), "both": "each"}
    assert pair(read(basic("b:bs"), BOTH, **parameters_first)) == ("p", "ps")
    assert pair(read(basic("b:bs"), {"client_id": "p"}, **parameters_first)) == ("p", "bs")


def test_a_method_that_is_not_the_dialects_is_not_looked_at():
    assert read(None, BOTH, methods=("basic",), both="match").id is None
    assert read(basic("b:bs"), BOTH, methods=("parameters",), both="first").id == "p"
    matched = read(basic("b:bs"), BOTH, methods=("basic",), both="match")
    assert (matched.id, matched.other_id) == ("b", "p")


@given(
    st.text(alphabet=st.characters(blacklist_characters=":", codec="utf-8"), min_size=1),
    st.text(alphabet=st.characters(codec="utf-8")),
)
def test_any_id_and_secret_come_through_basic_unchanged(client_id, secret):
    credentials = read(basic(f"{client_id}:{secret}"))
    assert credentials.id == client_id
    assert credentials.secret == Secret(secret)
