"""What is changed beside a server is in force in all of its workers a moment later, and nothing fails meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
import urllib.request
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from joserfc import jwt
from joserfc.jwk import KeySet

from tests.processes import running_server, wait_until
from tests.workers.load import TOKEN_PATH, Attempt, ask, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.commanding import Folder
    from tests.processes import ServerProcess

WORKERS = 3
MOMENT_SECONDS = 1.0
CLIENT = ("--grant-type", "client_credentials", "--token-format")


@contextmanager
def connection_to_each(server: ServerProcess) -> Iterator[list[http.client.HTTPConnection]]:
    """One connection to each worker: it is taken while the others stand still."""
    workers = server.wait_for_workers(WORKERS)
    connections = []
    for one in workers:
        others = workers - {one}
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("GET", "/health/live")
        connection.getresponse().read()
        connections.append(connection)
        for pid in others:
            os.kill(pid, signal.SIGCONT)
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


def in_force(asked: Callable[[], list[object]], expected: object) -> None:
    """Until all workers answer so."""
    wait_until(lambda: all(answer == expected for answer in asked()))


def test_a_disabled_client_is_refused_by_all_within_a_second(folder: Folder, shop: tuple[str, str]):
    with running_server(folder.file, workers=WORKERS) as server, connection_to_each(server) as connections:

        def statuses() -> list[object]:
            return [ask(one, TOKEN_PATH, shop, grant_type="client_credentials").status for one in connections]

        assert statuses() == [200] * WORKERS
        for command, status in (("disable", 401), ("enable", 200)):
            folder.done("client", command, "shop")
            moment = time.monotonic() + MOMENT_SECONDS
            wait_until(lambda moment=moment: statuses() and time.monotonic() > moment)
            assert statuses() == [status] * WORKERS


def test_a_revocation_is_in_force_everywhere_once_it_is_answered(folder: Folder, shop: tuple[str, str]):
    with running_server(folder.file, workers=WORKERS) as server, connection_to_each(server) as connections:
        for first in connections:
            token = ask(first, TOKEN_PATH, shop, grant_type="client_credentials").answer["access_token"]

            def active(token: str = token) -> list[bool]:
                return [
                    ask(one, "/oauth2/introspect", shop, token=token).answer["active"] is True for one in connections
                ]

            assert active() == [True] * WORKERS
            ask(first, "/oauth2/revoke", shop, token=token)
            assert active() == [False] * WORKERS


def test_a_new_key_and_a_retired_one_are_known_to_all_a_moment_later(folder: Folder):
    with running_server(folder.file, workers=WORKERS) as server, connection_to_each(server) as connections:

        def keys() -> list[object]:
            return [frozenset(one["kid"] for one in fetch(connection)["keys"]) for connection in connections]

        def fetch(connection: http.client.HTTPConnection) -> dict:
            connection.request("GET", "/.well-known/jwks.json")
            return json.loads(connection.getresponse().read())

        (first,) = keys()[0]
        second = folder.done("key", "rotate", "--active-in", 0, "--json").json["kid"]
        in_force(keys, {first, second})
        folder.done("key", "retire", first, "--in", 3)
        in_force(keys, {second})


class Validator:
    """A resource server that keeps the public keys for a while, as it may, and asks for none in between."""

    def __init__(self, server: ServerProcess, keep_seconds: float) -> None:
        self._url = f"{server.base_url}/.well-known/jwks.json"
        self._keep_seconds = keep_seconds
        self._read_at = 0.0
        self.kids: set[str] = set()

    def check(self, token: str) -> None:
        """Raises if the token would be refused."""
        if time.monotonic() - self._read_at >= self._keep_seconds:
            with urllib.request.urlopen(self._url, timeout=10) as answer:
                self._keys = KeySet.import_key_set(json.load(answer))
            self._read_at = time.monotonic()
        self.kids.add(jwt.decode(token, self._keys, algorithms=["ES256"]).header["kid"])


def test_no_token_is_refused_while_keys_are_rotated_under_load(folder: Folder):
    client = "api", folder.client("api", *CLIENT, "at+jwt")
    checked: list[Attempt] = []
    with running_server(folder.file, workers=4) as server, load(server.port, client, clients=3) as under_way:
        stop, validator = threading.Event(), Validator(server, keep_seconds=1)

        def check_all() -> None:
            """Each token, at whatever worker takes the connection, and by its signature alone."""
            while not stop.is_set():
                for token in under_way.tokens()[-3:]:
                    validator.check(token)
                    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
                        checked.append(ask(connection, "/oauth2/introspect", client, token=token))

        checking = threading.Thread(target=check_all)
        checking.start()
        try:
            kids = {folder.done("key", "rotate", "--active-in", seconds, "--json").json["kid"] for seconds in (0, 5)}
            wait_until(lambda: kids <= validator.kids or not checking.is_alive())
        finally:
            stop.set()
            checking.join(20)
    assert kids < validator.kids
    assert (under_way.failed(), under_way.refused()) == ([], [])
    assert len(checked) > 20
    assert all(one.answer.get("active") is True for one in checked)
