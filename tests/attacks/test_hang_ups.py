"""Who hangs up while waiting for a slot gives the place to the next: F26 over the wire."""

import io
import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import msgspec

from dragoman.config.settings import LogTable, PasswordsTable
from dragoman.wiring.parts import open_passwords
from tests.attacks.guarding import Held, form_of, stored_of
from tests.attacks.harness import FORM, configuration_of, running
from tests.processes import wait_until
from tests.serving import serving


@contextmanager
def one_slot(folder: Path, **of_client: Any) -> Iterator[tuple[str, Any, io.BytesIO, str, str]]:
    """A real server with one slot and one place in line: its address, pool, log, a client's form and a person."""
    table = PasswordsTable(memory_kib=8, iterations=1, slots=1, queue=1)
    configuration = msgspec.structs.replace(
        configuration_of(folder), passwords=table, log=LogTable(level="info"), client_cache_seconds=0
    )
    with running(configuration) as server:
        client, owner = server.add_client(**of_client), server.add_owner()
        body = form_of(server, client, owner)["body"].decode()
    pools, log = [], io.BytesIO()

    def remembered(one: Any, **how: Any) -> Any:
        pools.append(open_passwords(one, **how))
        return pools[-1]

    with (
        patch("dragoman.wiring.server.open_passwords", remembered),
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
    with one_slot(tmp_path) as (address, pool, log, body, client), Held(pool, 1) as held:
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
    with one_slot(tmp_path) as (address, pool, _log, body, _client), Held(pool, 1) as held:
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
    with one_slot(tmp_path) as (address, pool, _log, body, _client), Held(pool, 1) as held:
        with send_log_in(address, body) as waiting:
            wait_until(lambda: pool.waiting == 1)
            waiting.shutdown(socket.SHUT_WR)
            assert waiting.recv(4096).startswith(b"HTTP/1.1 503 ")
            assert waiting.recv(4096) == b""
        assert (pool.waiting, pool.abandoned) == (0, 1)
        held.let_go()


def test_k03_f26_who_hangs_up_has_no_slow_hash_of_a_client_computed(tmp_path: Path):
    with one_slot(tmp_path, secrets=(stored_of("04"),)) as (address, pool, *_, client), Held(pool, 1):
        form = f"grant_type=client_credentials&client_id={client}&client_secret=wrong"
        with send_log_in(address, form):
            wait_until(lambda: pool.waiting == 1)
        wait_until(lambda: pool.waiting == 0)
        assert (pool.imports_checked, pool.abandoned) == (0, 1)
