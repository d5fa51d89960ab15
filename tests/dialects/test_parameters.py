"""Which of several values counts, by a dialect's words."""

import pytest

from dragoman.core.errors import OAuthError, Refusal
from dragoman.dialects.parameters import read_parameters
from dragoman.dialects.schema import RequestWords, ScopeWords
from dragoman.dialects.scope_parameter import LONGEST_SCOPE, read_scope
from dragoman.dialects.wire import WireRequest

FORM = (b"content-type", b"application/x-www-form-urlencoded")


def read(body=b"", query=b"", content_type=FORM, **words):
    wire = WireRequest(method="POST", path="/", query=query, headers=dict([content_type]), body=body)
    return read_parameters(wire, RequestWords(**words))


def test_lists_are_refused_ignored_or_give_their_first():
    body = b"username[]=a&username[]=b&other[]=c"
    assert read(body, lists="ignore") == {}
    assert read(body, lists="first") == {"username": "a"}
    with pytest.raises(OAuthError) as refused:
        read(body, lists="refuse")
    assert (refused.value.refusal, refused.value.values) == (Refusal.LIST_PARAMETER, {"parameter": "username"})


@pytest.mark.parametrize("body", [b"username=a&username[]=b", b"username[]=b&username=a"])
def test_a_list_beside_a_single_value_is_refused_whichever_comes_first(body):
    assert read(body, lists="ignore") == {"username": "a"}
    with pytest.raises(OAuthError) as refused:
        read(body, lists="refuse")
    assert refused.value.refusal is Refusal.LIST_PARAMETER


@pytest.mark.parametrize("lists", ["ignore", "first", "refuse"])
def test_a_list_that_is_joined_counts_as_its_elements_whatever_becomes_of_others(lists):
    json = (b"content-type", b"application/json")
    words = {"media_types": ("form", "json"), "lists": lists, "lists_joined": ("scope",)}
    assert read(b"scope[]=a&scope[]=b", **words) == {"scope": "a b"}
    assert read(b'{"scope": ["a", "b"]}', content_type=json, **words) == {"scope": "a b"}
    if lists == "refuse":
        for odd in (
            b'{"scope": []}',
            b'{"scope": ["a b"]}',
            b'{"scope": ["a", ""]}',
            b'{"scope": {}}',
            b'{"username": ["a"]}',
        ):
            with pytest.raises(OAuthError) as refused:
                read(odd, content_type=json, **words)
            assert refused.value.refusal is Refusal.LIST_PARAMETER


def test_an_empty_list_has_no_first():
    with pytest.raises(OAuthError):
        read(
            b'{"scope": []}', content_type=(b"content-type", b"application/json"), media_types=("json",), lists="first"
        )


def test_duplicates_are_refused_or_one_of_them_counts():
    assert read(b"scope=a&scope=b", duplicates="first") == {"scope": "a"}
    assert read(b"scope=a&scope=b", duplicates="last") == {"scope": "b"}
    with pytest.raises(OAuthError):
        read(b"scope=a&scope=b")
    with pytest.raises(OAuthError):
        read(b"custom=a&custom=b")


def test_the_place_named_first_wins():
    both = {"body": b"username=body&scope=s", "query": b"username=query"}
    assert read(**both, parameters=("query", "body")) == {"username": "query", "scope": "s"}
    assert read(**both, parameters=("body", "query")) == {"username": "body", "scope": "s"}


@pytest.mark.parametrize(
    ("charset", "read_as"),
    [(b"ISO-8859-1", {"password": "Â£"}), (b"utf-8", {"password": "£"}), (b"us-ascii", {}), (b"utf-16", {})],
)
def test_a_form_is_read_in_the_charset_that_it_names(charset, read_as):
    """Apache HttpClient names ISO-8859-1 wherever nobody says another."""
    named = (b"content-type", b"application/x-www-form-urlencoded; charset=" + charset)
    assert read(b"password=%C2%A3", content_type=named, other_media_type="ignore", malformed="ignore") == read_as


@pytest.mark.parametrize("media_type", [b"text/plain", b"Text/Plain;charset=UTF-8"])
def test_what_fetch_calls_a_string_is_what_a_body_without_a_media_type_is(media_type):
    named = (b"content-type", media_type)
    assert read(b"username=a", content_type=named, default_media_type="form") == {"username": "a"}
    assert read(b"username=a", content_type=named, other_media_type="ignore") == {}
    with pytest.raises(OAuthError):
        read(b"username=a", content_type=named)


def test_oauth_parameters_in_a_query_that_is_not_read_are_refused_or_ignored():
    assert read(query=b"trace=1") == {}
    with pytest.raises(OAuthError) as refused:
        read(query=b"username=a")
    assert refused.value.refusal is Refusal.PARAMETER_IN_QUERY


def test_a_malformed_query_is_refused_or_ignored():
    with pytest.raises(OAuthError):
        read(query=b"a=%ff")
    assert read(query=b"a=%ff", parameters=("query",), malformed="ignore") == {}


def test_values_are_trimmed_but_for_those_that_are_not():
    assert read(b"username=+a+&password=+b+", trimmed=True) == {"username": "a", "password": " b "}


def test_an_empty_value_is_missing_or_a_value():
    assert read(b"username=") == {}
    assert read(b"username=", empty="value") == {"username": ""}


def test_a_scope_longer_than_any_is_refused_before_it_is_split():
    with pytest.raises(OAuthError) as refused:
        read_scope("a " * LONGEST_SCOPE, ScopeWords())
    assert refused.value.refusal is Refusal.MALFORMED_SCOPE
