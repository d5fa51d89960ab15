"""Injection and logs: S04 to S07, S09."""

import json
import time
from urllib.parse import urlencode

import pytest

from dragoman.core.model import ClientCredentials, TokenRequest
from dragoman.core.secret import Secret
from tests.attacks.harness import DIALECTS, FORM, PASSWORD, Server
from tests.attacks.spelling import basic, log_in, token_path

METACHARACTERS = (
    "' OR '1'='1",
    '" OR 1=1 --',
    "'; DROP TABLE clients; --",
    "1); DELETE FROM grants; --",
    "%",
    "_",
    "*",
    "\\",
    "a' UNION SELECT 1--",
    "${7919*7907}",
    "{{7919*7907}}",
    "{username}",
    "{error}",
    "%s%s%s%n",
    "|id",
    "`id`",
    "$(id)",
    "../../etc/passwd",
    "\x00",
    "null",
    "[]",
)
NAMES = ("grant_type", "client_id", "client_secret", "username", "password", "scope", "refresh_token")


@pytest.mark.parametrize("text", METACHARACTERS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_s04_text_is_text_in_every_parameter(server: Server, dialect: str, text: str):
    client, owner = server.add_client(), server.add_owner()
    own = {**server.credentials(client), "username": owner, "password": PASSWORD, "scope": "read", "refresh_token": "x"}
    for name in NAMES:
        grant_type = "refresh_token" if name == "refresh_token" else "password"
        form = {"grant_type": grant_type, **own, name: text}
        header = basic(form["client_id"], form["client_secret"])
        headers = [("Content-Type", FORM)]
        if dialect.startswith(("paymentiq", "spring")):
            headers.append(header)
            form = {key: value for key, value in form.items() if not key.startswith("client_")}
        if name == "scope" and dialect == "kabbage":
            continue  # the scope has no effect there
        with server.nothing_issued():
            answer = server.ask("POST", token_path(dialect), headers=headers, body=urlencode(form).encode())
        assert 400 <= answer.status < 500, (name, answer)
        assert b"62615533" not in answer.body
    assert log_in(server, dialect, client, owner).status == 200


@pytest.mark.parametrize("path", ["/oauth2/introspect", "/oauth2/revoke"])
def test_s04_text_is_text_at_the_other_endpoints(server: Server, path: str):
    client = server.add_client()
    for text in METACHARACTERS:
        with server.nothing_happens():
            answer = server.form(path, {**server.credentials(client), "token": text, "token_type_hint": text})
        assert answer.status == 200
        assert server.ask("GET", "/resource", headers=[("Authorization", f"Bearer {text}")]).status == 401
        assert server.ask("GET", f"/kabbage/v2/Data/{text.replace('/', '')}/me").status == 401


FORGERIES = (
    "x\n2026-01-01 INFO login ok",
    '"}\n{"event":"audit","outcome":"token_issued"}',
    "\x1b[2J\x1b[31mred",
    "\u202egnirts",
    "\r\n\r\n",
    "a\u2028b\u2029c",
    "\x85",
    "\x00",
    '","client":"admin',
    "\ud7ff\ue000",
)


@pytest.mark.parametrize("text", FORGERIES, ids=range(len(FORGERIES)))
def test_s05_one_event_is_one_line_whatever_it_holds(server: Server, text: str):
    client, mark = server.add_client(), server.mark()
    form = {"grant_type": text, "client_id": text, "client_secret": "x", "username": text, "password": "x"}
    server.form("/oauth2/token", form, headers=[("User-Agent", "x" + text.encode("ascii", "ignore").decode())])
    server.form("/oauth2/token", {**form, **server.credentials(client), "grant_type": "password"})
    server.form("/oauth2/token", {**form, **server.credentials(client)})
    lines = server.log.getvalue()[mark:].split(b"\n")
    assert lines.pop() == b""
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events] == ["audit", "request"] * 3
    assert {event.get("outcome") for event in events if event["event"] == "audit"} == {"token_refused"}
    raw = server.log.getvalue()[mark:]
    assert b"\x1b" not in raw
    assert b"\r" not in raw


