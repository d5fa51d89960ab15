"""Answers that are ready together leave together, and none is lost to whatever closes its connection."""

import asyncio

import pytest

from dragoman.http.commons import Outbox


class Wire:
    """What stands for a transport: what was written, in order with what else was done to it."""

    def __init__(self, log: list) -> None:
        self._log = log
        self.closing = False

    def write(self, data: bytes) -> None:
        self._log.append(data)

    def is_closing(self) -> bool:
        return self.closing


@pytest.fixture
def log() -> list:
    return []


def test_answers_of_one_turn_leave_in_the_next_in_their_order(log: list) -> None:
    async def talk() -> None:
        outbox, one, other = Outbox(), Wire(log), Wire(log)
        for wire, answer in ((one, b"1"), (other, b"2"), (one, b"3")):
            outbox.put(wire, answer)
        assert log == []
        await asyncio.sleep(0)
        assert log == [b"1", b"2", b"3"]
        outbox.put(one, b"4")
        await asyncio.sleep(0)
        assert log == [b"1", b"2", b"3", b"4"]

    asyncio.run(talk())


def test_what_is_flushed_leaves_at_once_and_once(log: list) -> None:
    async def talk() -> None:
        outbox, wire = Outbox(), Wire(log)
        outbox.put(wire, b"1")
        outbox.flush()
        assert log == [b"1"]
        outbox.put(wire, b"2")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert log == [b"1", b"2"]

    asyncio.run(talk())


def test_a_connection_that_has_gone_gets_nothing_more(log: list) -> None:
    async def talk() -> None:
        outbox, wire = Outbox(), Wire(log)
        outbox.put(wire, b"1")
        wire.closing = True
        await asyncio.sleep(0)
        assert log == []

    asyncio.run(talk())
