"""The hash guard: K01 to K08, and the work that U02 to U05 cost; F26 over the wire."""

import asyncio
import io
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode, urlsplit

import bcrypt
import msgspec
import pytest

from dragoman.config.settings import LogTable, PasswordsTable, ThrottleTable
from dragoman.parts import open_passwords
from dragoman.store.sqlite.database import SqliteDatabase
from tests.attacks.harness import FORM, PASSWORD, Answer, Server, ask, configuration_of, running
from tests.attacks.test_resource_owners import REASONS, STATES
from tests.processes import wait_until
from tests.serving import serving

SLOTS, QUEUE = 2, 64


def form_of(server: Server, client: str, username: str, password: str = PASSWORD) -> dict[str, Any]:
    """A log-in, to be asked."""
    fields = {"grant_type": "password", **server.credentials(client), "username": username, "password": password}
    body = urlencode(fields).encode()
    return {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": body}


class Held:
    """Every slot of a pool taken, until it is let go."""

    def __init__(self, pool: Any, number: int = SLOTS) -> None:
        self._gate = threading.Event()
        self._threads = [threading.Thread(target=self._hold, args=(pool,)) for _ in range(number)]
        for thread in self._threads:
            thread.start()
        wait_until(lambda: pool.running == number)

    def _hold(self, pool: Any) -> None:
        asyncio.run(pool._slots.run(self._gate.wait))

    def let_go(self) -> None:
        self._gate.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Server]:
    """A server with two slots."""
    table = PasswordsTable(memory_kib=8, iterations=1, slots=SLOTS, queue=QUEUE)
    configuration = msgspec.structs.replace(configuration_of(tmp_path), passwords=table)
    with running(configuration) as server:
        yield server


async def until_there_are(server: Server, waiting: int) -> None:
    while server.passwords.waiting < waiting:  # noqa: ASYNC110 (the pool offers no event)
        await asyncio.sleep(0)


def test_k01_of_500_log_ins_at_once_the_excess_is_refused_at_once_and_costs_no_hash(guarded: Server):
    client, owner = guarded.add_client(), guarded.add_owner()
    held = Held(guarded.passwords)
    before = guarded.passwords.hashes_computed
    told = guarded.mark()

    async def storm() -> list[Answer]:
        one = form_of(guarded, client, owner)
        tasks = [asyncio.create_task(ask(guarded.application, **one)) for _ in range(500)]
        refused = set()
        while len(refused) < 500 - QUEUE:
            refused, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert guarded.passwords.hashes_computed == before
        assert guarded.passwords.waiting == QUEUE
        held.let_go()
        return list(await asyncio.gather(*tasks))

    answers = guarded.run(storm())
    assert sorted(answer.status for answer in answers) == [200] * QUEUE + [503] * (500 - QUEUE)
    assert {answer.header("Retry-After") for answer in answers if answer.status == 503} == {"1"}
    assert {answer.error for answer in answers if answer.status == 503} == {"temporarily_unavailable"}
    assert guarded.passwords.hashes_computed - before == QUEUE
    assert len(guarded.events(told)) == 500


def test_k01_while_the_line_is_full_nobody_is_looked_up_counted_or_kept_waiting(tmp_path: Path):
    """Not even who would have to wait for guesses at the same account, of which five may be checked at once."""
    table = PasswordsTable(memory_kib=8, iterations=1, slots=SLOTS, queue=5)
    configuration = configuration_of(tmp_path, throttle=ThrottleTable())
    with running(msgspec.structs.replace(configuration, passwords=table)) as server:
        client, owner = server.add_client(), server.add_owner()
        assert server.log_in(client, owner).status == 200
        held = Held(server.passwords)

        async def crowd() -> list[Answer]:
            five = [asyncio.create_task(ask(server.application, **form_of(server, client, owner))) for _ in range(5)]
            await until_there_are(server, 5)
            with counted_work(server) as least:
                assert (await ask(server.application, **form_of(server, client, owner, ""))).error == "invalid_request"
            late = []
            for name in (owner, "nobody"):
                with counted_work(server) as work:
                    late.append(await ask(server.application, **form_of(server, client, name)))
                assert work == least
            held.let_go()
            assert {(await task).status for task in five} == {200}
            return late

        told = server.mark()
        answers = server.run(crowd())
        assert {answer.status for answer in answers} == {503}
        assert answers[0].identity == answers[1].identity
        reasons = [
            event["detail"] for event in server.events(told) if event.get("refusal") == "temporarily_unavailable"
        ]
        assert reasons == ["the queue of password hashes is full"] * 2


