"""Our server beside an old one that is real, and beside one that says whatever a test has it say."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.verification.cast import CastPerson
from tests.bridge.crossing import crossing
from tests.old_servers import ANN, BOB, Talker, cast_of, http, old_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bridge.crossing import Crossed

PATH = "/oauth2/token"
TOLD = {"subject": "sub", "authorities": "roles"}


@contextmanager
def pair(
    tmp_path: Path, *here: CastPerson, dialect: str = "standard", **settings: object
) -> Iterator[tuple[str, Crossed]]:
    """An old server that knows ann and bob, and ours, which knows those that are `here`."""
    (tmp_path / "theirs").mkdir()
    with (
        old_server(tmp_path / "theirs", dialect, cast_of(ANN, BOB)) as url,
        crossing(tmp_path / "ours", dialect, cast_of(*here), url, **{**TOLD, **settings}) as crossed,
    ):
        yield url, crossed


def says(**members: object) -> bytes:
    body = json.dumps({"access_token": "opaque-of-theirs", "token_type": "bearer", **members}).encode()
    return http("200 OK", body, "Content-Type: application/json")


ROOT = CastPerson(id="owner-root", username="root", password="Canary-of-root-9901", email="root@example.org")


@contextmanager
def lied_to(tmp_path: Path, answer: bytes, **settings: object) -> Iterator[tuple[Talker, Crossed]]:
    given = {"subject": "sub", "username": "username", "email": "email", "authorities": "roles", **settings}
    with (
        Talker(answer).listening() as talker,
        crossing(tmp_path / "ours", "standard", cast_of(ROOT), talker.url, **given) as crossed,
    ):
        yield talker, crossed


BROKEN = {
    "error page": http("500 Internal Server Error", b"<h1>SQLSTATE Canary</h1>"),
    "overloaded": http("429 Too Many Requests", b"{}"),
    "redirect": http("302 Found", b"", "Location: http://127.0.0.1:1/"),
    "empty object": http("200 OK", b"{}"),
    "both": http("200 OK", b'{"access_token": "x", "error": "invalid_grant"}'),
    "list": http("200 OK", b'["access_token"]'),
    "deep": http("200 OK", b"[" * 100_000),
    "no token": http("200 OK", b'{"access_token": ""}'),
    "a fault as a refusal": http("400 Bad Request", b'{"error": "server_error"}'),
    "a pause as a refusal": http("403 Forbidden", b'{"error": "temporarily_unavailable"}'),
    "no error code": http("403 Forbidden", b'{"message": "Forbidden"}'),
    "an error of another type": http("400 Bad Request", b'{"error": {"code": "invalid_grant"}}'),
    "no client": http("401 Unauthorized", b'{"error": "invalid_client"}'),
    "garbage": b"\x16\x03\x01 no HTTP",
    "silence": b"",
    "page for browsers": http("403 Forbidden", b"<html>"),
}


WRONG = http("400 Bad Request", b'{"error": "invalid_grant"}', "Content-Type: application/json")
