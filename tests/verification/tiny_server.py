"""A real HTTP server on the loopback that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from threading import Thread

from dragoman.verification.contract import load_contract
from dragoman.verification.runner import Verdict, run_contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    body: bytes = b"{}"


Script = Callable[[Asked], Answer | None]


@dataclass(slots=True)
class TinyServer:
    url: str
    script: Script = lambda _asked: Answer()
    asked: list[Asked] = field(default_factory=list)

    def answer(self, body: str, status: int = 200, *headers: tuple[str, str]) -> None:
        """From now on, answer this to everybody."""
        self.script = lambda _asked: Answer(status=status, headers=headers, body=body.encode())


def _handler_for(server: TinyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            line = self.raw_requestline.decode().rstrip("\r\n")
            asked = Asked(line=line, headers=tuple(self.headers.items()), body=body)
            server.asked.append(asked)
            answer = server.script(asked)
            self.close_connection = True
            if answer is None:
                return
            self.send_response_only(answer.status)
            for name, value in (*answer.headers, ("Content-Length", str(len(answer.body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_parts: object) -> None:
            pass

    return Handler


class _Listener(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients that go away are part of the tests."""


@contextmanager
def running_server(tls: SSLContext | None = None) -> Iterator[TinyServer]:
    tiny = TinyServer(url="")
    with _Listener(("127.0.0.1", 0), _handler_for(tiny)) as listener:
        tiny.url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.server_address[1]}"
        if tls is not None:
            listener.socket = tls.wrap_socket(listener.socket, server_side=True)
        thread = Thread(target=lambda: listener.serve_forever(poll_interval=0.01))
        thread.start()
        try:
            yield tiny
        finally:
            listener.shutdown()
            thread.join()


def jwt(payload: object, header: object = {"alg": "none"}) -> str:
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, payload))
    return ".".join([*(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "c2ln"])


CAST = """
[server]
scopes = ["read", "write"]

[clients.client]
id = "app"
secret = "s3cr&t=1"
name = "The App"
grant_types = ["password", "refresh_token"]
scope = ["read", "write"]
authorities = ["ROLE_APP"]

[clients.public]
id = "phone"

[people.user]
id = "7"
username = "ann@example.com"
password = "correct horse+battery"
first_name = "Ann"
authorities = ["ROLE_AGENT"]

[people.locked]
id = "8"
username = "lars"
password = "locked-password"
locked = true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    root: Path

    def write(self, exchanges: str, *, dialect: str = "small", cast: str = CAST, file: str = "password.toml") -> None:
        folder = self.root / dialect
        folder.mkdir(exist_ok=True)
        (folder / "cast.toml").write_text(cast, encoding="utf-8")
        (folder / file).write_text(exchanges, encoding="utf-8")


def exchange(request: str, response: str, *, identifier: str = "one", more: str = "") -> str:
    return f"""
[[exchange]]
id = "{identifier}"
title = "Title of {identifier}"
source = "the tests"
request = '''
{request}
'''
response = '''
{response}
'''
{more}
"""


FORM = "Content-Type: application/x-www-form-urlencoded"
PASSWORD = exchange(
    f"POST /token\n{FORM}\n\ngrant_type=password&client_id=«client.id»&client_secret=«client.secret»"
    "&username=«user.username»&password=«user.password»",
    '200\nContent-Type: application/json\n\n{"access":"«access=jwt»","refresh":"«refresh=text»"}',
    identifier="password",
)
REFRESH = exchange(
    f"POST /token\n{FORM}\n\nrefresh_token=«refresh»", "200", identifier="refresh", more='given = ["password"]'
)


def verdicts(contracts: Contracts, server: TinyServer, exchanges: str) -> tuple[Verdict, ...]:
    contracts.write(exchanges)
    return run_contract(load_contract("small", contracts.root), server.url)


def only(contracts: Contracts, server: TinyServer, exchanges: str) -> Verdict:
    (verdict,) = verdicts(contracts, server, exchanges)
    return verdict
