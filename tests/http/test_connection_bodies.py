"""A body is asked for where it is wanted, refused where it is too long, and taken for nothing else."""

from __future__ import annotations

import pytest
from connection_talk import EXPECTING, LIMIT, POST, Talk, spelled
from tests.coroutines import on_a_loop

from dragoman.dialects.wire import WireResponse


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
    assert answered == [b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"]
    assert talk.wire.closed


@pytest.mark.parametrize("codings", [(b"gzip", b"chunked"), (b"chunked", b"gzip"), (b"gzip, chunked",)])
@on_a_loop
async def test_a_coding_that_is_not_known_is_refused_in_whichever_line_it_stands(codings):
    talk = Talk()
    lines = b"".join(b"Transfer-Encoding: %b\r\n" % coding for coding in codings)
    answered = await talk.say(b"POST / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n0\r\n\r\n")
    assert len(answered) == 1
    assert answered[0].startswith((b"HTTP/1.1 501 ", b"HTTP/1.1 400 "))
    assert (talk.asked, talk.wire.closed) == ([], True)


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
    assert await talk.say(EXPECTING % b"4") == [spelled(b"", b"Connection: close\r\n")]
    assert talk.wire.closed


@on_a_loop
async def test_a_client_of_http_1_0_is_never_told_to_go_on():
    talk = Talk()
    await talk.say(b"POST / HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert talk.wire.pieces == []
    assert await talk.say(b"body") == [spelled(b"POST / body", b"Connection: close\r\n")]


@on_a_loop
async def test_what_stands_behind_a_value_is_no_part_of_it():
    talk = Talk()
    await talk.say(
        b"POST / HTTP/1.1\r\nHost: a \r\nX: b\t \r\nTransfer-Encoding: chunked \r\n\r\n4\r\nbody\r\n0\r\n\r\n"
    )
    assert talk.asked[0].head.headers == ((b"host", b"a"), (b"x", b"b"), (b"transfer-encoding", b"chunked"))
    assert talk.wire.pieces == [spelled(b"POST / body")]


@on_a_loop
async def test_a_request_that_was_answered_keeps_nothing_of_its_body():
    talk = Talk()
    await talk.say(POST + b"body")
    assert not talk.asked[0]._body
