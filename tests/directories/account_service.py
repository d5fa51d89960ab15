"""The other side of the HTTP contract: an honest service, and ones that lie, dawdle or never answer."""

from __future__ import annotations

import hmac
import json
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BEARER = "a-bearer-token-for-tests"
SIGNING_KEY = "a signing key for tests, long enough"


class Service:
    """Keeps accounts in a mapping, as honest as `speak` is not set otherwise."""

    def __init__(self) -> None:
        self.accounts: dict[str, dict[str, Any]] = {}
        """By login name: what the contract calls an account, and its `password`."""
        self.questions: list[dict[str, Any]] = []
        self.faults: list[str] = []
        """What was wrong with the requests: none, if all is well."""
        self.speak: Callable[[BaseHTTPRequestHandler], None] | None = None
        """What is done instead of an honest answer."""

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """As the contract says."""
        self.questions.append(question)
        if question["question"] == "verify":
            found = next((one for one in self.accounts.values() if question["login"] in _names(one)), None)
            right = found is not None and hmac.compare_digest(found["password"].encode(), question["password"].encode())
            return {"result": "verified", "account": _told(found)} if right else {"result": "not_verified"}
        found = next((one for one in self.accounts.values() if one["id"] == question["id"]), None)
        return {"result": "not_found"} if found is None else {"result": "found", "account": _told(found)}

    def check(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """What the service has to check by the contract."""
        headers = handler.headers
        parts = dict(part.split("=", 1) for part in headers.get("Dragoman-Signature", "").split(","))
        code = hmac.digest(SIGNING_KEY.encode(), parts["t"].encode() + b"." + body, "sha256").hex()
        if not hmac.compare_digest(code, parts["v1"]):
            self.faults.append("signature")
        if headers["Authorization"] != f"Bearer {BEARER}":
            self.faults.append("bearer")


def _names(account: dict[str, Any]) -> tuple[str, ...]:
    return account["username"], account.get("email", "")


def _told(account: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in account.items() if name != "password"}


@contextmanager
def account_service(service: Service, certificate: Path | None = None) -> Iterator[int]:
    """The service on a free port, with TLS where there is a certificate; the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if service.speak is not None:
                self.close_connection = True
                service.speak(self)
                return
            service.check(self, body)
            send(self, 200, json.dumps(service.answer(json.loads(body))).encode())

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_arguments: None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """An answer."""
    handler.send_response(status)
    sent = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    if handler.close_connection:  # whoever is not told may send the next question into the closing
        sent["Connection"] = "close"
    for name, value in (sent | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections and never says anything; the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield listener.getsockname()[1]
