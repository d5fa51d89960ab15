"""A connection answers in order, each answer in one piece, and takes no more than it can hold."""

from __future__ import annotations

import asyncio
from functools import wraps

import pytest

from dragoman.core.errors import OAuthError
from dragoman.dialects.wire import WireResponse
from dragoman.http.bounds import Bounds, Ending
from dragoman.http.connection import Commons, Connection
from dragoman.http.request import ClientGone, Request

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
LIMIT = 8


def on_a_loop(test):
    """The coroutine function as a test."""

    @wraps(test)
    def run(*arguments, **named) -> None:
        asyncio.run(test(*arguments, **named))

    return run


class Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = []
        self.reading = True
        self.closed = False

    def write(self, data):
        self.pieces.append(data)

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def get_write_buffer_size(self):
        return 0

    def get_extra_info(self, name, default=None):
        return ("192.0.2.1", 4711) if name == "peername" else default


class Talk:
    """A connection, what is at its other end, and an application that says what it was asked."""

    def __init__(self, **bounds) -> None:
        self.wire = Wire()
        self.asked = []
        self.faults = []
        self.open = asyncio.Event()
        self.open.set()
        self.headers = ((b"X-One", b"1"),)
        self.commons = Commons(application=self.answer, tell_fault=self.faults.append, bounds=Bounds(**bounds))
        self.connection = Connection(self.commons)
        self.connection.connection_made(self.wire)

    async def answer(self, request: Request) -> WireResponse:
        self.asked.append(request)
        try:
            body = await request.read_body(LIMIT)
        except OAuthError:
            return WireResponse(status=413, headers=((b"Connection", b"close"),), body=b"")
        await self.open.wait()
        return WireResponse(
            status=200, headers=self.headers, body=f"{request.head.method} {request.head.path} ".encode() + body
        )

    async def say(self, *pieces: bytes) -> list[bytes]:
        for piece in pieces:
            self.connection.data_received(piece)
            await self.rest()
        return self.wire.pieces

    async def rest(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


def spelled(body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nx-one: 1\r\ncontent-length: %d\r\n%b\r\n%b" % (len(body), more, body)


@on_a_loop
async def test_head_and_body_leave_together():
    assert await Talk().say(GET % 1) == [spelled(b"GET /1 ")]


@on_a_loop
async def test_an_answer_to_head_has_its_length_and_no_body():
    answered = await Talk().say(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answered == [b"HTTP/1.1 200 OK\r\nx-one: 1\r\ncontent-length: 7\r\n\r\n"]


@on_a_loop
async def test_requests_that_come_together_are_answered_in_order():
    answered = await Talk().say(GET % 1 + GET % 2 + GET % 3)
    assert answered == [spelled(b"GET /%d " % number) for number in (1, 2, 3)]


@pytest.mark.parametrize("cut", range(1, len(POST) + 4))
@on_a_loop
async def test_a_request_is_the_same_wherever_it_is_cut(cut):
    whole = POST + b"body"
    assert await Talk().say(whole[:cut], whole[cut:]) == [spelled(b"POST / body")]


@on_a_loop
async def test_who_asks_whether_to_go_on_is_told_to_when_the_body_is_wanted():
    talk = Talk()
    await talk.say(POST[:-2] + b"Expect: 100-continue\r\n\r\n")
    assert talk.wire.pieces == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    await talk.say(b"b", b"o", b"dy")
    assert talk.wire.pieces[1:] == [spelled(b"POST / body")]


@on_a_loop
async def test_a_body_that_is_too_long_is_refused_before_all_of_it_is_here():
    talk = Talk()
    answered = await talk.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n" + b"x" * (LIMIT + 1))
    assert answered == [b"HTTP/1.1 413 Request Entity Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"]
    assert talk.wire.closed


@pytest.mark.parametrize(
    "head", [b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET /1 HTTP/1.0\r\n\r\n"]
)
@on_a_loop
async def test_who_wants_the_connection_closed_is_told_that_it_is(head):
    talk = Talk()
    assert await talk.say(head) == [spelled(b"GET /1 ", b"connection: close\r\n")]
    assert talk.wire.closed


@on_a_loop
async def test_a_server_that_leaves_answers_all_that_it_has_and_closes_with_the_last():
    talk = Talk()
    talk.open.clear()
    await talk.say(GET % 1 + GET % 2)
    talk.commons.leaving = True
    talk.open.set()
    await talk.rest()
    assert talk.wire.pieces == [spelled(b"GET /1 "), spelled(b"GET /2 ", b"connection: close\r\n")]
    assert talk.wire.closed


@on_a_loop
async def test_who_hangs_up_before_the_end_of_a_request_is_not_answered():
    talk = Talk()
    await talk.say(POST)
    talk.connection.connection_lost(None)
    await talk.rest()
    assert (talk.wire.pieces, talk.faults, talk.commons.answering) == ([], [], set())
    with pytest.raises(ClientGone):
        await talk.asked[0].read_body(LIMIT)


@on_a_loop
async def test_an_application_can_wait_for_its_client_to_hang_up():
    talk = Talk()
    talk.open.clear()
    await talk.say(GET % 1)
    waiting = asyncio.create_task(talk.asked[0].hung_up())
    await talk.rest()
    assert not waiting.done()
    talk.connection.connection_lost(None)
    assert await waiting


@on_a_loop
async def test_who_has_said_all_may_have_gone_and_is_answered_all_the_same():
    talk = Talk()
    talk.open.clear()
    await talk.say(GET % 1)
    assert talk.connection.eof_received()
    assert await talk.asked[0].hung_up()
    talk.open.set()
    await talk.rest()
    assert talk.wire.pieces == [spelled(b"GET /1 ", b"connection: close\r\n")]
    assert talk.wire.closed


@on_a_loop
async def test_nothing_is_read_beyond_the_requests_that_may_wait():
    talk = Talk(pipelined=2)
    talk.open.clear()
    await talk.say(b"".join(GET % number for number in range(1, 200)))
    assert (len(talk.asked), talk.wire.reading) == (1, False)
    talk.open.set()
    while len(talk.wire.pieces) < 199:
        await talk.rest()
    assert talk.wire.pieces == [spelled(b"GET /%d " % number) for number in range(1, 200)]
    assert talk.wire.reading


@on_a_loop
async def test_no_further_request_is_answered_while_answers_lie_unread():
    talk = Talk()
    talk.connection.pause_writing()
    await talk.say(GET % 1 + GET % 2)
    assert (talk.asked, talk.wire.reading) == ([], False)
    talk.connection.resume_writing()
    await talk.rest()
    assert talk.wire.pieces == [spelled(b"GET /1 "), spelled(b"GET /2 ")]
    assert talk.wire.reading


@on_a_loop
async def test_an_answer_is_sent_though_those_before_it_lie_unread():
    talk = Talk()
    talk.open.clear()
    await talk.say(GET % 1)
    talk.connection.pause_writing()
    talk.connection.resume_writing()
    talk.connection.pause_writing()
    talk.open.set()
    await talk.rest()
    assert talk.wire.pieces == [spelled(b"GET /1 ")]


@pytest.mark.parametrize("header", [(b"X-One", b"1\r\nX-Two: 2"), (b"X One", b"1"), (b"X-One", b"\0")])
@on_a_loop
async def test_a_header_that_would_be_another_line_is_never_sent(header):
    talk = Talk()
    talk.headers = (header,)
    answered = await talk.say(GET % 1)
    assert len(answered) == len(talk.faults) == 1
    assert answered[0].startswith(b"HTTP/1.1 500 ")
    assert b"X-Two" not in answered[0]
    assert talk.wire.closed


@on_a_loop
async def test_a_fault_of_the_application_is_told_and_ends_the_connection():
    talk = Talk()

    async def fail(_request):
        raise RuntimeError("secret")

    talk.commons.application = fail
    answered = await talk.say(GET % 1)
    assert answered[0].endswith(b'\r\n\r\n{"error":"server_error"}')
    assert (len(answered), len(talk.faults), talk.wire.closed) == (1, 1, True)


@pytest.mark.parametrize("codings", [(b"gzip", b"chunked"), (b"chunked", b"gzip"), (b"gzip, chunked",)])
@on_a_loop
async def test_a_coding_that_is_not_known_is_refused_in_whichever_line_it_stands(codings):
    talk = Talk()
    lines = b"".join(b"Transfer-Encoding: %b\r\n" % coding for coding in codings)
    answered = await talk.say(b"POST / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n0\r\n\r\n")
    assert len(answered) == 1
    assert answered[0].startswith((b"HTTP/1.1 501 ", b"HTTP/1.1 400 "))
    assert (talk.asked, talk.wire.closed) == ([], True)


@on_a_loop
async def test_the_last_answer_before_a_malformed_message_says_that_it_is_the_last():
    talk = Talk()
    talk.open.clear()
    await talk.say(GET % 1 + GET % 2 + b"GARBAGE\r\n\r\n")
    talk.open.set()
    await talk.rest()
    assert talk.wire.pieces == [spelled(b"GET /1 "), spelled(b"GET /2 ", b"connection: close\r\n")]
    assert talk.wire.closed


@on_a_loop
async def test_what_comes_after_the_connection_was_closed_is_not_acted_on():
    """Over TLS it does come."""
    talk = Talk()
    talk.headers = ((b"Connection", b"close"),)
    await talk.say(GET % 1)
    assert talk.wire.closed
    await talk.say(GET % 2, GET % 3 * 200)
    assert [request.head.path for request in talk.asked] == ["/1"]


@on_a_loop
async def test_what_comes_after_an_idle_connection_was_closed_is_not_acted_on():
    talk = Talk(idle_seconds=1)
    await talk.say(GET % 1)
    assert talk.connection.tend(talk.connection.since + 2) is Ending.IDLE
    await talk.say(GET % 2)
    assert (len(talk.asked), talk.wire.closed) == (1, True)


@on_a_loop
async def test_the_bodies_of_requests_that_wait_are_read_within_a_bound_and_answered_all_the_same():
    talk = Talk(waiting_bytes=4096)
    talk.open.clear()
    body = b"x" * LIMIT
    waiting = b"POST /2 HTTP/1.1\r\nHost: a\r\nX: %b\r\nContent-Length: 8\r\n\r\n" % (b"x" * 1500) + body
    await talk.say(GET % 1 + waiting * 12)
    assert not talk.wire.reading
    talk.open.set()
    for _ in range(13):
        await talk.rest()
    assert talk.wire.pieces == [spelled(b"GET /1 "), *[spelled(b"POST /2 " + body)] * 12]
    assert talk.wire.reading


@on_a_loop
async def test_a_request_whose_answering_is_cancelled_takes_its_connection_with_it():
    """Else nobody would ever answer, and nobody end it: it is whole, and its answer has no time-out."""
    talk = Talk()

    async def give_up(_request):
        raise asyncio.CancelledError

    talk.commons.application = give_up
    assert await talk.say(GET % 1) == []
    assert (talk.wire.closed, talk.commons.answering) == (True, set())


EXPECTING = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %b\r\nExpect: 100-continue\r\n\r\n"


@pytest.mark.parametrize("length", [b"9", b"0" * 5000 + b"9", b"9" * 18])
@on_a_loop
async def test_who_asks_whether_to_go_on_with_too_long_a_body_is_told_not_to(length):
    talk = Talk()
    answered = await talk.say(EXPECTING % length)
    assert [answer[:12] for answer in answered] == [b"HTTP/1.1 413"]
    assert talk.wire.closed


@on_a_loop
async def test_where_a_body_was_never_asked_for_what_comes_next_is_not_guessed():
    """It may be the body, or the next request of one who has understood that the body is not wanted."""
    talk = Talk()

    async def not_found(_request):
        return WireResponse(status=200, headers=talk.headers, body=b"")

    talk.commons.application = not_found
    assert await talk.say(EXPECTING % b"4") == [spelled(b"", b"connection: close\r\n")]
    assert talk.wire.closed


@on_a_loop
async def test_a_client_of_http_1_0_is_never_told_to_go_on():
    talk = Talk()
    await talk.say(b"POST / HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert talk.wire.pieces == []
    assert await talk.say(b"body") == [spelled(b"POST / body", b"connection: close\r\n")]


@on_a_loop
async def test_what_stands_behind_a_value_is_no_part_of_it():
    talk = Talk()
    await talk.say(
        b"POST / HTTP/1.1\r\nHost: a \r\nX: b\t \r\nTransfer-Encoding: chunked \r\n\r\n4\r\nbody\r\n0\r\n\r\n"
    )
    assert talk.asked[0].head.headers == ((b"host", b"a"), (b"x", b"b"), (b"transfer-encoding", b"chunked"))
    assert talk.wire.pieces == [spelled(b"POST / body")]


@on_a_loop
async def test_a_tunnel_is_never_begun():
    talk = Talk()
    answered = await talk.say(b"CONNECT /1 HTTP/1.1\r\nHost: a\r\n\r\n" + GET % 2)
    assert answered == [spelled(b"CONNECT /1 ", b"connection: close\r\n")]
    assert ([request.head.path for request in talk.asked], talk.wire.closed) == (["/1"], True)


@pytest.mark.parametrize("before", [b"", GET % 1])
@on_a_loop
async def test_what_is_unacceptable_is_counted_once(before):
    talk = Talk()
    await talk.say(before + b"GARBAGE\r\n\r\n", b"GARBAGE\r\n\r\n")
    assert talk.commons.ended == {"unacceptable": 1}


@on_a_loop
async def test_a_refusal_has_its_date():
    """RFC 9110 §6.6.1."""
    talk = Talk()
    talk.commons.date = b"date: Sun, 22 Nov 2026 09:00:00 GMT\r\n"
    (answer,) = await talk.say(b"GARBAGE\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n" + talk.commons.date)


@on_a_loop
async def test_a_request_that_was_answered_keeps_nothing_of_its_body():
    talk = Talk()
    await talk.say(POST + b"body")
    assert not talk.asked[0]._body
