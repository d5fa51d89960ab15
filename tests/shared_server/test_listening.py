"""Hints arrive, and whatever becomes of the server that carries them, its end and its return are noticed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from dragoman.core.secret import Secret
from dragoman.shared_server.address import read_address
from dragoman.shared_server.announcing import announce
from dragoman.shared_server.faults import Away
from dragoman.shared_server.hints import ClientChanged, KeysChanged, decode, encode
from tests.redis_server import ENCODED, LEAST, PASSWORD, RedisServer, kinds, redis_server
from tests.shared_server.listener import eventually, listening

APP = ClientChanged("shop app:ü")


def run(scenario) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 60))


@pytest.mark.parametrize("user", ["", "dragoman"])
def test_hints_arrive_in_order_and_with_the_least_commands(each_shared_server: RedisServer, user: str):
    async def scenario() -> None:
        url = each_shared_server.url(user=user)
        async with listening(url) as one, listening(url) as two:
            await eventually(lambda: one.hears and two.hears)
            for hint in (APP, KeysChanged(), APP):
                await announce(read_address(url), "dragoman", hint)
            await eventually(lambda: one.told == two.told == ["began", APP, KeysChanged(), APP])

    run(scenario)


def test_the_documents_name_the_same_least_commands():
    page = Path(__file__).parents[2] / "docs" / "shared-state.md"
    assert f"ACL SETUSER dragoman on >secret {LEAST}\n" in page.read_text(encoding="utf-8")


def test_installations_with_other_prefixes_do_not_hear_each_other(shared_server: RedisServer):
    async def scenario() -> None:
        url = shared_server.url()
        async with listening(url, "one") as one, listening(url, "two") as two:
            await eventually(lambda: one.hears and two.hears)
            await announce(read_address(url), "one", KeysChanged())
            await announce(read_address(url), "two", APP)
            await eventually(lambda: one.told == ["began", KeysChanged()] and two.told == ["began", APP])

    run(scenario)


def test_what_is_no_hint_is_passed_over(shared_server: RedisServer):
    async def scenario() -> None:
        async with listening(shared_server.url()) as one:
            await eventually(lambda: one.hears)
            for message in (
                "",
                "client",
                "client ",
                "keys now",
                "users 7",
                "doctor",
                "x" * 100_000,
                "client " + "x" * 2000,
            ):
                shared_server.run("PUBLISH", "dragoman:hints", message)
            shared_server.run("PUBLISH", "dragoman:hints", "keys")
            await eventually(lambda: one.told == ["began", KeysChanged()])

    run(scenario)


def test_a_hint_is_read_as_it_was_written_and_bytes_that_are_no_text_do_no_harm():
    for hint in (APP, KeysChanged(), ClientChanged(" "), ClientChanged("x" * 256)):
        assert decode(encode(hint).encode()) == hint
    assert decode(b"\xff\xfe") is None
    assert isinstance(decode(b"client \xff"), ClientChanged)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_its_end_is_noticed_at_once_and_its_return_within_seconds(each_shared_server: RedisServer, how: str):
    async def scenario() -> None:
        url = each_shared_server.url()
        async with listening(url) as one:
            await eventually(lambda: one.hears)
            getattr(each_shared_server, how)()
            await eventually(lambda: not one.hears)
            with pytest.raises(Away):
                await announce(read_address(url), "dragoman", APP)
            await eventually(lambda: len(one.told) > 4)
            each_shared_server.start()
            await eventually(lambda: one.hears)
            await announce(read_address(url), "dragoman", APP)
            await eventually(lambda: one.told[-1] == APP)

    run(scenario)


def test_a_server_that_stands_still_is_noticed_within_seconds(shared_server: RedisServer):
    async def scenario() -> None:
        url = shared_server.url()
        async with listening(url) as one:
            await eventually(lambda: one.hears)
            with shared_server.paused():
                await eventually(lambda: not one.hears)
                assert one.reason == "no answer in time"
                with pytest.raises(Away, match="no answer in time"):
                    await announce(read_address(url), "dragoman", APP)
            await eventually(lambda: one.hears)

    run(scenario)


def test_who_listens_in_peace_stays(shared_server: RedisServer):
    async def scenario() -> None:
        async with listening(shared_server.url()) as one:
            await eventually(lambda: one.hears)
            await eventually(
                lambda: shared_server.run("INFO", "commandstats").get("cmdstat_ping", {}).get("calls") == 3
            )
            assert one.told == ["began"]

    run(scenario)


def test_a_server_that_is_not_there_at_first_is_found_when_it_is(shared_server: RedisServer):
    async def scenario() -> None:
        shared_server.stop()
        async with listening(shared_server.url()) as one:
            await eventually(lambda: one.told)
            assert one.reason == "connection refused"
            shared_server.start()
            await eventually(lambda: one.hears)

    run(scenario)


def test_read_only_or_emptied_it_still_carries_hints(each_shared_server: RedisServer):
    async def scenario() -> None:
        url = each_shared_server.url()
        async with listening(url) as one:
            await eventually(lambda: one.hears)
            each_shared_server.run("FLUSHALL")
            each_shared_server.run("REPLICAOF", "127.0.0.1", "1")
            await announce(read_address(url), "dragoman", APP)
            await eventually(lambda: one.told == ["began", APP])

    run(scenario)


async def _reason(url: Secret, prefix: str = "dragoman") -> str:
    async with listening(url, prefix) as one:
        await eventually(lambda: one.told)
        assert not one.hears
        return one.reason


def test_why_it_is_of_no_use_is_told_without_the_password(each_shared_server: RedisServer):
    async def scenario() -> None:
        server = each_shared_server
        wrong = server.url().reveal().replace(ENCODED, "hunter2")
        assert await _reason(Secret(wrong)) == "it refuses the user name or the password"
        assert await _reason(Secret(f"redis://127.0.0.1:{server.port}")) == "it refuses the user name or the password"
        assert await _reason(server.url(user="nobody")) == "it refuses the user name or the password"
        assert await _reason(server.url(user="dragoman"), "other") == "its user may not SUBSCRIBE"
        assert await _reason(Secret(server.url().reveal() + "/9")) == "it refuses AUTH or SELECT"
        assert await _reason(Secret("redis://127.0.0.1:1")) == "connection refused"
        assert await _reason(Secret("redis://nowhere.invalid")) != ""

    run(scenario)


@pytest.mark.parametrize("kind", kinds())
def test_a_server_that_repeats_what_it_does_not_know_reveals_no_password(kind: str):
    """An older Redis does, to whoever it does not know, too: its unknown command here is AUTH."""

    async def scenario(server: RedisServer) -> None:
        with pytest.raises(Away) as away:
            await announce(read_address(server.url()), "dragoman", APP)
        for told in (str(away.value), await _reason(server.url())):
            assert told.startswith("it refuses ")
            assert PASSWORD not in told

    with redis_server(kind, 'rename-command AUTH ""') as server:
        run(lambda: scenario(server))


@pytest.mark.parametrize(
    "speech",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\xff\r\n" * 9,
        b"*1\r\n" * 5000,
        b":x\r\n",
        b"+OK\r\n" * 9,
        b"$9\r\nno",
    ],
)
def test_whatever_else_answers_there_is_survived(speech: bytes):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(speech)
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with listening(Secret(f"redis://:hunter2@127.0.0.1:{port}")) as one:
                await eventually(lambda: sum(word != "began" for word in one.told) >= 3)
                assert not any("hunter2" in str(word) for word in one.told)

    run(scenario)


def test_a_flood_of_hints_ends_the_listening_instead_of_being_obeyed(shared_server: RedisServer):
    async def scenario() -> None:
        async with listening(shared_server.url()) as one:
            await eventually(lambda: one.hears)
            flood = asyncio.create_task(asyncio.to_thread(_flood, shared_server, 3))
            await eventually(lambda: "ended: somebody sends too many hints" in one.told)
            await flood
            heard = sum(isinstance(word, ClientChanged) for word in one.told)
            rounds = one.told.count("began")
            assert heard <= rounds * 100 + 3 * 20
            assert rounds <= 10
            await eventually(lambda: one.hears)

    run(scenario)


def _flood(server: RedisServer, seconds: float) -> None:
    import redis

    with redis.Redis(port=server.port, password=PASSWORD) as client:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with client.pipeline(transaction=False) as many:
                for number in range(500):
                    many.publish("dragoman:hints", f"client {number}")
                many.execute()
