"""What a process does about hints: it looks again, and asks the database no more than without them."""

from __future__ import annotations

import asyncio
import io
import json
import time
from typing import TYPE_CHECKING

from dragoman.core.model import Client
from dragoman.http.log import Log
from dragoman.shared_server.address import read_address
from dragoman.shared_server.announcing import announce
from dragoman.shared_server.hints import ClientChanged, KeysChanged
from dragoman.store.cache.clients import CachedClients
from dragoman.tokens.current import CurrentTokens
from dragoman.tokens.keyring import add_key, create_missing
from dragoman.tokens.keys import Purpose
from dragoman.wiring import chores
from dragoman.wiring.hints import Hearing
from tests.redis_server import PASSWORD, RedisServer
from tests.shared_server.listener import eventually, listening

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NOW = 1_700_000_000
STALENESS = 60
SHOWN = "the shared server"


class Registry:
    """Clients that count how often they are read."""

    def __init__(self) -> None:
        self.reads = 0

    async def find_client(self, client_id: str) -> Client:
        self.reads += 1
        return Client(id=client_id, name=str(self.reads))


class Process:
    """What of a server has to do with hints."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.clients = CachedClients(self.registry, time.monotonic, staleness=STALENESS)
        self.look_at_keys = asyncio.Event()
        self._written = io.BytesIO()
        self.hearing = Hearing(self.clients, STALENESS, self.look_at_keys, Log("info", self._written), SHOWN)

    async def reads(self, seconds: float, *client_ids: str) -> int:
        """How often the database is asked while requests of these clients come without a pause."""
        before, until = self.registry.reads, time.monotonic() + seconds
        while time.monotonic() < until:
            for client_id in client_ids:
                await self.clients.find_client(client_id)
            await asyncio.sleep(0.001)
        return self.registry.reads - before

    def log(self) -> list[tuple[str, str]]:
        lines = [json.loads(line) for line in self._written.getvalue().splitlines()]
        assert all(line["server"] == SHOWN for line in lines)
        return [(line["level"], line["event"]) for line in lines]


def test_a_hint_drops_a_client_at_once_and_everything_else_is_kept_for_long(shared_server: RedisServer):
    async def scenario() -> None:
        process = Process()
        async with listening(shared_server.url(), hearer=process.hearing):
            await eventually(process.look_at_keys.is_set)
            assert await process.reads(1.5, "app", "other") == 2
            await announce(read_address(shared_server.url()), "dragoman", ClientChanged("app"))
            await eventually(lambda: process.clients._forgotten)
            assert await process.reads(0.1, "app", "other") == 1
        assert process.log() == []

    asyncio.run(scenario())


def test_without_the_server_clients_are_read_every_second_and_it_is_told_once(shared_server: RedisServer):
    async def scenario() -> None:
        process = Process()
        async with listening(shared_server.url(), hearer=process.hearing):
            await eventually(process.look_at_keys.is_set)
            await process.clients.find_client("app")
            shared_server.kill()
            await eventually(process.log)
            assert 2 <= await process.reads(2.2, "app") <= 4
            assert process.log() == [("warning", "shared_away")]
            process.look_at_keys.clear()
            shared_server.start()
            await eventually(process.look_at_keys.is_set)
            assert await process.reads(1.5, "app") == 1
        assert process.log() == [("warning", "shared_away"), ("info", "shared_back")]

    asyncio.run(scenario())


def test_hints_that_nobody_sent_are_believed_no_further_than_to_look_again(shared_server: RedisServer):
    """Whoever can publish makes a process read what is true, and only so often."""

    async def scenario() -> None:
        process = Process()
        async with listening(shared_server.url(), hearer=process.hearing):
            await eventually(process.look_at_keys.is_set)
            flood = asyncio.create_task(asyncio.to_thread(_flood, shared_server, 3))
            reads = await process.reads(3, "app")
            await flood
            assert reads < 1000  # each round of at most a hundred ends in a longer wait than the one before
            assert ("warning", "shared_away") in process.log()

    asyncio.run(scenario())


def _flood(server: RedisServer, seconds: float) -> None:
    import redis

    with redis.Redis(port=server.port, password=PASSWORD) as client:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with client.pipeline(transaction=False) as many:
                for _ in range(500):
                    many.publish("dragoman:hints", "client app")
                many.execute()


def test_a_hint_about_keys_has_them_read_at_once(
    shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(chores, "_KEY_WATCH_SECONDS", 3600)
    folder = tmp_path / "keys"
    create_missing(folder, ("ES256",), NOW)

    async def scenario() -> None:
        tokens = CurrentTokens(folder, lambda _keyring: None, lambda: NOW)
        process = Process()
        watching = asyncio.create_task(chores.watch_keys(tokens, Log("error", io.BytesIO()), process.look_at_keys))
        async with listening(shared_server.url(), hearer=process.hearing):
            for _ in range(2):  # the first may come with the beginning, which has the folder read, too
                kid = add_key(folder, Purpose.ACCESS, "ES256", NOW, NOW)
                await announce(read_address(shared_server.url()), "dragoman", KeysChanged())
                await eventually(lambda kid=kid: kid in tokens.keyring.access_keys)
        watching.cancel()

    asyncio.run(scenario())