def test_k02_while_every_slot_is_taken_all_else_is_answered(guarded: Server):
    client, owner = guarded.add_client(), guarded.add_owner()
    tokens = guarded.log_in(client, owner).document
    held = Held(guarded.passwords)
    try:
        assert guarded.introspect(client, tokens["access_token"])["active"] is True
        assert guarded.refresh(client, tokens["refresh_token"]).status == 200
        assert guarded.ask("GET", "/health/ready").status == 200
        form = {"grant_type": "client_credentials", **guarded.credentials(client)}
        assert guarded.form("/oauth2/token", form).status == 200
    finally:
        held.let_go()


def test_k01_one_clients_flood_takes_no_place_from_another_client(guarded: Server):
    flooding, other, owner = guarded.add_client(), guarded.add_client(), guarded.add_owner()
    held = Held(guarded.passwords)

    async def storm() -> tuple[list[Answer], Answer]:
        one = form_of(guarded, flooding, owner)
        flood = [asyncio.create_task(ask(guarded.application, **one)) for _ in range(QUEUE)]
        await until_there_are(guarded, QUEUE)
        late = asyncio.create_task(ask(guarded.application, **form_of(guarded, other, owner)))
        done, _ = await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
        held.let_go()
        return [task.result() for task in done], await late

    gave_way, served = guarded.run(storm())
    assert [answer.status for answer in gave_way] == [503]
    assert served.status == 200


