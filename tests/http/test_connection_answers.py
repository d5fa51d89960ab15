"""A connection answers in order, each answer in one piece, and nothing of an answer becomes another line."""

from __future__ import annotations

import asyncio

import pytest
from connection_talk import GET, POST, Talk, spelled
from tests.coroutines import on_a_loop


@on_a_loop
async def test_head_and_body_leave_together():
    assert await Talk().say(GET % 1) == [spelled(b"GET /1 ")]


@on_a_loop
async def test_an_answer_to_head_has_its_length_and_no_body():
    answered = await Talk().say(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answered == [b"HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 7\r\n\r\n"]


@on_a_loop
async def test_requests_that_come_together_are_answered_in_order():
    answered = await Talk().say(GET % 1 + GET % 2 + GET % 3)
    assert answered == [spelled(b"GET /%d " % number) for number in (1, 2, 3)]


@pytest.mark.parametrize("cut", range(1, len(POST) + 4))
@on_a_loop
async def test_a_request_is_the_same_wherever_it_is_cut(cut):
    whole = POST + b"body"
    assert await Talk().say(whole[:cut], whole[cut:]) == [spelled(b"POST / body")]


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


@on_a_loop
async def test_a_request_whose_answering_is_cancelled_takes_its_connection_with_it():
    """Else nobody would ever answer, and nobody end it: it is whole, and its answer has no time-out."""
    talk = Talk()

    async def give_up(_request):
        raise asyncio.CancelledError

    talk.commons.application = give_up
    assert await talk.say(GET % 1) == []
    assert (talk.wire.closed, talk.commons.answering) == (True, set())


@on_a_loop
async def test_a_refusal_has_its_date():
    """RFC 9110 §6.6.1."""
    talk = Talk()
    talk.commons.date = b"Date: Sun, 22 Nov 2026 09:00:00 GMT\r\n"
    (answer,) = await talk.say(b"GARBAGE\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n" + talk.commons.date)
