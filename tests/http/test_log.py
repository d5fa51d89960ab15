"""The log never holds up who writes it, and a stream that fails once does not silence it for good."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import pytest

from dragoman.http.log import Log
from dragoman.threads import beginning as beginning_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL = "/dev/full"
LONG = ["x" * 1000] * 100
"""A fact of some 100 KB: longer than any pipe holds."""
MIB = 2**20


@contextmanager
def pipe() -> Iterator[tuple[int, BinaryIO]]:
    """The end to read from, and the log's stream."""
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "wb", buffering=0) as stream:
        yield ours, stream
    os.close(ours)


def read_until(descriptor: int, event: str) -> list[dict]:
    """All lines up to the first of this event."""
    text = b""
    while f'"event":"{event}"'.encode() not in text or not text.endswith(b"\n"):
        chunk = os.read(descriptor, MIB)
        assert chunk, text
        text += chunk
    return [json.loads(line) for line in text.splitlines()]


def elapsed(began: float) -> float:
    return time.perf_counter() - began


def test_a_pipe_nobody_reads_holds_up_no_one_whatever_the_length_of_a_line():
    with pipe() as (ours, stream):
        log, began = Log("info", stream), time.perf_counter()
        log.write("info", "long", fact=LONG)
        log.write("info", "short")
        log.flush()
        assert elapsed(began) < 60
        lines = read_until(ours, "short")
        assert [line["event"] for line in lines] == ["long", "short"]
        assert lines[0]["fact"] == LONG


def test_a_burst_over_the_bound_is_counted_and_told_in_its_place():
    with pipe() as (ours, stream):
        log, began = Log("info", stream), time.perf_counter()
        for number in range(100):
            log.write("info", "burst", number=number, fact=LONG)
        assert elapsed(began) < 60
        lines = read_until(ours, "log_lines_lost")
        written = [line["number"] for line in lines if line["event"] == "burst"]
        assert written == list(range(len(written)))
        assert 30 < len(written) < 45  # 4 MiB
        assert lines[-1]["level"] == "warning"
        log.write("info", "after")
        lines += read_until(ours, "after")  # where the thread began amid the burst it has told of some before
        assert [line["event"] for line in lines].count("burst") == len(written)
        assert sum(line["lines"] for line in lines if line["event"] == "log_lines_lost") == 100 - len(written)


def test_a_disk_that_was_full_gets_every_line_once_there_is_room(tmp_path: Path):
    path = tmp_path / "log"
    with open(FULL, "wb", buffering=0) as stream:  # noqa: PTH123
        log = Log("info", stream)
        log.write("info", "first")
        log.flush()
        log.write("info", "second")
        with path.open("wb") as room:
            os.dup2(room.fileno(), stream.fileno())
        log.flush()
        assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["first", "second"]


class FailsOnce(io.BytesIO):
    """Memory whose first write fails."""

    failed = False

    def write(self, text: bytes) -> int:
        if not self.failed:
            self.failed = True
            raise OSError(28, "no space left")
        return super().write(text)


def test_memory_has_each_line_at_once_and_the_failed_one_with_the_next():
    stream = FailsOnce()
    log = Log("info", stream)
    log.write("info", "first")
    assert stream.getvalue() == b""
    log.write("info", "second")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["first", "second"]


def test_a_closed_stream_fails_no_request():
    stream = io.BytesIO()
    stream.close()
    log = Log("info", stream)
    log.write("info", "unread")
    log.flush()


def test_what_is_written_last_is_out_when_the_program_ends():
    program = "from dragoman.http.log import Log; log = Log('info'); [log.write('info', 'last') for _ in range(1000)]"
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, check=True, timeout=30)
    assert len(done.stderr.splitlines()) == 1000


def test_a_program_ends_though_nobody_reads_its_log():
    program = "from dragoman.http.log import Log; Log('info').write('info', 'unread', fact=['x' * 1000] * 1000)"
    with pipe() as (_, stream):
        assert subprocess.run([sys.executable, "-c", program], stderr=stream, check=False, timeout=30).returncode == 0


def test_a_thread_that_ends_for_want_of_memory_before_it_began_holds_up_nobody_and_the_next_line_has_another(
    monkeypatch: pytest.MonkeyPatch,
):
    """Python tells nobody of such a thread; who waits until it has begun waits for ever."""
    with pipe() as (ours, stream):
        log = Log("info", stream)
        with monkeypatch.context() as system:
            system.setattr(beginning_module, "start_new_thread", lambda *_: 1)
            system.setattr(threading.Thread, "start", lambda _: pytest.fail("somebody waits for its arrival"))
            log.write("info", "first")
            log.write("info", "second")
        log.write("info", "third")
        assert [line["event"] for line in read_until(ours, "third")] == ["first", "second", "third"]


def test_a_long_text_is_cut_and_so_are_a_deep_traceback_and_a_long_message():
    def fall(depth: int) -> None:
        if depth:
            fall(depth - 1)
        raise ValueError("y" * MIB)

    stream = io.BytesIO()
    log = Log("info", stream)
    log.write("info", "long", fact="x" * 1025, fits="x" * 1024, several=["x" * 5000])
    try:
        fall(500)
    except ValueError as fault:
        log.fault(fault)
    long, fault_line = stream.getvalue().splitlines()
    facts = json.loads(long)
    assert facts["fact"] == "x" * 1024 + "..."
    assert facts["fits"] == "x" * 1024
    assert facts["several"] == ["x" * 1024 + "..."]
    assert len(fault_line) < 40_000
    assert "fall(depth - 1)" in fault_line.decode()


def test_a_text_that_is_no_unicode_is_written_all_the_same():
    stream = io.BytesIO()
    Log("info", stream).write("info", "odd", fact="\ud800\x7f\x1b[31m")
    assert stream.getvalue().isascii()
    assert json.loads(stream.getvalue())["fact"] == "\ud800\x7f\x1b[31m"


def test_less_important_lines_are_left_out():
    stream = io.BytesIO()
    Log("warning", stream).write("info", "minor")
    assert stream.getvalue() == b""
