"""Faults of the server's own, seen from outside: S08."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.attacks.harness import DIALECTS, PASSWORD, Clock, configuration_of, running
from tests.attacks.spelling import log_in
from tests.spellings import WORDS, Written, fill, spellings_of, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.dialects.schema import DialectFile
    from tests.attacks.harness import Answer, Server


def broken_store(tmp_path: Path, table: str):
    """A server whose database loses a table while it runs."""
    server = running(configuration_of(tmp_path), Clock())
    opened = server.__enter__()
    client, owner = opened.add_client(), opened.add_owner()
    lose_table(opened, table)
    return server, opened, client, owner


def lose_table(server: Server, table: str) -> None:
    path = server.configuration.path(server.configuration.database)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"DROP TABLE {table}")


def assert_nothing_of_the_inside(answer: Answer, folder: Path, table: str) -> None:
    """Neither in the body nor in the headers."""
    whole = answer.body + b"".join(name + b": " + value + b"\n" for name, value in answer.headers)
    inside = (b"Traceback", b"sqlite", b"SELECT", b"INSERT", b"no such table", b".py", b"dragoman")
    for told in (*inside, str(folder).encode(), table.encode() + b" "):
        assert told not in whole, told


@pytest.mark.parametrize("table", ["clients", "login_names", "grants"])
def test_s08_a_fault_tells_the_client_nothing_and_the_log_no_secret(tmp_path: Path, table: str):
    server, opened, client, owner = broken_store(tmp_path, table)
    try:
        for dialect in DIALECTS:
            answer = log_in(opened, dialect, client, owner)
            assert answer.status in (500, 503), (dialect, answer)
            assert_nothing_of_the_inside(answer, tmp_path, table)
            json.loads(answer.body)
        logged = opened.log.getvalue().decode()
        assert PASSWORD not in logged
        assert opened.secret_of(client) not in logged
        assert "no such table" in logged
    finally:
        server.__exit__(None, None, None)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_s08_a_fault_at_any_other_endpoint_tells_no_more(tmp_path: Path, dialect: str):
    with running(configuration_of(tmp_path), Clock()) as server:
        client, owner = server.add_client(), server.add_owner()
        token = log_in(server, dialect, client, owner).document["access_token"]
        lose_table(server, "grants")
        for path, one in requests_about(token, WORDS[dialect], client, server.secret_of(client)):
            target = f"/{dialect}{path.replace('/me/', f'/{server.owner_id(owner)}/')}"
            answer = server.ask(one.method, target, query=one.query, headers=one.headers, body=one.body)
            assert answer.status in (500, 503), (path, answer)
            assert_nothing_of_the_inside(answer, tmp_path, "grants")
        assert token not in server.log.getvalue().decode()


def requests_about(token: str, words: DialectFile, client: str, secret: str) -> Iterator[tuple[str, Written]]:
    """At each endpoint but that which issues, as its dialect has it."""
    own = write(spellings_of(words)[-1], {"token": token}, client, secret)
    by_url = Written(method="GET", query=urlencode({words.revocation.token_parameter: token}).encode())
    bearer = Written(method="GET", headers=((words.resource.headers[0], f"{words.resource.schemes[0]} {token}"),))
    yield from ((fill(path), own) for path in words.introspection.paths)
    yield from ((fill(path), by_url if "GET" in words.revocation.methods else own) for path in words.revocation.paths)
    yield from ((fill(path), bearer) for path in words.resource.paths)


def test_s08_a_fault_has_an_id_that_the_log_knows(tmp_path: Path):
    server, opened, client, owner = broken_store(tmp_path, "login_names")
    try:
        answer = opened.log_in(client, owner)
        assert answer.status == 500
        assert answer.document["error"] == "server_error"
        faults = [line for line in opened.log_lines() if line["event"] == "fault"]
        assert answer.header("X-Request-Id") == faults[-1]["request_id"]
    finally:
        server.__exit__(None, None, None)
