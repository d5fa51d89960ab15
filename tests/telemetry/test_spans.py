"""A real server's spans, as a real collector gets them: one for each request, of closed words alone."""

from __future__ import annotations

import http.client
import socket
import time
from typing import TYPE_CHECKING

import pytest

from dragoman.core.errors import Refusal
from tests.cli.commanding import post
from tests.processes import ServerProcess, running_server
from tests.workers.load import TOKEN_PATH

if TYPE_CHECKING:
    from tests.cli.commanding import Folder
    from tests.telemetry.collector import Collector, Span

SERVER_KIND = 2
MARK = "canary-7f3a91"
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"
ALWAYS = {
    "http.request.method",
    "http.response.status_code",
    "dragoman.endpoint",
    "dragoman.dialect",
    "dragoman.outcome",
    "dragoman.request_id",
}
TRUSTING = {"DRAGOMAN_SERVER__TRUSTED_PROXIES": '["127.0.0.0/8"]'}


def get_token(server: ServerProcess, client: tuple[str, str], **fields: str) -> int:
    return post(server.base_url + TOKEN_PATH, client, grant_type="client_credentials", **fields)[0]


def ask(server: ServerProcess, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def traced(folder: Folder, collector: Collector, *traceparents: str, **environment: str) -> list[Span]:
    """The spans of one request that came with these headers."""
    with running_server(folder.file, environment={**collector.environment, **environment}) as server:
        lines = "".join(f"Traceparent: {one}\r\nTracestate: vendor={MARK}\r\n" for one in traceparents)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(
                f"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n{lines}Connection: close\r\n\r\n".encode()
            )
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"trace" not in answer.lower()
        assert server.stop() == 0
    assert MARK.encode() not in b"".join(collector.raw)
    return collector.spans


def test_a_request_is_one_span_that_says_what_the_log_says(folder: Folder, shop: tuple[str, str], collector: Collector):
    with running_server(folder.file, environment=collector.environment) as server:
        began = time.time_ns()
        assert get_token(server, shop) == 200
        lasted = time.time_ns() - began
        [span] = collector.wait_for_spans(1)
        [line] = server.events("request")
    assert span.name == "token standard"
    assert span.kind == SERVER_KIND
    assert not span.parent_id
    assert not span.failed
    assert 0 < span.nanoseconds < lasted
    assert span.resource["service.name"] == "dragoman"
    assert span.resource.keys() == {"service.name", "service.version"}
    assert span.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "dragoman.endpoint": "token",
        "dragoman.dialect": "standard",
        "dragoman.outcome": "ok",
        "dragoman.request_id": line["request_id"],
        "dragoman.grant_type": "client_credentials",
        "dragoman.client_id": "shop",
    }


def test_a_refusal_is_told_by_its_name_and_a_client_only_if_it_is_registered(
    folder: Folder, shop: tuple[str, str], collector: Collector
):
    with running_server(folder.file, environment=collector.environment) as server:
        assert get_token(server, ("shop", MARK)) == 401
        assert get_token(server, (MARK, MARK)) == 401
        assert post(server.base_url + TOKEN_PATH, shop, grant_type=MARK)[0] == 400
        assert ask(server, "PROPFIND", f"{TOKEN_PATH}?{MARK}=1", User_Agent=MARK, X_Request_Id=MARK).status == 405
        assert ask(server, "GET", f"/{MARK}").status == 404
        assert ask(server, "GET", "/health/live").status == 200
        assert server.stop() == 0
    spans = collector.spans
    told = [(one.attributes.get("dragoman.client_id"), one.attributes["dragoman.outcome"]) for one in spans]
    assert told == [
        ("shop", "wrong_client_secret"),
        (None, "unknown_client"),
        ("shop", "unsupported_grant_type"),
        (None, "method_not_allowed"),
    ]
    grant_types = [one.attributes.get("dragoman.grant_type") for one in spans]
    assert grant_types == ["client_credentials", "client_credentials", "other", "other"]
    assert spans[3].attributes["http.request.method"] == "_OTHER"
    assert {one.attributes["dragoman.outcome"] for one in spans} <= {"ok", *Refusal}
    assert all(one.attributes.keys() - ALWAYS <= {"dragoman.grant_type", "dragoman.client_id"} for one in spans)
    assert not any(one.failed for one in spans), "a refusal is no failure of this server"
    assert MARK not in b"".join(collector.raw).decode("latin-1").lower()


