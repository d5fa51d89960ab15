"""Messages of which nobody can tell the end are refused, and nothing in them is acted on: T09.

Each of them carries credentials that are good.
"""

from __future__ import annotations

import json

import pytest

from tests.attacks.door import FORM, Door, statuses
from tests.processes import wait_until

FRAMING = {
    "a negative length": b"Content-Length: -1",
    "a length with a plus": b"Content-Length: +29",
    "a length that is no number": b"Content-Length: 2e1",
    "a length that is a list": b"Content-Length: 29, 29",
    "an empty length": b"Content-Length:",
    "an immense length": b"Content-Length: 99999999999999999999",
    "two lengths": b"Content-Length: 29\r\nContent-Length: 28",
    "the same length twice": b"Content-Length: 29\r\nContent-Length: 29",
    "a length and chunks": b"Content-Length: 29\r\nTransfer-Encoding: chunked",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 29",
    "chunks of another coding": b"Transfer-Encoding: gzip, chunked",
    "another coding after chunks": b"Transfer-Encoding: chunked, gzip",
    "a coding nobody knows": b"Transfer-Encoding: xchunked",
    "a coding and a length": b"Transfer-Encoding: identity\r\nContent-Length: 29",
    "chunks twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "a coding after a control character": b"Transfer-Encoding: \x0bchunked",
    "a folded coding": b"Transfer-Encoding:\r\n chunked",
    "a length with a space before its colon": b"Content-Length : 29",
}


@pytest.mark.parametrize("name", FRAMING)
def test_t09_a_message_of_which_nobody_can_tell_the_end_is_refused_and_the_connection_closed(door: Door, name: str):
    body = b"1d\r\n" + FORM + b"\r\n0\r\n\r\n" if b"chunked" in FRAMING[name] else FORM
    assert door.refusals(door.head(FRAMING[name]) + body + door.request()) in ([400], [501])


CHUNKS = {
    "a size that is none": b"xyz\r\n" + FORM,
    "a size with 0x": b"0x1d\r\n" + FORM,
    "a negative size": b"-1d\r\n" + FORM,
    "an immense size": b"f" * 40 + b"\r\n" + FORM,
    "a size with a space": b"1d \r\n" + FORM,
    "bare line feeds": b"1d\n" + FORM + b"\n0\n\n",
    "more than its size": b"1d\r\n" + FORM + b"x\r\n0\r\n\r\n",
    "a line feed in an extension": b"1d;a=\nb\r\n" + FORM + b"\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", CHUNKS)
def test_t09_a_malformed_chunk_is_refused_and_what_was_sent_before_it_is_not_acted_on(door: Door, name: str):
    assert door.refusals(door.head(b"Transfer-Encoding: chunked") + CHUNKS[name] + door.request()) == [400]


def test_t09_chunks_as_they_should_be_are_a_body(door: Door):
    pieces = b"".join(b"1;x=y\r\n" + bytes([one]) + b"\r\n" for one in FORM)
    answer = door.converse(door.head(b"Transfer-Encoding: chunked", b"Connection: close") + pieces + b"0\r\n\r\n")
    assert statuses(answer) == [200]


def test_t09_http_1_0_has_no_chunks(door: Door):
    request = door.head(b"Transfer-Encoding: chunked", start=b"POST /oauth2/token HTTP/1.0")
    assert door.refusals(request + b"1d\r\n" + FORM + b"\r\n0\r\n\r\n") == [501]


def test_t09_a_trailer_is_no_header(door: Door):
    """Else it would be the last X-Forwarded-For, written by the client itself, behind a proxy's back."""
    trailer = b"0\r\nX-Forwarded-For: 198.51.100.66\r\nAuthorization: Basic eDp5\r\n\r\n"
    head = door.head(b"Transfer-Encoding: chunked", b"X-Forwarded-For: 203.0.113.5", b"Connection: close")
    assert statuses(door.converse(head + b"1d\r\n" + FORM + b"\r\n" + trailer)) == [200]
    told = wait_until(lambda: {line["address"] for line in door.server.events("request")} - {"127.0.0.1"})
    assert told == {"203.0.113.5"}


@pytest.mark.parametrize("line", [b"Connection: close", b"connection: keep-alive", b"Proxy-Connection: close"])
def test_t09_a_trailer_says_nothing_of_the_connection(door: Door, line: bytes):
    """Else whoever has the next request on it, sent by the same proxy, would wait for an answer that never comes."""
    request = door.head(b"Transfer-Encoding: chunked") + b"1d\r\n" + FORM + b"\r\n0\r\n" + line + b"\r\n\r\n"
    assert door.refusals(request + door.request()) == [400]
    assert statuses(door.converse(b"GET /health/live HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        line + b"\r\n\r\n" + door.request(), wait_for=b"live")) == [200]  # fmt: skip


def test_t09_a_refusal_is_the_canonical_one(door: Door):
    answer = door.converse(door.head(b"Content-Length: -1"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert json.loads(body) == {"error": "invalid_request", "error_description": "the message is not HTTP/1.1"}
    for line in (b"content-type: application/json", b"cache-control: no-store", b"connection: close"):
        assert line in head.lower()


def test_t09_who_expects_100_continue_is_told_to_go_on(door: Door):
    head = door.head(b"Content-Length: %d" % len(FORM), b"Expect: 100-continue", b"Connection: close")
    assert statuses(door.converse(head, FORM, wait_for=b"100 Continue")) == [100, 200]


def test_t09_what_is_refused_before_its_body_gets_no_100_continue(door: Door):
    head = door.head(b"Content-Length: 10", b"Expect: 100-continue", b"Host: b")
    assert door.refusals(head) == [400]
