"""Request lines, hosts, targets and heads that are none are refused: T09, T20."""

from __future__ import annotations

import pytest

from tests.attacks.door import Door, statuses

HEADS = {
    "a folded field": (b"X: a\r\n b",),
    "a NUL in a value": (b"X: a\0b",),
    "a bare CR in a value": (b"X: a\rb",),
    "a bare LF in a value": (b"X: a\nY: b",),
    "a control character in a value": (b"X: a\x01b",),
    "a NUL in a name": (b"X\0: a",),
    "an empty name": (b": a",),
    "no colon": (b"abc",),
    "two hosts": (b"Host: b",),
    "two hosts that are the same": (b"Host: a",),
}


@pytest.mark.parametrize("name", HEADS)
def test_t09_a_malformed_head_is_refused(door: Door, name: str):
    assert door.refusals(door.request(*HEADS[name]) + door.request()) == [400]


STARTS = {
    b"POST /oauth2/token": 505,
    b"POST /oauth2/token HTTP/0.9": 505,
    b"POST /oauth2/token HTTP/2.0": 505,
    b"POST /oauth2/token HTTP/1.2": 400,
    b"POST /oauth2/token HTTP/11.1": 400,
    b"POST /oauth2/token http/1.1": 400,
    b"POST /oauth2 /token HTTP/1.1": 400,
    b"POST /oauth2/token\0 HTTP/1.1": 400,
    b"POST /oauth2/token\xff HTTP/1.1": 400,
    b"POST\t/oauth2/token HTTP/1.1": 400,
    b"post /oauth2/token HTTP/1.1": 400,
    b"BREW /oauth2/token HTTP/1.1": 400,
    b"POST oauth2/token HTTP/1.1": 400,
    b"POST http://evil.example HTTP/1.1": 400,
    b"CONNECT evil.example:80 HTTP/1.1": 400,
    b"PRI * HTTP/2.0": 400,
    b"POST /oauth2/token RTSP/1.1": 505,
    b"POST /oauth2/token  RTSP/1.0": 505,
    b"OPTIONS rtsp://a.example/oauth2/token RTSP/1.0": 505,
    b"DESCRIBE /oauth2/token RTSP/1.0": 505,
    b"SOURCE /oauth2/token ICE/1.0": 505,
    b"\x16\x03\x01\x02\x00\x01": 400,
}


@pytest.mark.parametrize("start", STARTS, ids=range(len(STARTS)))
def test_t09_a_request_line_of_another_kind_is_refused(door: Door, start: bytes):
    assert set(door.refusals(door.request(start=start))) <= {400, STARTS[start]}


def test_t09_another_protocol_in_pieces_or_behind_another_request_is_refused(door: Door):
    other = door.request(start=b"POST /oauth2/token?a RTSP/1.1")
    pieces = door.request() + other[:25], other[25:] + door.request()
    assert statuses(door.converse(*pieces, wait_for=b"}")) == [200, 505]
    assert statuses(door.converse(door.request() + other + door.request())) == [200]


def test_t09_the_name_of_another_protocol_in_a_message_is_no_matter(door: Door):
    answer = door.converse(door.request(b"User-Agent: VLC RTSP/1.0 ICE/1.0", b"Connection: close"))
    assert statuses(answer) == [200]


def test_t09_a_request_needs_its_host_unless_it_is_of_http_1_0(door: Door):
    assert door.refusals(door.request(host=b"")) == [400]
    answer = door.converse(door.request(start=b"POST /oauth2/token HTTP/1.0", host=b""))
    assert statuses(answer) == [200]


@pytest.mark.parametrize(
    "host", [b"a b", b"a/b", b"a, b", b"b@a", b"a:b", b"a:80:80", b"a\xff", b"[::1", b"<a>", b"a\\b", b"a?b", b"a#b"]
)
def test_t09_a_host_that_is_none_is_refused(door: Door, host: bytes):
    """RFC 9112 §3.2. Whoever stands before us may have read something else in it."""
    assert door.refusals(door.request(host=b"Host: " + host)) == [400]


@pytest.mark.parametrize("host", [b"", b"a", b"A.example:8443", b"127.0.0.1:80", b"[::1]:80", b"my_service:", b"%61"])
def test_t09_a_host_is_taken_as_the_rfc_writes_it(door: Door, host: bytes):
    answer = door.converse(door.request(b"Connection: close", host=b"Host: " + host))
    assert statuses(answer) == [200]


def test_t09_a_later_host_is_looked_at_too(door: Door):
    answer = door.converse(door.request() + door.request(host=b"Host: a b"))
    assert statuses(answer) == [200]


def test_t20_a_target_has_no_fragment(door: Door):
    """RFC 9112 §3.2; a gate before us that compares whole targets would let it through."""
    assert door.refusals(door.request(start=b"POST /oauth2/token#/public HTTP/1.1")) == [400]
    assert door.refusals(door.request(start=b"POST /oauth2/token?a#b HTTP/1.1")) == [400]


@pytest.mark.parametrize("slash", [b"%2F", b"%2f"])
def test_t20_an_encoded_slash_does_not_part_a_path(door: Door, slash: bytes):
    """RFC 3986 §2.2; a gate before us that goes by segments would let it through."""
    line = b"POST /oauth2" + slash + b"token HTTP/1.1"
    assert door.refusals(door.request(b"Connection: close", start=line)) == [404]


def test_t09_an_absolute_target_says_nothing_about_who_is_asked(door: Door):
    """RFC 9112 §3.2.2: it is accepted; and its host is believed no more than any other."""
    start = b"GET http://evil.example/.well-known/oauth-authorization-server HTTP/1.1"
    answer = door.converse(door.request(b"Connection: close", start=start, body=b""))
    assert statuses(answer) == [200]
    assert b"evil" not in answer
