"""Answers that break the contract of docs/accounts-elsewhere.md, or the one of HTTP."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.directories.account_service import send

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

ANN = {
    "id": "7f", "username": "ann", "email": "ann@members.example", "first_name": "Ann", "last_name": "Lee",
    "authorities": ["ROLE_A"],
}  # fmt: skip


def answering(body: object, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """What is said to every question."""

    def speak(handler: BaseHTTPRequestHandler) -> None:
        send(handler, status, body if isinstance(body, bytes) else json.dumps(body).encode(), **headers)

    return speak


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    with suppress(OSError):
        while True:
            handler.wfile.write(b" " * 65536)


LIES = {
    "redirect": answering({}, 307, Location="http://127.0.0.1:1/"),
    "redirect that looks right": answering({"result": "verified", "account": ANN}, 302, Location="/elsewhere"),
    "error": answering({"result": "verified", "account": ANN}, 500),
    "created": answering({"result": "verified", "account": ANN}, 201),
    "no JSON": answering(b"<html>"),
    "another type": answering({"result": "verified", "account": ANN}, Content_Type="text/html"),
    "compressed": answering(b"\x1f\x8b" + b"\0" * 100, Content_Encoding="gzip"),
    "a list": answering([]),
    "deep": answering(b"[" * 60000),
    "too large": answering(b" " * 65536 + json.dumps({"result": "verified", "account": ANN}).encode()),
    "endless": _endless,
    "half": lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"),
    "garbage": lambda handler: handler.wfile.write(b"\0\xff" * 5000),
    "verified without account": answering({"result": "verified"}),
    "account without being verified": answering({"result": "not_verified", "account": ANN}),
    "true": answering({"result": True, "account": ANN}),
    "the answer to another question": answering({"result": "found", "account": ANN}),
    "no id": answering({"result": "verified", "account": {**ANN, "id": ""}}),
    "a number as id": answering({"result": "verified", "account": {**ANN, "id": 7}}),
    "a long id": answering({"result": "verified", "account": {**ANN, "id": "7" * 256}}),
    "an id of lines": answering({"result": "verified", "account": {**ANN, "id": "7\r\nf"}}),
    "no user name": answering({"result": "verified", "account": {**ANN, "username": " "}}),
    "authorities of words": answering({"result": "verified", "account": {**ANN, "authorities": "ROLE_ADMIN"}}),
    "many authorities": answering(
        {"result": "verified", "account": {**ANN, "authorities": [f"r{n}" for n in range(501)]}}
    ),
    "a member of its own": answering({"result": "verified", "account": {**ANN, "admin": True}}),
    "a hash": answering({"result": "verified", "account": {**ANN, "password_hash": "x"}}),
}
