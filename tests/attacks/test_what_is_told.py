"""What an operator is told of requests that never came to the token endpoint, and how to get from one record to the other."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec
import pytest

from dragoman.config.settings import AuditTable
from dragoman.http.request import ClientGone, Request, RequestHead
from tests.attacks.harness import DIALECTS, FORM, PASSWORD, Server, ask, configuration_of, running
from tests.attacks.spelling import log_in, token_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.attacks.harness import Answer

CANARY = "canary-4711"
FORM_HEADER = ("Content-Type", FORM)
UNREAD: dict[str, tuple[dict[str, object], int]] = {
    "body_too_large": ({"headers": [FORM_HEADER], "body": b"password=" + CANARY.encode() * 20_000}, 413),
    "unsupported_media_type": ({"headers": [FORM_HEADER, ("Content-Encoding", "gzip")], "body": CANARY.encode()}, 415),
}


def head_of(path: str) -> RequestHead:
    """Of a request whose body is still to come."""
    return RequestHead(
        method="POST", path=path, query=b"", headers=((b"content-length", b"9"),), peer="127.0.0.1", encrypted=False
    )  # fmt: skip


@pytest.mark.parametrize("refusal", UNREAD)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_request_whose_body_nobody_reads_is_in_the_audit_once(server: Server, dialect: str, refusal: str):
    parts, status = UNREAD[refusal]
    since = server.mark()
    answer = server.ask("POST", token_path(dialect), **parts)
    [event] = server.events(since)
    [line] = [one for one in server.log_lines(since) if one["event"] == "request"]
    assert (event["outcome"], event["refusal"], event["dialect"]) == ("token_refused", refusal, dialect)
    assert (line["status"], line["outcome"], event["address"]) == (answer.status, refusal, "127.0.0.1")
    assert answer.status in (status, 400)  # as the dialect's document has it
    assert event["request_id"] == line["request_id"]
    assert CANARY not in str(server.log_lines(since))


def test_a_body_that_is_too_large_for_a_revocation_is_in_the_audit_once(server: Server):
    since = server.mark()
    server.ask("POST", "/oauth2/revoke", headers=[FORM_HEADER], body=b"token=" + b"a" * 200_000)
    [event] = server.events(since)
    assert (event["outcome"], event["refusal"]) == ("revocation_refused", "body_too_large")


OUTCOMES: dict[str, Callable[[Server, str, str], Answer]] = {
    "token_issued": lambda server, client, owner: server.log_in(client, owner),
    "token_refused": lambda server, client, owner: server.log_in(client, owner, "not the password"),
    "token_revoked": lambda server, client, _: server.form(
        "/oauth2/revoke", {**server.credentials(client), "token": "x"}
    ),
    "revocation_refused": lambda server, *_: server.ask("GET", "/oauth2/revoke"),
    "client_refused": lambda server, client, _: server.form(
        "/oauth2/introspect", {"client_id": client, "client_secret": "wrong", "token": "x"}
    ),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_event_has_the_id_that_the_log_has_of_its_request(server: Server, outcome: str):
    client, owner, since = server.add_client(), server.add_owner(), server.mark()
    OUTCOMES[outcome](server, client, owner)
    [event] = server.events(since)
    [line] = [one for one in server.log_lines(since) if one["event"] == "request"]
    assert event["outcome"] == outcome
    assert event["request_id"] == line["request_id"] != ""


def test_all_events_of_one_request_have_its_id(server: Server):
    client, owner = server.add_client(grace=0), server.add_owner()
    first = server.log_in(client, owner).document["refresh_token"]
    server.refresh(client, server.refresh(client, first).document["refresh_token"])
    since = server.mark()
    assert server.refresh(client, first).status == 400
    assert {event["outcome"] for event in server.events(since)} == {"grant_revoked", "token_refused"}
    assert len({line["request_id"] for line in server.log_lines(since)}) == 1


def test_a_fault_is_in_the_audit_under_the_id_that_the_answer_has(tmp_path: Path):
    with running(configuration_of(tmp_path)) as server:
        client, owner = server.add_client(), server.add_owner()
        path = server.configuration.path(server.configuration.database)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript("PRAGMA foreign_keys = OFF; DROP TABLE login_names")
        since = server.mark()
        answer = server.log_in(client, owner)
        assert answer.status == 500
        [event] = server.events(since)
        assert (event["outcome"], event["refusal"]) == ("token_refused", "server_error")
        assert event["request_id"] == answer.header("X-Request-Id")


@pytest.mark.parametrize(
    "sent",
    ["", "own-id", "a" * 5000, "x\x1b[31m\x00", '","client":"admin', "\u00e4\u0085", CANARY],
    ids=["empty", "own", "long", "control", "json", "latin", "canary"],
)
def test_s05_an_id_that_a_client_sends_is_nothing_to_us(server: Server, sent: str):
    since = server.mark()
    names = ("X-Request-Id", "X-Correlation-Id", "Request-Id", "traceparent")
    answer = server.ask("POST", "/oauth2/token", headers=[FORM_HEADER, *((name, sent) for name in names)])
    assert answer.header("X-Request-Id") is None
    told = server.log_lines(since)
    assert {line["request_id"].rpartition("-")[0] for line in told} == {told[0]["request_id"].rpartition("-")[0]}
    assert {line["request_id"] for line in told}.isdisjoint({sent})
    assert not sent or sent not in str([{**line, "request_id": ""} for line in told])
    assert len(server.log.getvalue()[since:]) < 2000


async def leave_amid(server: Server, request: Request, piece: bytes = b"") -> None:
    """Its sender hangs up once so much of the body is there."""
    answering = asyncio.ensure_future(server.application(request))
    request.take(piece)
    await asyncio.sleep(0)
    request.leave()
    with pytest.raises(ClientGone):
        await answering


@pytest.mark.parametrize("dialect", DIALECTS)
def test_who_hangs_up_in_the_middle_of_a_body_leaves_a_line_and_no_event(server: Server, dialect: str):
    client, owner, since = server.add_client(), server.add_owner(), server.mark()

    async def hang_up() -> None:
        head = RequestHead(
            method="POST", path=token_path(dialect), query=f"password={CANARY}".encode(), peer="192.0.2.7",
            headers=((b"content-length", b"99"), (b"authorization", CANARY.encode())), encrypted=False,
        )  # fmt: skip
        await leave_amid(server, Request(head=head), f"password={CANARY}".encode())

    server.run(hang_up())
    [line] = server.log_lines(since)
    assert line["event"] == "request_cut_off"
    assert line["because"] == "hung_up"
    assert (line["address"], line["bytes"]) == ("192.0.2.7", len(f"password={CANARY}"))
    assert (line["endpoint"], line["dialect"], line["method"]) == ("token", dialect, "POST")
    assert line["ms"] >= 0
    assert CANARY not in str(line)
    assert log_in(server, dialect, client, owner).status == 200


def test_a_request_that_a_leaving_server_cuts_off_leaves_its_line(server: Server):
    since = server.mark()

    async def leave() -> None:
        answering = asyncio.ensure_future(server.application(Request(head=head_of("/oauth2/token"))))
        await asyncio.sleep(0)
        answering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answering

    server.run(leave())
    [line] = server.log_lines(since)
    assert (line["event"], line["because"], line["bytes"]) == ("request_cut_off", "shut_down", 0)


def test_the_path_that_is_told_is_the_mounts_and_not_the_senders(server: Server):
    since = server.mark()

    async def hang_up() -> None:
        await leave_amid(server, Request(head=head_of(f"/kabbage/v2/Data/{CANARY}/me")))

    server.run(hang_up())
    [line] = server.log_lines(since)
    assert line["path"].startswith("/kabbage/v2/")
    assert "{" in line["path"]
    assert CANARY not in str(line)


def test_of_a_flood_that_costs_nothing_the_audit_keeps_a_few_lines_and_a_count(tmp_path: Path):
    bounded = AuditTable(to="log", refusals_a_minute=5)
    with running(msgspec.structs.replace(configuration_of(tmp_path), audit=bounded)) as server:
        for _ in range(50):
            assert server.ask("GET", "/oauth2/token").status == 405
            server.run(ask(server.application, "POST", "/oauth2/token", headers=[FORM_HEADER], body=b"a" * 200_000))
        assert len(server.events()) == 10
        assert sum(line["event"] == "request" for line in server.log_lines()) == 100
    told = [event for event in server.events() if event["outcome"] == "refusals_not_listed"]
    assert {(one["of"], one["dialect"], one["refusal"], one["requests"]) for one in told} == {
        ("token_refused", "standard", "method_not_allowed", 45),
        ("token_refused", "standard", "body_too_large", 45),
    }


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "dga_" + "x" * 60, "dgr_" + "x" * 60])
@pytest.mark.parametrize("path", ["/oauth2/revoke", "/jmondi/token/revoke"])
def test_i09_whoever_revokes_what_is_nobodys_fills_no_audit(tmp_path: Path, path: str, token: str):
    """The id of a public client, which is no secret, is all that it takes."""
    bounded = AuditTable(to="log", refusals_a_minute=5)
    with running(msgspec.structs.replace(configuration_of(tmp_path), audit=bounded)) as server:
        client, owner = server.add_client(public=True), server.add_owner()
        for _ in range(50):
            assert server.form(path, {"client_id": client, "token": token}).status == 200
        assert len(server.events()) == 5
        assert {event["detail"] for event in server.events()} == {"the token is nobody's, or has ended"}
        since = server.mark()
        log_in = {"grant_type": "password", "client_id": client, "username": owner, "password": PASSWORD}
        living = server.form("/oauth2/token", log_in).document["refresh_token"]
        assert server.form(path, {"client_id": client, "token": living}).status == 200
        assert [one["outcome"] for one in server.events(since)] == ["token_issued", "token_revoked"]
        assert "detail" not in server.events(since)[-1]
    [told] = [event for event in server.events() if event["outcome"] == "refusals_not_listed"]
    assert (told["of"], told["client"], told["requests"]) == ("token_revoked", client, 45)


@pytest.mark.parametrize(
    ("enabled", "paths"),
    [
        (True, ["/axosoft/api/oauth2/token", "/jmondi/token", "/jmondi/token/introspect", "/jmondi/token/revoke"]),
        (False, ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"]),
    ],
)
def test_the_id_of_a_public_client_fills_no_audit_and_raises_no_alarm(
    tmp_path: Path, enabled: bool, paths: Sequence[str]
):
    bounded = AuditTable(to="log", refusals_a_minute=5)
    with running(msgspec.structs.replace(configuration_of(tmp_path), audit=bounded)) as server:
        client = server.add_client(public=True, dialects=frozenset({"standard"}), enabled=enabled)
        own = urlencode({"grant_type": "password", "client_id": client}).encode()
        for path in paths:
            for _ in range(50):
                assert server.ask("POST", path, headers=[FORM_HEADER], body=own).status in (400, 401)
        events = server.events()
    assert len(events) == 5 * len(paths)
    assert {event["refusal"] for event in events} == {"dialect_not_allowed" if enabled else "client_disabled"}
    assert {event["level"] for event in events} == {"info"}
    assert not any("hint" in event for event in events)
