from __future__ import annotations

import pytest
from tiny_server import Contracts, TinyServer, exchange, only

from dragoman.verification.contract import load_contract
from dragoman.verification.curl import parse_output
from dragoman.verification.http_exchange import NoResponseError, Response, UnreachableError
from dragoman.verification.runner import Conditions, Outcome, run_contract, run_exchange


def curl(command: str, response: str) -> str:
    return exchange("X", response).replace("request = '''\nX", f"curl = '''\n{command}")


def test_a_curl_command_is_run_by_the_real_curl(contracts: Contracts, server: TinyServer):
    server.answer('{"a":1}', 201, ("X-Two", "2"))
    command = (
        "curl -X POST \\\n  '«base_url»/«client.id»?u=«user.username»' \\\n"
        "  -H 'X-One: «user.password»' -d 'p=«user.password»'"
    )
    verdict = only(contracts, server, curl(command, '201\nx-two: 2\n\n{"a":1}'))
    assert verdict.outcome is Outcome.PASSED, verdict
    (asked,) = server.asked
    assert asked.line == "POST /app?u=ann%40example.com HTTP/1.1"
    assert dict(asked.headers)["X-One"] == "correct horse+battery"
    assert asked.body == b"p=correct+horse%2Bbattery"


def test_no_value_makes_curl_send_a_file(contracts: Contracts, server: TinyServer):
    contracts.write(curl("curl '«base_url»/' -F 'token=«user.password»'", "200"))
    contract = load_contract("small", contracts.root)
    run_exchange(contract, contract.exchanges[0], server.url, Conditions(values={"user.password": "@/etc/passwd;x"}))
    assert b"\r\n\r\n@/etc/passwd;x\r\n" in server.asked[0].body


def test_curl_without_an_answer_or_a_server_is_told(contracts: Contracts, server: TinyServer):
    server.script = lambda _asked: None
    command = curl("curl '«base_url»/'", "200")
    assert only(contracts, server, command).differences[0].actual == "none: curl: (52) Empty reply from server"
    with pytest.raises(UnreachableError, match="cannot reach"):
        run_contract(load_contract("small", contracts.root), "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("output", "status", "headers", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nA: b: c\r\n\r\nx\r\n\r\ny", 200, (("A", "b: c"),), b"x\r\n\r\ny"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad\r\n\r\n", 400, (), b""),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\nHTTP/1.1 204 None\r\nA:\r\n\r\n", 204, (("A", ""),), b""),
        (b"HTTP/1.1 302 Found\r\n\r\n", 302, (), b""),
    ],
)
def test_what_curl_prints_is_read(output: bytes, status: int, headers: tuple[tuple[str, str], ...], body: bytes):
    assert parse_output(output) == Response(status=status, headers=headers, body=body)


@pytest.mark.parametrize("output", [b"", b"curl: x", b"HTTP/1.1", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_response_is_told(output: bytes):
    with pytest.raises(NoResponseError):
        parse_output(output)
