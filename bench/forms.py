"""Requests as clients of a token server write them, whole, and the sessions they go on with."""

from __future__ import annotations

import json
import random
import sys
from base64 import b64encode
from collections import deque
from functools import lru_cache
from urllib.parse import urlencode

from bench.installation import PASSWORD, SECRET

PEOPLE = 40
HEALTH = b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def post(path: str, client: str, headers: str = "", **fields: str) -> bytes:
    """A form of a client that authenticates; `headers` are whole lines."""
    body = urlencode(fields).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {_basic(client)}\r\n{headers}"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


@lru_cache
def log_in(client: str, name: str) -> bytes:
    """A right password."""
    return post("/oauth2/token", client, grant_type="password", username=name, password=PASSWORD)


def anybody(client: str) -> bytes:
    """Some person's log-in."""
    return log_in(client, f"person-{random.randrange(PEOPLE)}")  # noqa: S311 (load)


class Sessions:
    """Live refresh tokens, each of which is out with one request at most."""

    def __init__(self) -> None:
        self._tokens: deque[str] = deque()
        self._access_token = ""

    def refresh(self) -> bytes:
        """Go on with the one that rested longest. Ends the bench where all are out with requests."""
        if not self._tokens:
            sys.exit("bench: no refresh was answered for as long as there were sessions to ask with")
        return post("/oauth2/token", "app", grant_type="refresh_token", refresh_token=self._tokens.popleft())

    def keep(self, status: int, body: bytes) -> None:
        """Remember what a log-in or a refresh gave."""
        if status == 200:  # noqa: PLR2004 (OK)
            answer = json.loads(body)
            self._tokens.append(answer["refresh_token"])
            self._access_token = answer["access_token"]

    def introspect(self) -> bytes:
        """Ask about some access token."""
        return post("/oauth2/introspect", "app", token=self._access_token)


@lru_cache
def _basic(client: str) -> str:
    return "Basic " + b64encode(f"{client}:{SECRET}".encode()).decode()
