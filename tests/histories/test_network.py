"""What the clients of the histories say of a server that does not answer, and of a time in which they were held."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.histories import network as network_module
from tests.histories.network import BrokenOff, Network, NotSent, Reply, Unanswered
from tests.processes import held_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HELD_SECONDS = 1.0


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_module, "LOOK_SECONDS", HELD_SECONDS / network_module.PATIENCE / 4)


async def asked(answering: Answering) -> Reply:
    """What a request to such a server comes to."""
    server = await asyncio.start_server(answering, "127.0.0.1", 0)
    async with server:
        network = Network([server.sockets[0].getsockname()[1]], random.Random(1))
        try:
            return await network.post("/", {})
        finally:
            await network.close()
            await asyncio.sleep(HELD_SECONDS / 10)  # the server closes its end


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def answer_and_hold_the_loop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    time.sleep(HELD_SECONDS)  # noqa: ASYNC251 (that is what it does)
    writer.close()


def test_a_time_in_which_the_client_itself_is_held_is_not_the_servers():
    assert asyncio.run(asked(answer_and_hold_the_loop)).status == 200


def test_a_server_that_says_nothing_has_not_answered():
    with pytest.raises(Unanswered):
        asyncio.run(asked(say_nothing))


def test_a_server_that_hangs_up_has_broken_off():
    with pytest.raises(BrokenOff):
        asyncio.run(asked(hang_up))


def test_a_port_is_held_for_a_server_that_is_away_and_nobody_listens_there():
    async def ask(port: int) -> None:
        with pytest.raises(NotSent):
            await Network([port], random.Random(1)).post("/", {})

    with held_port() as port:
        asyncio.run(ask(port))
