"""Clients that ask without a pause, and what became of each of their requests."""

from __future__ import annotations

import http.client
import json
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.processes import PATIENCE_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN_PATH = "/oauth2/token"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request: when, and what came of it."""

    began: float
    ended: float
    status: int | None
    """None where no whole answer came."""
    answer: dict
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """All attempts so far."""

    attempts: list[Attempt] = field(default_factory=list)

    def wait_for_more(self, number: int) -> None:
        """Until so many more requests have been answered."""
        before = len(self.attempts)
        wait_until(lambda: len(self.attempts) >= before + number)

    def failed(self) -> list[Attempt]:
        """Those without a whole answer."""
        return [one for one in self.attempts if one.status is None]

    def refused(self) -> list[Attempt]:
        """Those with an answer that is no token."""
        return [one for one in self.attempts if one.status not in (None, 200)]

    def tokens(self) -> list[str]:
        """The access tokens that were given out."""
        return [one.answer["access_token"] for one in self.attempts if one.status == 200]


def form(client: tuple[str, str], **fields: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a request with Basic credentials."""
    basic = b64encode(":".join(client).encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    return urlencode(fields).encode(), headers


def ask(connection: http.client.HTTPConnection, path: str, client: tuple[str, str], **fields: str) -> Attempt:
    """One request. A body that is shorter than announced, or no JSON, is no whole answer."""
    began = time.monotonic()
    try:
        connection.request("POST", path, *form(client, **fields))
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as failure:
        connection.close()
        return Attempt(began, time.monotonic(), None, {}, repr(failure))
    return Attempt(began, time.monotonic(), response.status, answer)


@contextmanager
def load(port: int, client: tuple[str, str], *, clients: int = 4, reuse: bool = True) -> Iterator[Load]:
    """So many clients that fetch tokens, each on a connection of its own or on a new one for each request."""
    stop, under_way = threading.Event(), Load()

    def fetch() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        while not stop.is_set():
            under_way.attempts.append(ask(connection, TOKEN_PATH, client, grant_type="client_credentials"))
            if not reuse:
                connection.close()
        connection.close()

    threads = [threading.Thread(target=fetch, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield under_way
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