def test_k01_one_addresss_flood_through_a_public_client_takes_no_place_from_other_addresses(guarded: Server):
    app, owner = guarded.add_client(public=True), guarded.add_owner()
    held = Held(guarded.passwords)
    body = urlencode({"grant_type": "password", "client_id": app, "username": owner, "password": PASSWORD}).encode()
    one = {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": body}

    async def storm() -> tuple[list[Answer], Answer]:
        flood = [
            asyncio.create_task(ask(guarded.application, **one, peer=f"2001:db8::{number:x}"))
            for number in range(1, QUEUE + 1)
        ]
        await until_there_are(guarded, QUEUE)
        late = asyncio.create_task(ask(guarded.application, **one, peer="2001:db8:0:1::1"))
        done, _ = await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
        held.let_go()
        return [task.result() for task in done], await late

    gave_way, served = guarded.run(storm())
    assert [answer.status for answer in gave_way] == [503]
    assert served.status == 200


def test_k03_wrong_client_secrets_cost_no_hash_and_no_place(guarded: Server):
    client = guarded.add_client()
    held = Held(guarded.passwords)
    try:
        with guarded.nothing_happens():
            for client_id, secret in ((client, "wrong"), ("nobody", "wrong")):
                form = {"grant_type": "password", "username": "x", "password": PASSWORD}
                answer = guarded.form("/oauth2/token", form | {"client_id": client_id, "client_secret": secret})
                assert answer.error == "invalid_client"
            assert guarded.passwords.waiting == 0
    finally:
        held.let_go()


def stored_of(cost: str) -> str:
    return bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode().replace("$04$", f"${cost}$")


CONFUSED = {
    "empty": "",
    "locked": "!",
    "star": "*",
    "the password": PASSWORD,
    "plain": "{noop}" + PASSWORD,
    "ssha": "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "crypt": "ab01FAX.bQRSU",
    "argon2i": "argon2i",
    "truncated": stored_of("04")[:-1],
    "another field": stored_of("04") + "$x",
    "a line feed": stored_of("04") + "\n",
}


@pytest.mark.parametrize("kind", CONFUSED)
def test_k05_what_is_no_hash_lets_nobody_in(server: Server, kind: str):
    client, owner = server.add_client(), server.add_owner(stored=CONFUSED[kind])
    for password in (PASSWORD, CONFUSED[kind] or "x", "!"):
        with server.nothing_happens(hashes=1):
            assert server.log_in(client, owner, password).error == "invalid_grant"
    assert server.passwords.find_defect(CONFUSED[kind])


@pytest.mark.parametrize("version", ["$2$", "$2x$", "$2c$"])
def test_k06_broken_versions_of_bcrypt_let_nobody_in(server: Server, version: str):
    client, owner = server.add_client(), server.add_owner(stored=stored_of("04").replace("$2b$", version))
    with server.nothing_happens(hashes=1):
        assert server.log_in(client, owner).error == "invalid_grant"


@pytest.mark.parametrize("version", ["$2a$", "$2b$", "$2y$"])
def test_k06_sound_versions_of_bcrypt_let_their_owner_in(server: Server, version: str):
    client, owner = server.add_client(), server.add_owner(stored=stored_of("04").replace("$2b$", version))
    assert server.log_in(client, owner).status == 200


@pytest.mark.parametrize("cost", ["31", "15", "00", "03"])
def test_k06_a_bcrypt_cost_outside_the_limits_is_neither_computed_nor_skipped(server: Server, cost: str):
    client, owner = server.add_client(), server.add_owner(stored=stored_of(cost))
    checked = server.passwords.imports_checked
    with server.nothing_happens(hashes=1):
        assert server.log_in(client, owner).error == "invalid_grant"
    assert server.passwords.imports_checked == checked


def test_k06_a_nul_ends_no_password_and_bytes_beyond_72_are_seen_once_the_hash_is_ours(server: Server):
    client, owner = server.add_client(), server.add_owner(stored=stored_of("04"))
    assert server.log_in(client, owner, f"{PASSWORD}\0").error == "invalid_grant"
    long = "0123456789" * 7 + "ab"
    whole = server.add_owner(stored=bcrypt.hashpw(long.encode(), bcrypt.gensalt(4)).decode())
    assert server.log_in(client, whole, long[:-1]).error == "invalid_grant"
    assert server.log_in(client, whole, long).status == 200
    assert server.log_in(client, whole, long + "x").error == "invalid_grant"


# What each outcome of a log-in costs


@contextmanager
def counted_work(server: Server) -> Iterator[dict[str, int]]:
    """Hashes, checks of imported hashes, and statements of the store by kind."""
    work: dict[str, int] = {}

    def counting(name: str) -> Any:
        original = getattr(SqliteDatabase, name)

        def count(database: SqliteDatabase, *arguments: Any) -> Any:
            work[name] = work.get(name, 0) + 1
            return original(database, *arguments)

        return patch.object(SqliteDatabase, name, count)

    before = server.passwords.hashes_computed, server.passwords.imports_checked
    with counting("row"), counting("change"), counting("change_row"), counting("transact"):
        yield work
    work["hashes"] = server.passwords.hashes_computed - before[0]
    work["imports"] = server.passwords.imports_checked - before[1]


def work_of(server: Server, client: str, name: str, password: str = "wrong password") -> dict[str, int]:
    with counted_work(server) as work, server.nothing_issued():
        assert server.log_in(client, name, password).error == "invalid_grant"
    return work


def wait_until_counted(server: Server, client: str) -> None:
    """Until stored hashes have been counted: a name of nobody costs what those of people do."""
    for number in range(1000):
        server.run(asyncio.sleep(0.01))
        if work_of(server, client, f"nobody {number}")["imports"]:
            return
    pytest.fail("stored hashes are not counted")


def test_u02_u05_every_refusal_of_a_log_in_is_the_same_work(server: Server):
    client = server.add_client()
    refused = {
        "unknown": work_of(server, client, "nobody"),
        "wrong": work_of(server, client, server.add_owner()),
        "long": work_of(server, client, server.add_owner(), "x" * 1025),
        "unusable": work_of(server, client, server.add_owner(stored="!")),
        "of another client": work_of(server, client, server.add_owner(belongs_to=server.add_client()), PASSWORD),
        **{state: work_of(server, client, server.add_owner(**STATES[state]), PASSWORD) for state in STATES},
    }
    server.log_in(client, "nobody")  # the client is remembered from here on, or not, for all alike
    assert {tuple(sorted(work.items())) for work in refused.values()} == {tuple(sorted(refused["wrong"].items()))}
    assert refused["wrong"]["hashes"] == 1


def test_u02_a_name_longer_than_any_costs_one_hash_and_is_not_even_looked_up(server: Server):
    client = server.add_client()
    server.log_in(client, "nobody")
    work = work_of(server, client, "x" * 321)
    assert (work["hashes"], work.get("row", 0)) == (1, work_of(server, client, "nobody")["row"] - 1)


def test_u04_u05_with_imported_hashes_too_every_refusal_is_the_same_work(tmp_path: Path):
    with running(configuration_of(tmp_path)) as server:
        client = server.add_client()
        plain = server.add_owner(stored=stored_of("04"))
        by_state = {state: server.add_owner(stored=stored_of("04"), **STATES[state]) for state in STATES}
    with running(configuration_of(tmp_path)) as again:
        again._secrets.update(server._secrets)
        wait_until_counted(again, client)
        refused = {
            "unknown": work_of(again, client, "somebody else"),
            "wrong": work_of(again, client, plain),
            **{state: work_of(again, client, by_state[state], PASSWORD) for state in STATES},
        }
        reasons = [event["detail"] for event in again.events()[-len(STATES) :]]
    assert reasons == [REASONS[state] for state in STATES]
    assert {tuple(sorted(work.items())) for work in refused.values()} == {tuple(sorted(refused["wrong"].items()))}
    assert (refused["wrong"]["hashes"], refused["wrong"]["imports"]) == (1, 1)


# F26 over the wire


@contextmanager
def one_slot(folder: Path) -> Iterator[tuple[str, Any, io.BytesIO, str, str]]:
    """A real server with one slot and one place in line: its address, pool, log, a client's form and a person."""
    table = PasswordsTable(memory_kib=8, iterations=1, slots=1, queue=1)
    configuration = msgspec.structs.replace(
        configuration_of(folder), passwords=table, log=LogTable(level="info"), client_cache_seconds=0
    )
    with running(configuration) as server:
        client, owner = server.add_client(), server.add_owner()
        body = form_of(server, client, owner)["body"].decode()
    pools, log = [], io.BytesIO()

    def remembered(one: Any) -> Any:
        pools.append(open_passwords(one))
        return pools[-1]

    with (
        patch("dragoman.wiring.open_passwords", remembered),
        patch.object(sys, "stderr", SimpleNamespace(buffer=log)),
        serving(configuration) as address,
    ):
        yield address, pools[0], log, body, client


def send_log_in(address: str, body: str) -> socket.socket:
    where = urlsplit(address)
    connection = socket.create_connection((where.hostname, where.port), timeout=20)
    head = f"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body.encode())
    return connection


def test_f26_who_hangs_up_while_waiting_gives_the_place_to_the_next(tmp_path: Path):
    with one_slot(tmp_path) as (address, pool, log, body, client):
        held = Held(pool, 1)
        gone = send_log_in(address, body)
        wait_until(lambda: pool.waiting == 1)
        with send_log_in(address, body) as refused:
            assert refused.recv(4096).startswith(b"HTTP/1.1 503 ")
        gone.close()
        wait_until(lambda: pool.waiting == 0)
        with send_log_in(address, body) as served:
            wait_until(lambda: pool.waiting == 1)
            held.let_go()
            assert served.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert (pool.hashes_computed, pool.abandoned, pool.shed) == (1, 1, 1)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    audit = [line for line in lines if line["event"] == "audit"]
    assert [(one["outcome"], one.get("detail")) for one in audit] == [
        ("token_refused", "the queue of password hashes is full"),
        ("token_refused", "the client hung up before its password was checked"),
        ("token_issued", None),
    ]
    assert {one["client"] for one in audit} == {client}
    assert {line["level"] for line in lines} == {"info"}


def test_f26_a_request_that_follows_on_the_same_connection_is_no_hanging_up(tmp_path: Path):
    with one_slot(tmp_path) as (address, pool, _log, body, _client):
        held = Held(pool, 1)
        connection = send_log_in(address, body)
        wait_until(lambda: pool.waiting == 1)
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with send_log_in(address, body) as refused:  # once this is answered, the server has seen the other, too
            assert refused.recv(4096).startswith(b"HTTP/1.1 503 ")
        assert (pool.waiting, pool.abandoned) == (1, 0)
        held.let_go()
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        connection.close()
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.count(b"HTTP/1.1 200 ") == 2


def test_f26_who_has_said_all_is_told_when_its_place_was_given_to_others(tmp_path: Path):
    with one_slot(tmp_path) as (address, pool, _log, body, _client):
        held = Held(pool, 1)
        with send_log_in(address, body) as waiting:
            wait_until(lambda: pool.waiting == 1)
            waiting.shutdown(socket.SHUT_WR)
            assert waiting.recv(4096).startswith(b"HTTP/1.1 503 ")
            assert waiting.recv(4096) == b""
        assert (pool.waiting, pool.abandoned) == (0, 1)
        held.let_go()