def test_s05_every_line_of_the_log_is_ascii_or_harmless(server: Server):
    client, mark = server.add_client(), server.mark()
    server.form("/oauth2/token", {**server.credentials(client), "grant_type": "a\u202eb\u2028c\u0085d\x1be"})
    text = server.log.getvalue()[mark:].decode()
    assert not [character for character in text if character in "\u202e\u2028\u2029\u0085\x1b"]


QUADRATIC = 0.03
"""Seconds of processor time, ten times what any of these takes; a pattern that is quadratic in 8 KB takes more."""
LONG = (
    "a" * 8000,
    "a" * 4000 + "!" * 4000,
    " " * 8000,
    "a " * 4000,
    "=" * 8000,
    "%" * 8000,
    "%41" * 2600,
    "&" * 8000,
    "[" * 8000,
)


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_s07_no_text_of_8_kb_takes_long(server: Server, text: str):
    client = server.add_client()
    own = server.credentials(client)
    requests = [
        {"body": urlencode({"grant_type": "password", **own, "username": text, "scope": "read"}).encode()},
        {"body": urlencode({"grant_type": "password", **own, "scope": text}).encode()},
        {"body": text.encode()},
        {
            "body": b"a=b",
            "headers": [("Content-Type", f"multipart/form-data; boundary={text}")],
            "path": "/jobspace/oauth/token",
        },
        {"body": b"a=b", "headers": [("Content-Type", FORM), ("Authorization", f"Basic {text}")]},
        {"body": b"a=b", "headers": [("Content-Type", FORM), ("User-Agent", text)]},
        {"query": text.encode(), "path": "/axosoft/api/oauth2/token"},
    ]
    for one in requests:
        parts = {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], **one}
        best = min(_timed(server, parts) for _ in range(3))
        assert best < QUADRATIC, parts


BODIES = (
    b"\n" * 32000 + b"x",
    b"\r\n" * 16000 + b"x",
    b"&" * 32000,
    b"a=%" * 10000,
    "password=e\u0301\u0316".encode() * 1500,
)


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_s07_no_body_of_32_kb_takes_long(server: Server, dialect: str, body: bytes):
    parts = {"method": "POST", "path": token_path(dialect), "headers": [("Content-Type", FORM)], "body": body}
    assert min(_timed(server, parts) for _ in range(2)) < QUADRATIC


def test_s07_a_user_name_of_combining_marks_takes_no_longer_than_any(server: Server):
    client = server.add_client()
    name = "e" + "\u0316\u0301" * 5000
    form = {"grant_type": "password", **server.credentials(client), "username": name, "password": "x", "scope": "read"}
    parts = {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)]}
    assert min(_timed(server, {**parts, "body": urlencode(form).encode()[:32000]}) for _ in range(2)) < QUADRATIC


def _timed(server: Server, parts: dict) -> float:
    began = time.process_time()
    answer = server.ask(**parts)
    took = time.process_time() - began
    assert answer.status < 500
    return took


def test_s09_a_secret_does_not_print_itself():
    secret = Secret("canary")
    request = TokenRequest(
        grant_type="password", client=ClientCredentials(id="a", secret=secret), parameters={"password": secret}
    )
    for text in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        format(secret),
        repr(request),
        repr([secret]),
        repr({"a": secret}),
    ):
        assert "canary" not in text


@pytest.mark.parametrize(
    ("query", "body", "refusal"),
    [
        (b"username=canary", b"grant_type=password", "parameter_in_query"),
        (b"", b"username=canary&username=canary", "duplicate_parameter"),
        (b"", b"\xff=canary&password=%zz%ff", "malformed_request"),
    ],
)
def test_what_is_refused_before_anybody_knows_the_client_is_in_the_audit_once(
    server: Server, query: bytes, body: bytes, refusal: str
):
    since = server.mark()
    server.ask("POST", "/oauth2/token", query=query, headers=[("Content-Type", FORM)], body=body)
    (event,) = server.events(since)
    assert (event["outcome"], event["refusal"]) == ("token_refused", refusal)
    assert "canary" not in str(event)
