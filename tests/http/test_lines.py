"""Lines of several processes on one pipe, each of them whole."""

from __future__ import annotations

import fcntl
import io
import json
import os
import subprocess
import sys
from contextlib import suppress

import pytest

from dragoman.http.lines import Unhurried, alone_on, pieces_of

WRITER = """
import sys
from dragoman.http.log import Log
log = Log("info")
for number in range(60):
    log.write("info", "short", writer=sys.argv[1], number=number)
    log.write("info", "long", writer=sys.argv[1], number=number, text=["x" * 1000] * (number % 40))
log.flush()
"""


def test_lines_of_four_processes_are_whole_however_long_they_are():
    ours, theirs = os.pipe()
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(number)], stderr=theirs) for number in range(4)]
    os.close(theirs)
    with os.fdopen(ours, "rb") as stream:
        lines = [json.loads(line) for line in stream]
    assert [writer.wait(30) for writer in writers] == [0] * 4
    assert len(lines) == 4 * 60 * 2
    for writer in range(4):
        own = [(line["event"], line["number"]) for line in lines if line["writer"] == str(writer)]
        assert own == [(event, number) for number in range(60) for event in ("short", "long")]


def test_pieces_are_whole_lines_of_which_a_pipe_takes_each_at_once():
    lines = [b"x" * length + b"\n" for length in (10, 4000, 4095, 5000, 1, 90_000, 4096, 7)]
    batch = b"".join(lines)
    pieces = list(pieces_of(batch))
    assert b"".join(pieces) == batch
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert all(len(piece) <= 4096 or piece in lines for piece in pieces)


def test_who_must_not_wait_is_told_so_and_loses_nothing():
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb", buffering=0) as reading, os.fdopen(theirs, "w") as stream:
        unhurried = Unhurried(stream)
        room = fcntl.fcntl(theirs, fcntl.F_GETPIPE_SZ)
        unhurried.write(b"." * (room - 1) + b"\n")
        with pytest.raises(BlockingIOError):
            unhurried.write(b"first\n")
        assert reading.read(room) == b"." * (room - 1) + b"\n"
        unhurried.write(b"first\n")
        assert reading.read(room) == b"first\n"
        holder = "import sys; from dragoman.http.lines import alone_on\nwith alone_on(2): print('mine', flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=theirs
        ) as other:
            assert other.stdout.readline() == b"mine\n"
            with pytest.raises(BlockingIOError):
                unhurried.write(b"second\n")
            other.communicate()
        unhurried.write(b"second\n")
        assert reading.read(room) == b"second\n"


def test_a_long_line_does_not_wait_either_and_is_written_as_far_as_there_is_room():
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb", buffering=0) as reading, os.fdopen(theirs, "w") as stream:
        room = fcntl.fcntl(theirs, fcntl.F_GETPIPE_SZ)
        unhurried = Unhurried(stream)
        line = b"." * (2 * room) + b"\n"
        unhurried.write(line)  # taken: what is left of it goes before the next lines
        received = b""
        while len(received) < len(line):
            received += reading.read(room)
            with suppress(BlockingIOError):
                unhurried.write(b"")
        assert received == line
        unhurried.write(b"next\n")
        assert reading.read(room) == b"next\n"


def test_of_what_is_taken_nothing_is_lost_or_told_twice():
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb", buffering=0) as reading, os.fdopen(theirs, "w") as stream:
        room = fcntl.fcntl(theirs, fcntl.F_GETPIPE_SZ)
        unhurried, received, taken = Unhurried(stream), b"", b""
        for number in range(200):
            lines = b"%d %s\n" % (number, b"x" * (number * 700 % 30_011)) * 2
            with suppress(BlockingIOError):
                unhurried.write(lines)
                taken += lines
            if number % 3 == 0:
                received += reading.read(room // 2)
        while len(received) < len(taken):
            with suppress(BlockingIOError):
                unhurried.write(b"")
            received += reading.read(room)
    assert received == taken


def test_a_stream_without_a_descriptor_is_written_to():
    stream = io.StringIO()
    Unhurried(stream).write(b"one\ntwo\n")
    assert stream.getvalue() == "one\ntwo\n"


def test_what_knows_no_locks_is_written_to_all_the_same():
    with open(os.devnull, "wb") as stream, alone_on(stream.fileno()):  # noqa: PTH123
        assert stream.write(b"a line\n") == len(b"a line\n")
