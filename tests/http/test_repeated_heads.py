"""A head that comes again in the same bytes is not read again, and that changes nothing that anybody can see."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.coroutines import on_a_loop
from tests.http.connection_talk import Talk

HEADS = [
    b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
    b"POST /token?x=%%20 HTTP/1.1\r\nHost: a\r\nAuthorization: Basic eDp5\r\nContent-Length: %d\r\n\r\n",
    b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n",
    b"\r\nPOST /token HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
    b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
    b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n",
    b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
    b"POST /token HTTP/1.0\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n",
    b"POST /token HTTP/1.1\r\nContent-Length: %d\r\n\r\n",
    b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1%d\r\n\r\n",
]
BODIES = [b"", b"a", b"b", b"\r\n\r\n", b"GET ", b"POST /token"]


def message(head: bytes, body: bytes) -> bytes:
    chunked = b"chunked" in head
    return head % len(body) + body + (b"\r\n0\r\n\r\n" if chunked and body else b"\r\n" if chunked else b"")


MESSAGES = st.builds(message, st.sampled_from(HEADS[:2] * 6 + HEADS), st.sampled_from(BODIES))


async def told(pieces: list[list[bytes]]) -> tuple[list[tuple[object, ...]], bytes, bool]:
    """What the application was asked, and what the client was sent, where each message arrives in these pieces."""
    talk = Talk()
    for message_in_pieces in pieces:
        for piece in message_in_pieces:
            if not talk.wire.closed:
                talk.connection.data_received(piece)
        await talk.rest()
    asked = [(one.head.method, one.head.path, one.head.query, one.head.headers, one.last) for one in talk.asked]
    return asked, b"".join(talk.wire.pieces), talk.wire.closed


@given(messages=st.lists(MESSAGES, max_size=8))
def test_whole_messages_are_read_as_those_that_come_byte_by_byte(messages: list[bytes]):
    whole = asyncio.run(told([[one] for one in messages]))
    in_bytes = asyncio.run(told([[one[at : at + 1] for at in range(len(one))] for one in messages]))
    assert whole == in_bytes


@on_a_loop
async def test_requests_with_the_same_head_share_it_and_have_their_own_bodies():
    talk = Talk()
    for body in (b"body", b"ydob", b"more"):
        await talk.say(message(HEADS[1], body))
    first, *others = talk.asked
    assert all(other.head is first.head for other in others)
    assert [piece[-4:] for piece in talk.wire.pieces] == [b"body", b"ydob", b"more"]


@pytest.mark.parametrize(
    "second",
    [
        message(HEADS[0], b"12345"),
        message(HEADS[0], b"1234") + b"P",
        message(HEADS[0], b"1234")[:-1],
        message(HEADS[0], b"1234").replace(b"Host: a", b"Host: b"),
        message(HEADS[0], b"1234").replace(b"POST", b"post"),
    ],
)
@on_a_loop
async def test_any_other_byte_or_length_is_read_anew(second: bytes):
    talk, alone = Talk(), Talk()
    await talk.say(message(HEADS[0], b"abcd"))
    await talk.say(second)
    assert talk.wire.pieces[1:] == await alone.say(second)
    assert all(one.head is not talk.asked[0].head for one in talk.asked[1:])


@on_a_loop
async def test_a_head_behind_another_request_is_not_taken_for_a_whole_message():
    talk = Talk()
    two = message(HEADS[0], b"abcd") + message(HEADS[0], b"efgh")
    await talk.say(two)
    await talk.say(two)
    assert len(talk.asked) == 4
    assert [piece[-4:] for piece in talk.wire.pieces] == [b"abcd", b"efgh", b"abcd", b"efgh"]


@pytest.mark.parametrize("body", [b"abcd", b"\r\nabcd", b""])
@on_a_loop
async def test_a_line_break_behind_a_body_takes_nothing_from_the_next_one(body: bytes):
    """As old clients send one (RFC 9112 §2.2): it belongs to no message, however often the message comes."""
    talk = Talk()
    for _ in range(3):
        await talk.say(message(HEADS[0], body) + b"\r\n")
    answers = [piece.partition(b"\r\n\r\n")[2] for piece in talk.wire.pieces]
    assert answers == [b"POST /token " + body] * 3


@on_a_loop
async def test_the_head_of_a_long_message_is_not_kept():
    talk = Talk()
    long = message(HEADS[0].replace(b"Host: a", b"Host: a\r\nX: " + b"y" * 4000), b"abcd")
    await talk.say(long)
    await talk.say(long)
    assert talk.asked[0].head is not talk.asked[1].head
    assert talk.asked[0].head.headers == talk.asked[1].head.headers