def test_a_fault_is_a_failed_span_without_a_word_of_it(folder: Folder, collector: Collector):
    failing = {"DRAGOMAN_FAILPOINTS": "password.before_commit=raise"}
    folder.user("ada")
    secret = folder.client("desk", "--grant-type", "password")
    with running_server(folder.file, environment={**collector.environment, **failing}) as server:
        sent = {"grant_type": "password", "username": "ada", "password": "correct horse"}
        assert post(server.base_url + TOKEN_PATH, ("desk", secret), **sent)[0] == 500
        assert server.stop() == 0
    [span] = collector.spans
    assert span.failed
    assert span.attributes["error.type"] == span.attributes["dragoman.outcome"] == "server_error"


def test_what_was_noted_of_one_request_is_never_told_of_the_next_on_its_connection(
    folder: Folder, shop: tuple[str, str], collector: Collector
):
    """Pipelined, the second begins while the first is answered."""
    body = f"grant_type=client_credentials&client_id={shop[0]}&client_secret={shop[1]}".encode()
    head = f"POST {TOKEN_PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    second = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with running_server(folder.file, environment=collector.environment) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body + second)
            while connection.recv(65536):
                pass
        spans = collector.wait_for_spans(2)
    assert [one.name for one in spans] == ["token standard", "jwks standard"]
    assert spans[0].attributes["dragoman.client_id"] == "shop"
    assert spans[1].attributes.keys() == ALWAYS


def test_an_address_is_told_only_where_that_is_switched_on(folder: Folder, collector: Collector):
    [span] = traced(folder, collector, DRAGOMAN_TELEMETRY__ADDRESSES="true", DRAGOMAN_TELEMETRY__SERVICE_NAME="login")
    assert span.attributes["client.address"] == "127.0.0.1"
    assert span.resource["service.name"] == "login"


def test_a_trusted_proxy_puts_a_request_into_its_trace(folder: Folder, collector: Collector):
    [span] = traced(folder, collector, TRACEPARENT, DRAGOMAN_TELEMETRY__SAMPLE_RATIO="0", **TRUSTING)
    assert (span.trace_id, span.parent_id) == (TRACE, CALLER)


def test_a_trusted_proxy_keeps_a_request_out_of_the_traces(folder: Folder, collector: Collector):
    assert traced(folder, collector, f"00-{TRACE}-{CALLER}-00", **TRUSTING) == []


def test_nobody_else_chooses_a_trace(folder: Folder, collector: Collector):
    """The same on loopback, which is trusted for nothing unless it is named."""
    [span] = traced(folder, collector, TRACEPARENT)
    assert span.trace_id != TRACE
    assert not span.parent_id


@pytest.mark.parametrize(
    "sent",
    [
        (TRACEPARENT, TRACEPARENT),
        (TRACEPARENT.upper(),),
        (TRACEPARENT + "-00",),
        (f"ff-{TRACE}-{CALLER}-01",),
        (f"00-{'0' * 32}-{CALLER}-01",),
        (f"00-{TRACE}-{'0' * 16}-01",),
        (f"00-{MARK}-{CALLER}-01",),
        ("",),
    ],
)
def test_a_malformed_traceparent_begins_a_new_trace(folder: Folder, collector: Collector, sent: tuple[str, ...]):
    [span] = traced(folder, collector, *sent, **TRUSTING)
    assert span.trace_id != TRACE
    assert not span.parent_id


def test_a_later_version_of_traceparent_is_read_as_far_as_it_is_known(folder: Folder, collector: Collector):
    [span] = traced(folder, collector, f"01-{TRACE}-{CALLER}-03-{MARK}", **TRUSTING)
    assert (span.trace_id, span.parent_id) == (TRACE, CALLER)


def test_nothing_is_sent_of_what_is_not_sampled(folder: Folder, collector: Collector):
    assert traced(folder, collector, DRAGOMAN_TELEMETRY__SAMPLE_RATIO="0.0") == []
    assert not collector.raw


def test_every_worker_sends_its_own(folder: Folder, collector: Collector):
    with running_server(folder.file, workers=2, environment=collector.environment) as server:
        for _ in range(60):
            assert ask(server, "GET", "/.well-known/jwks.json").status == 200
        assert server.stop() == 0
        answered = {line["request_id"] for line in server.events("request")}
    spans = collector.spans
    assert {one.attributes["dragoman.request_id"] for one in spans} == answered
    assert len({one.trace_id for one in spans}) == len({one.span_id for one in spans}) == 60
