"""Messages as bytes, against a server process: what is no HTTP/1.1, what is too much of it, and what hides a request.

T05 and T09, and the ways of hiding one request in another. Each of them carries credentials that are good.
"""

from __future__ import annotations

import json
import re
import resource
import socket
import sqlite3
from base64 import b64encode
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cli.commanding import make_folder
from tests.processes import running_server, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.processes import ServerProcess

FORM = b"grant_type=client_credentials"
SECONDS = 20
HUNG_UP = (ConnectionResetError, BrokenPipeError)


@dataclass(frozen=True)
class Door:
    """A server, and a client that may have tokens."""

    server: ServerProcess
    basic: bytes
    database: Path

    def head(self, *lines: bytes, start: bytes = b"POST /oauth2/token HTTP/1.1", host: bytes = b"Host: a") -> bytes:
        """A head with good credentials; what is not given is as it should be."""
        media_type = b"Content-Type: application/x-www-form-urlencoded"
        all_lines = (start, host, b"Authorization: Basic " + self.basic, media_type, *lines)
        return b"\r\n".join(line for line in all_lines if line) + b"\r\n\r\n"

    def request(self, *lines: bytes, body: bytes = FORM, **more: bytes) -> bytes:
        """A whole request for a token."""
        return self.head(b"Content-Length: %d" % len(body), *lines, **more) + body

    def connected(self) -> socket.socket:
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=SECONDS)

    def converse(self, *pieces: bytes, wait_for: bytes = b"") -> bytes:
        """What comes back until the server hangs up; each piece but the first waits for an answer that has this."""
        received = b""
        with self.connected() as connection:
            try:
                for number, piece in enumerate(pieces):
                    while number and wait_for not in received:
                        received += connection.recv(65536)
                    connection.sendall(piece)
                while chunk := connection.recv(65536):
                    received += chunk
            except HUNG_UP:
                pass
        return received

    def issued(self) -> int:
        """How many tokens were given out so far."""
        with closing(sqlite3.connect(self.database)) as database:
            ((number,),) = database.execute("SELECT count(*) FROM access_tokens")
        return number

    def refusals(self, *pieces: bytes, wait_for: bytes = b"") -> list[int]:
        """The status of each answer; the server must hang up, and give out no token."""
        before = self.issued()
        received = self.converse(*pieces, wait_for=wait_for)
        assert self.next_token() == before + 1
        return statuses(received)

    def next_token(self) -> int:
        """A good request is answered; how many tokens were given out, with it."""
        answer = self.converse(self.request(b"Connection: close"))
        assert statuses(answer) == [200], answer
        return self.issued()


def statuses(received: bytes) -> list[int]:
    return [int(one) for one in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = make_folder(tmp_path_factory.mktemp("messages") / "server")
    secret = folder.client("shop", "--grant-type", "client_credentials", "--token-format", "opaque")
    folder.change(trusted_proxies='trusted_proxies = ["127.0.0.1/32"]')
    with running_server(folder.file) as server:
        yield Door(server, b64encode(f"shop:{secret}".encode()), folder.path / "dragoman.db")


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
    b"\x16\x03\x01\x02\x00\x01": 400,
}


@pytest.mark.parametrize("start", STARTS, ids=range(len(STARTS)))
def test_t09_a_request_line_of_another_kind_is_refused(door: Door, start: bytes):
    assert set(door.refusals(door.request(start=start))) <= {400, STARTS[start]}


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


def test_t09_http_1_0_has_no_chunks(door: Door):
    request = door.head(b"Transfer-Encoding: chunked", start=b"POST /oauth2/token HTTP/1.0")
    assert door.refusals(request + b"1d\r\n" + FORM + b"\r\n0\r\n\r\n") == [501]


def test_t09_an_absolute_target_says_nothing_about_who_is_asked(door: Door):
    """RFC 9112 §3.2.2: it is accepted; and its host is believed no more than any other."""
    start = b"GET http://evil.example/.well-known/oauth-authorization-server HTTP/1.1"
    answer = door.converse(door.request(b"Connection: close", start=start, body=b""))
    assert statuses(answer) == [200]
    assert b"evil" not in answer


def test_t09_a_trailer_is_no_header(door: Door):
    """Else it would be the last X-Forwarded-For, written by the client itself, behind a proxy's back."""
    trailer = b"0\r\nX-Forwarded-For: 198.51.100.66\r\nAuthorization: Basic eDp5\r\n\r\n"
    head = door.head(b"Transfer-Encoding: chunked", b"X-Forwarded-For: 203.0.113.5", b"Connection: close")
    assert statuses(door.converse(head + b"1d\r\n" + FORM + b"\r\n" + trailer)) == [200]
    told = wait_until(lambda: {line["address"] for line in door.server.events("request")} - {"127.0.0.1"})
    assert told == {"203.0.113.5"}


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


TOO_LONG = {
    "a long path": ({"start": b"POST /" + b"a" * 9000 + b" HTTP/1.1"}, (), 414),
    "a long query": ({"start": b"POST /oauth2/token?" + b"a" * 9000 + b" HTTP/1.1"}, (), 414),
    "a long line": ({}, (b"X: " + b"a" * 17000,), 431),
    "a long name": ({}, (b"X" * 17000 + b": a",), 431),
    "many lines": ({}, tuple(b"X%d: a" % number for number in range(120)), 431),
    "long lines": ({}, tuple(b"X%d: " % number + b"a" * 1000 for number in range(20)), 431),
}


@pytest.mark.parametrize("name", TOO_LONG)
def test_t05_a_head_that_is_too_long_is_refused_before_anything_is_done(door: Door, name: str):
    more, lines, status = TOO_LONG[name]
    assert door.refusals(door.request(*lines, **more)) == [status]


@pytest.mark.parametrize("endless", [b"GET /" + b"a" * 100, b"a", b"X: a\r\n", b"X: " + b"a" * 100])
def test_t05_a_head_without_end_is_cut_off(door: Door, endless: bytes):
    """By bytes, not by time; a whole megabyte more would be taken by the kernel alone."""
    begun = b"" if endless.startswith(b"GET") else b"GET / HTTP/1.1\r\nHost: a\r\n"
    with door.connected() as connection, pytest.raises(HUNG_UP):  # noqa: PT012 (any of many)
        connection.sendall(begun)
        for _ in range(20_000):
            connection.sendall(endless * 100)
    door.next_token()


@pytest.mark.parametrize("endless", [b"1;" + b"x" * 60_000 + b"\r\na\r\n", b"1000\r\n" + b"a" * 4096 + b"\r\n"])
def test_t05_a_body_in_chunks_without_end_is_cut_off(door: Door, endless: bytes):
    with door.connected() as connection, pytest.raises(HUNG_UP):  # noqa: PT012 (any of many)
        connection.sendall(door.head(b"Transfer-Encoding: chunked"))
        for _ in range(20_000):
            connection.sendall(endless)
    door.next_token()


def test_t05_trailers_without_end_are_cut_off(door: Door):
    with door.connected() as connection, pytest.raises(HUNG_UP):  # noqa: PT012 (any of many)
        connection.sendall(door.head(b"Transfer-Encoding: chunked") + b"1d\r\n" + FORM + b"\r\n0\r\n")
        for _ in range(20_000):
            connection.sendall(b"X: " + b"a" * 1000 + b"\r\n")
    door.next_token()


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
