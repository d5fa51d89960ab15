"""Heads, bodies and trailers without end are cut off: T05."""

from __future__ import annotations

import pytest

from tests.attacks.door import FORM, HUNG_UP, Door

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
