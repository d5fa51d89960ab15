"""Spring Authorization Server (Maven Central) in the application of `bench/peers/spring`; it has no password grant."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.database import postgresql
from bench.load import Request
from bench.machine import Tree, free_port, started, wait_for
from bench.systems.java import HEAP, PEERS, WARM_UP_SECONDS, database, missing
from bench.systems.node import SETTINGS
from bench.systems.system import (
    SESSIONS,
    Running,
    System,
    ask,
    basic,
    client_credentials,
    introspection,
    refreshing,
    revocation,
)
from bench.work import CLIENT_ID, CLIENT_SECRET, PASSWORD, SCOPE, USERNAME, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_PROGRAM = PEERS / "spring" / "target" / "spring.jar"
_OPAQUE = basic(CLIENT_ID + "-opaque", CLIENT_SECRET + "-opaque")
"""Its clients' secrets have to be different."""
_TOKEN = "/oauth2/token"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_REDIRECT_URI = "http://127.0.0.1/callback"
_HIDDEN = re.compile(r'name="_csrf"[^>]* value="([^"]+)"')
_CONNECTIONS = {"SERVER_TOMCAT_THREADS_MAX": "16", "SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE": "32"}
"""Its JDBC services ask for a second connection while they read from the first: with the default of ten, more than ten
requests at once would all wait for each other."""
_DATABASE = ("SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_USERNAME", "SPRING_DATASOURCE_PASSWORD")


def spring_authorization_server() -> System:
    """With Spring Boot and the JDBC services of its documentation."""
    return System(
        name="Spring Authorization Server",
        about="Spring Boot 4.1, Tomcat, PostgreSQL, 1 process (JVM, heap of 512 MiB); no password grant",
        start=_running,
        missing=lambda: missing(_PROGRAM),
        warm_up_seconds=WARM_UP_SECONDS,
    )


@contextmanager
def _running(folder: Path) -> Iterator[Running]:
    port, log = free_port(), folder.with_suffix(".log")
    with postgresql() as url:
        environment = {
            **SETTINGS,
            **database(url, _DATABASE),
            **_CONNECTIONS,
            "BENCH_REDIRECT_URI": _REDIRECT_URI,
            "SERVER_ADDRESS": "127.0.0.1",
            "SERVER_PORT": str(port),
            "SPRING_SECURITY_USER_NAME": USERNAME,
            "SPRING_SECURITY_USER_PASSWORD": PASSWORD,
        }
        began = time.perf_counter()
        with started("java", *HEAP.split(), "-jar", str(_PROGRAM), log=log, environment=environment) as process:
            wait_for(port, process, log)
            ask(port, Request(path="/oauth2/jwks"))
            taken = time.perf_counter() - began
            yield Running(
                base=f"http://127.0.0.1:{port}", tree=Tree(process.pid), requests=_requests(port), start_seconds=taken
            )


def _requests(port: int) -> Mapping[Work, Callable[[], Request]]:
    by_client, by_opaque = client_credentials(_TOKEN), client_credentials(_TOKEN, _OPAQUE)
    return {
        Work.CLIENT_CREDENTIALS: lambda: by_client,
        Work.CLIENT_CREDENTIALS_OPAQUE: lambda: by_opaque,
        Work.REFRESH: lambda: refreshing(_TOKEN, basic(), _sessions(port)),
        Work.INTROSPECTION_JWT: lambda: introspection("/oauth2/introspect", ask(port, by_client)["access_token"]),
        Work.INTROSPECTION_OPAQUE: lambda: introspection("/oauth2/introspect", ask(port, by_opaque)["access_token"]),
        Work.REVOCATION: lambda: revocation(port, "/oauth2/revoke", by_client),
        Work.KEYS: lambda: Request(path="/oauth2/jwks"),
        Work.METADATA: lambda: Request(path="/.well-known/oauth-authorization-server"),
    }


def _sessions(port: int) -> tuple[str, ...]:
    """Refresh tokens for authorization codes (RFC 6749 §4.1), after one log-in by its own form."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    cookie, page = _visit(connection, "GET", "/login")
    hidden = _HIDDEN.search(page)
    sent = {"username": USERNAME, "password": PASSWORD, "_csrf": hidden[1] if hidden else ""}
    cookie, _ = _visit(connection, "POST", "/login", urlencode(sent), cookie)
    tokens = tuple(_redeem(port, _authorize(connection, cookie)) for _ in range(SESSIONS))
    connection.close()
    return tokens


def _authorize(connection: HTTPConnection, cookie: str) -> str:
    asked = {"response_type": "code", "client_id": CLIENT_ID, "scope": SCOPE, "redirect_uri": _REDIRECT_URI}
    connection.request("GET", f"/oauth2/authorize?{urlencode(asked)}", headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def _redeem(port: int, code: str) -> str:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": _REDIRECT_URI}
    return str(ask(port, Request(path=_TOKEN, body=urlencode(form), headers=basic()))["refresh_token"])


def _visit(
    connection: HTTPConnection, method: str, path: str, body: str | None = None, cookie: str = ""
) -> tuple[str, str]:
    """The session's cookie after this, and what was answered."""
    connection.request(method, path, body, {"Cookie": cookie, **(_FORM if body else {})})
    answer = connection.getresponse()
    text = answer.read().decode()
    return (answer.headers["Set-Cookie"] or cookie).partition(";")[0], text
