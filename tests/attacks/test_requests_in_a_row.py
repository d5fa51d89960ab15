"""One request cannot be hidden in another, and those that follow each other are answered in order: T09, F26."""

from __future__ import annotations

import re
import resource
import socket
from contextlib import ExitStack, suppress

import pytest

from tests.attacks.door import FORM, Door, statuses


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.3", b"x"])
def test_t09_who_asks_for_another_protocol_is_answered_in_this_one_and_its_body_is_no_request(
    door: Door, protocol: bytes
):
    """RFC 9110 §7.8. Some programs do so with every request."""
    ask = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: " + protocol, b"HTTP2-Settings: AAMAAABkAAQAAP__")
    chunked = door.head(b"Transfer-Encoding: chunked", *ask) + b"1d\r\n" + FORM + b"\r\n0\r\n\r\n"
    last = door.request(b"Connection: close")
    assert statuses(door.converse(door.request(*ask) + chunked + door.request(*ask) + last)) == [200] * 4
    hidden = door.request()
    before = door.issued()
    answer = door.converse(door.head(b"Content-Length: %d" % len(hidden), *ask), hidden + last)
    assert statuses(answer) == [400, 200]
    assert door.issued() == before + 1


def test_t09_the_body_of_a_refused_request_is_no_request(door: Door):
    hidden, before = door.request(), door.issued()
    request = door.head(b"Content-Length: %d" % len(hidden), start=b"POST /nowhere HTTP/1.1") + hidden
    assert statuses(door.converse(request + door.request(b"Connection: close"))) == [404, 200]
    assert door.issued() == before + 1


def test_t09_what_follows_a_close_is_not_acted_on(door: Door):
    before = door.issued()
    assert statuses(door.converse(door.request(b"Connection: close") + door.request())) == [200]
    assert door.issued() == before + 1


def test_t09_what_is_malformed_behind_a_good_request_does_not_take_its_answer(door: Door):
    answer = door.converse(door.request() + b"GARBAGE\r\n\r\n")
    assert statuses(answer) == [200]
    assert b"access_token" in answer


def test_t09_a_flood_of_requests_on_one_connection_is_read_no_faster_than_it_is_answered(door: Door):
    request = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
    with open(f"/proc/{min(door.server.workers)}/statm", encoding="ascii") as statm:  # noqa: PTH123

        def memory() -> int:
            statm.seek(0)
            return int(statm.read().split()[1]) * resource.getpagesize()

        before = memory()
        with ExitStack() as stack:
            for _ in range(8):
                connection = stack.enter_context(door.connected())
                connection.settimeout(0.2)
                with suppress(TimeoutError):  # nobody takes the answers, so that it is read no further
                    connection.sendall(request * 200_000)
            door.next_token()
            assert memory() - before < 16 * 2**20


def test_t09_many_requests_at_once_are_all_answered(door: Door):
    before = door.issued()
    answer = door.converse(door.request() * 199 + door.request(b"Connection: close"))
    assert statuses(answer) == [200] * 200
    assert door.issued() == before + 200


def test_t09_requests_that_wait_for_each_other_are_answered_in_order(door: Door):
    paths = [b"/health/live", b"/nowhere", b"/health/ready", b"/health/live"] * 4
    requests = [b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths[:-1]]
    last = b"GET " + paths[-1] + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = door.converse(b"".join(requests) + last)
    assert re.findall(rb'"live"|"ready"| 404 ', answer) == [b'"live"', b" 404 ", b'"ready"', b'"live"'] * 4


@pytest.mark.parametrize("number", [1, 3, 40])
def test_f26_who_says_all_and_then_listens_is_answered(door: Door, number: int):
    before = door.issued()
    received = b""
    with door.connected() as connection:
        connection.sendall(door.request() * number)
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            received += chunk
    assert received.count(b"HTTP/1.1 200 ") == number
    assert door.issued() == before + number


def test_f26_what_was_cut_short_behind_a_whole_request_takes_nobody_its_answer(door: Door):
    before = door.issued()
    received = b""
    with door.connected() as connection:
        connection.sendall(door.request() + door.request()[:-3])
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            received += chunk
    assert received.count(b"HTTP/1.1 ") == received.count(b"HTTP/1.1 200 ") == 1
    assert door.issued() == before + 1
