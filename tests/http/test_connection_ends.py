"""The last answer of a connection says that it is the last, and nothing after the end is acted on."""

from __future__ import annotations

import asyncio

import pytest
from connection_talk import GET, LIMIT, POST, Talk, spelled
from tests.coroutines import on_a_loop

from dragoman.http.bounds import Ending
from dragoman.http.request import ClientGone


@pytest.mark.parametrize(
    "head", [b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET /1 HTTP/1.0\r\n\r\n"]
)
@on_a_loop
async def test_who_wants_the_connection_closed_is_told_that_it_is(head):
    talk = Talk()
    assert await talk.say(head) == [spelled(b"GET /1 ", b"Connection: close\r\n")]
    assert talk.wire.closed


@on_a_loop
async def test_a_server_that_leaves_answers_all_that_it_has_and_closes_with_the_last():
    talk = Talk()
    talk.open.clear()
    await talk.say(GET % 1 + GET % 2)
    talk.commons.leaving = True
    talk.open.set()
    await talk.rest()
    assert talk.wire.pieces == [spelled(b"GET /1 "), spelled(b"GET /2 ", b"Connection: close\r\n")]
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
    assert talk.wire.pieces == [spelled(b"GET /1 ", b"Connection: close\r\n")]
    assert talk.wire.closed


@on_a_loop
async def test_the_last_answer_before_a_malformed_message_says_that_it_is_the_last():
    talk = Talk()
    talk.open.clear()
    await talk.say(GET % 1 + GET % 2 + b"GARBAGE\r\n\r\n")
    talk.open.set()
    await talk.rest()
    assert talk.wire.pieces == [spelled(b"GET /1 "), spelled(b"GET /2 ", b"Connection: close\r\n")]
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
async def test_a_tunnel_is_never_begun():
    talk = Talk()
    answered = await talk.say(b"CONNECT /1 HTTP/1.1\r\nHost: a\r\n\r\n" + GET % 2)
    assert answered == [spelled(b"CONNECT /1 ", b"Connection: close\r\n")]
    assert ([request.head.path for request in talk.asked], talk.wire.closed) == (["/1"], True)


@pytest.mark.parametrize("before", [b"", GET % 1])
@on_a_loop
async def test_what_is_unacceptable_is_counted_once(before):
    talk = Talk()
    await talk.say(before + b"GARBAGE\r\n\r\n", b"GARBAGE\r\n\r\n")
    assert talk.commons.ended == {"unacceptable": 1}


@on_a_loop
async def test_whoever_reads_a_body_is_told_why_it_never_ended():
    endings = {
        "hung_up": lambda talk: talk.connection.connection_lost(None),
        "slow_body": lambda talk: talk.connection.tend(talk.connection.since + 60),
        "unacceptable": lambda talk: talk.connection.data_received(b"no size\r\n"),
        "made_room": lambda talk: talk.connection.make_room(),
    }
    for because, end in endings.items():
        talk = Talk()
        await talk.say(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        end(talk)
        await talk.rest()
        assert talk.gone == [because]
        assert [request.received for request in talk.asked] == [2]
