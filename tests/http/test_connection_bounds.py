"""A connection reads no more than it can hold, and answers what it has read all the same."""

from __future__ import annotations

from connection_talk import GET, LIMIT, Talk, spelled
from tests.coroutines import on_a_loop


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
