"""Messages over a socket, paths that resemble others, and headers of proxies: T05, T09, T20, T21, T22."""

import socket
from base64 import b64encode
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from tests.attacks.door import Door, statuses
from tests.attacks.harness import FORM, Server, configuration_of
from tests.attacks.spelling import TOKEN_PATHS, basic, token_path, whole_login
from tests.serving import serving


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory):
    from dragoman.wiring.parts import create_keys

    configuration = configuration_of(tmp_path_factory.mktemp("socket"))
    create_keys(configuration)
    with serving(configuration) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


def exchange(address: tuple[str, int], raw: bytes, *, then: bytes = b"") -> bytes:
    """Everything that comes back for these bytes until the server hangs up; more bytes are sent while it lasts."""
    received = b""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(raw)
        try:
            for start in range(0, len(then), 65536):
                connection.sendall(then[start : start + 65536])
            if not then:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):  # hung up while we were sending
            pass
    return received


HEAD = b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
MALFORMED = {
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length and chunks": HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "a chunk size that is none": HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n",
    "a chunk size without end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\nabc",
    "a length that is no number": HEAD + b"Content-Length: 1e3\r\n\r\nabc",
    "a body shorter than its length": HEAD + b"Content-Length: 900\r\n\r\ngrant_type=password",
    "a header name with a space": HEAD + b"Content-Length : 3\r\n\r\nabc",
    "a NUL in a header": HEAD + b"X: a\0b\r\nContent-Length: 3\r\n\r\nabc",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_t09_a_malformed_message_is_refused_and_the_connection_closed(address: tuple[str, int], name: str):
    received = exchange(address, MALFORMED[name])
    assert received == b"" or received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1 ") <= 1


def test_t05_the_connection_of_a_body_that_is_too_large_is_closed(address: tuple[str, int]):
    received = exchange(address, HEAD + b"Content-Length: 67108864\r\n\r\n", then=b"a" * 16_000_000)
    assert b" 413 " in received.partition(b"\r\n")[0] or received == b""


CONFUSING = (
    "/oauth2/token;a=b",
    "//oauth2//token",
    "//oauth2/token",
    "/oauth2//token",
    "/x/..;/oauth2/token",
    "/x/../oauth2/token",
    "/./oauth2/token",
    "/OAuth2/token",
    "/oauth2/TOKEN",
    "/oauth2/token/",
    "/oauth2/token\0",
    "/oauth2/token%00",
    "/oauth2\\token",
    "/oauth2/token ",
    "/oauth2/token.json",
    "/standard/x/../oauth2/token",
)


@pytest.mark.parametrize("path", CONFUSING)
def test_t20_a_path_that_only_resembles_an_endpoint_is_not_found(server: Server, path: str):
    with server.nothing_happens():
        assert server.form(path, whole_login(server)).status == 404


ENCODED = ("/oauth2/%74oken", "/%6fauth2/token", "/oauth2/toke%6e", "/%6Fauth2/%74%6F%6B%65%6E")


@pytest.mark.parametrize("path", ENCODED)
def test_t20_a_percent_encoded_path_is_under_the_same_rules(door: Door, path: str):
    """With a client whose secret is good at the endpoint itself, and one whose secret is not."""
    start = f"POST {path} HTTP/1.1".encode()
    good = statuses(door.converse(door.request(b"Connection: close", start=start)))
    bad = statuses(
        door.converse(replace(door, basic=b64encode(b"shop:wrong")).request(b"Connection: close", start=start))
    )
    assert (good, bad) in (([200], [401]), ([404], [404]))


FORWARDED = (
    ("X-Forwarded-Proto", "https"),
    ("X_Forwarded_Proto", "https"),
    ("Forwarded", "proto=https"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X_Forwarded_For", "127.0.0.1"),
    ("X-Real-Ip", "127.0.0.1"),
    ("Front-End-Https", "on"),
)


@pytest.mark.parametrize("header", FORWARDED)
def test_t21_a_stranger_cannot_forward_itself_into_safety(server: Server, header: tuple[str, str]):
    query = urlencode(whole_login(server)).encode()
    mark = server.mark()
    with server.nothing_happens():
        answer = server.ask("GET", "/axosoft/api/oauth2/token", query=query, headers=[header], peer="203.0.113.7")
    assert answer.document == {"error": "invalid_request", "error_description": "HTTPS is required"}
    assert server.log_lines(mark)[-1]["address"] == "203.0.113.7"


def test_t21_a_forwarded_host_never_names_the_issuer(server: Server):
    headers = [("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")]
    answer = server.ask("GET", "/.well-known/oauth-authorization-server", headers=headers)
    assert answer.document["issuer"] == server.configuration.issuer
    assert b"evil" not in answer.body


@pytest.mark.parametrize("dialect", TOKEN_PATHS)
@pytest.mark.parametrize(
    "name", ["grant_type", "scope", "username", "refresh_token", "client_id", "x\r\nSet-Cookie: a=b"]
)
def test_t22_line_breaks_never_reach_a_header(server: Server, dialect: str, name: str):
    client = server.add_client()
    form = {
        "grant_type": "password",
        "username": "a",
        "password": "b",
        "scope": "read",
        name: "a\r\nSet-Cookie: a=b\r\n\r\nbody",
    }
    for headers in ([("Content-Type", FORM)], [("Content-Type", FORM), basic(client, server.secret_of(client))]):
        answer = server.ask("POST", token_path(dialect), headers=headers, body=urlencode(form).encode())
        assert 400 <= answer.status < 500
        assert all(byte not in value for _, value in answer.headers for byte in b"\r\n\0")
        assert answer.header("Set-Cookie") is None
