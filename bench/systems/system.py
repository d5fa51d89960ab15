"""What a system is to the bench."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.load import Request
from bench.machine import Tree
from bench.work import CLIENT_ID, CLIENT_SECRET, PASSWORD, SCOPE, USERNAME, Work

SESSIONS = 96
"""How many people are logged in for the refresh: more than there are connections."""
ACCESS_TOKENS = 400
_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A system that answers."""

    base: str
    tree: Tree
    requests: Mapping[Work, Callable[[], Request]]
    """Each is made anew for each run: what it spends has to be fresh."""
    start_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One that can be started."""

    name: str
    about: str
    """Version, store and number of processes, for the table."""
    start: Callable[[Path], AbstractContextManager[Running]]
    """In a folder of its own."""
    missing: Callable[[], str | None]
    """Why it cannot be measured here, if it cannot."""
    warm_up_seconds: int = 1
    """How long it answers each kind of request before it is measured."""


def basic(client_id: str = CLIENT_ID, secret: str = CLIENT_SECRET) -> Mapping[str, str]:
    """Client authentication by HTTP Basic (RFC 6749 §2.3.1)."""
    return {"Authorization": "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()}


def ask(port: int, request: Request) -> dict[str, Any]:
    """One request, and its answer; ends the bench where it is refused."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = (
        {"Content-Type": "application/x-www-form-urlencoded", **request.headers} if request.body else request.headers
    )
    connection.request(request.verb, request.path, request.body or None, dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:  # noqa: PLR2004 (OK)
        sys.exit(f"bench: {request.path} answered {answer.status}: {body[:300]!r}")
    return dict(json.loads(body or b"{}"))


def several(port: int, request: Request, count: int, member: str) -> tuple[str, ...]:
    """This member of the answers to so many of the same request."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(lambda _: str(ask(port, request)[member]), range(count)))


def password_grant(path: str, headers: Mapping[str, str] | None = None) -> Request:
    """A log-in (RFC 6749 §4.3)."""
    form = {"grant_type": "password", "username": USERNAME, "password": PASSWORD, "scope": SCOPE}
    return Request(path=path, body=urlencode(form), headers=basic() if headers is None else headers)


def client_credentials(path: str, headers: Mapping[str, str] | None = None) -> Request:
    """A client for itself (RFC 6749 §4.4)."""
    body = urlencode({"grant_type": "client_credentials", "scope": SCOPE})
    return Request(path=path, body=body, headers=basic() if headers is None else headers)


def refresh(port: int, path: str, headers: Mapping[str, str] | None = None) -> Request:
    """Refreshing with rotation (RFC 6749 §6), of sessions that are begun now."""
    login = password_grant(path, headers)
    return refreshing(path, login.headers, several(port, login, SESSIONS, "refresh_token"))


def refreshing(path: str, headers: Mapping[str, str], tokens: tuple[str, ...]) -> Request:
    """The same, of the sessions that these refresh tokens are of."""
    body = "grant_type=refresh_token&refresh_token=TOKEN"
    return Request(path=path, body=body, headers=headers, tokens=tokens, spends=True)


def introspection(path: str, token: str, headers: Mapping[str, str] | None = None) -> Request:
    """One token, over and over (RFC 7662)."""
    return Request(path=path, body=urlencode({"token": token}), headers=basic() if headers is None else headers)


def revocation(port: int, path: str, token_request: Request) -> Request:
    """Fresh access tokens in turn (RFC 7009); one that was ended before is ended again."""
    tokens = several(port, token_request, ACCESS_TOKENS, "access_token")
    return Request(path=path, body="token=TOKEN", headers=token_request.headers, tokens=tokens)
