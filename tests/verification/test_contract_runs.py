from __future__ import annotations

import socket
import time
from contextlib import suppress
from threading import Event, Thread

import pytest
from tiny_server import FORM, PASSWORD, REFRESH, Answer, Asked, Contracts, TinyServer, exchange, jwt, only, verdicts

from dragoman.verification.contract import load_contract
from dragoman.verification.http_exchange import BadBaseUrlError, UnreachableError
from dragoman.verification.runner import Conditions, Difference, Outcome, run_contract, run_exchange


def tokens(asked: Asked) -> Answer:
    count = 0 if b"refresh_token" in asked.body else 1
    return Answer(body=f'{{"access":"{jwt({"n": count})}","refresh":"r/{count}+="}}'.encode())


def test_a_server_that_answers_as_said_passes(contracts: Contracts, server: TinyServer):
    server.script = tokens
    assert [one.outcome for one in verdicts(contracts, server, PASSWORD + REFRESH)] == [Outcome.PASSED] * 2


def test_requests_are_sent_as_written(contracts: Contracts, server: TinyServer):
    request = (
        "POST /t/«client.id»?a=b+c&p=«user.password»\nx-ODD-case: 1\nAuthorization: Basic «client.basic»\n"
        f"X-Odd-Case: 2\n{FORM}\n\nsecret=«client.secret»\n&x=«crlf»"
    )
    only(contracts, server, exchange(request, "200"))
    (asked,) = server.asked
    assert asked.line == "POST /t/app?a=b+c&p=correct+horse%2Bbattery HTTP/1.1"
    assert asked.headers == (
        ("Host", server.url.removeprefix("http://")),
        ("x-ODD-case", "1"),
        ("Authorization", "Basic YXBwOnMzY3ImdD0x"),
        ("X-Odd-Case", "2"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", "25"),
    )
    assert asked.body == b"secret=s3cr%26t%3D1\n&x=\r\n"


@pytest.mark.parametrize(
    ("text", "length", "body"),
    [
        ("GET /token", None, b""),
        ("POST /token", "0", b""),
        ("GET /token\n\na=1", "3", b"a=1"),
        ("POST /token\nContent-Length: 2\n\na=1", "2", b"a="),
        (
            'POST /token\nContent-Type: application/json\n\n{"p":"«user.password»"}',
            "29",
            b'{"p":"correct horse+battery"}',
        ),
    ],
)
def test_content_length_is_added_where_it_is_needed(
    contracts: Contracts, server: TinyServer, text: str, length: str | None, body: bytes
):
    only(contracts, server, exchange(text, "200"))
    assert dict(server.asked[0].headers).get("Content-Length") == length
    assert server.asked[0].body == body


def test_a_path_in_the_base_url_stands_before_every_path(contracts: Contracts, server: TinyServer):
    contracts.write(exchange("GET /token", "200"))
    run_contract(load_contract("small", contracts.root), server.url + "/tenant/")
    assert server.asked[0].line == "GET /tenant/token HTTP/1.1"


def test_each_kind_of_difference_is_told(contracts: Contracts, server: TinyServer):
    server.answer('{"b":1,"a":2}', 400, ("Cache-Control", "no-cache"), ("WWW-Authenticate", "Basic"))
    response = '200\nCACHE-control: no-store\nPragma: no-cache\n\n{"b":1,"a":"«any»"}'
    verdict = only(contracts, server, exchange("GET /", response, more='absent = ["www-authenticate"]'))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.differences == (
        Difference(field="status", expected="200", actual="400"),
        Difference(field="header CACHE-control", expected="no-▶store", actual="no-▶cache"),
        Difference(field="header Pragma", expected="no-cache", actual="(absent)"),
        Difference(field="header www-authenticate", expected="(absent)", actual="Basic"),
        Difference(field="body", expected='{"b":1,"a":▶"«any»"}', actual='{"b":1,"a":▶2}'),
    )


@pytest.mark.parametrize(
    ("response", "body", "shown"),
    [
        ("200\n\n", "x", ("«end»", "x")),
        ("200\n\nabc", "ab", ("ab▶c", "ab▶«end»")),
        ("200\n\nabc", "abc\n", ("abc▶«end»", "abc▶«lf»")),
        ("200\n\na", "a\x1b[31m\u202e", ("a▶«end»", "a▶\\u001b[31m\\u202e")),
    ],
)
def test_what_is_missing_or_too_much_is_shown(
    contracts: Contracts, server: TinyServer, response: str, body: str, shown: tuple[str, str]
):
    server.answer(body)
    (difference,) = only(contracts, server, exchange("GET /", response)).differences
    assert (difference.expected, difference.actual) == shown


def test_without_an_empty_line_the_body_is_not_looked_at(contracts: Contracts, server: TinyServer):
    server.answer("whatever")
    assert only(contracts, server, exchange("GET /", "200")).outcome is Outcome.PASSED


def test_bytes_that_are_no_utf8_are_compared_and_shown(contracts: Contracts, server: TinyServer):
    server.script = lambda _asked: Answer(body=b"caf\xe9")
    verdict = only(contracts, server, exchange("GET /", "200\n\ncafé"))
    assert verdict.differences == (Difference(field="body", expected="caf▶é", actual="caf▶\\xe9"),)


def test_one_of_several_values_of_a_header_is_enough(contracts: Contracts, server: TinyServer):
    server.answer("", 401, ("WWW-Authenticate", "Bearer"), ("WWW-Authenticate", "Basic é".encode().decode("latin-1")))
    assert only(contracts, server, exchange("GET /", "401\nwww-authenticate: Basic é")).outcome == "passed"


def test_what_is_captured_goes_into_later_requests(contracts: Contracts, server: TinyServer):
    server.script = tokens
    verdicts(contracts, server, REFRESH + PASSWORD)
    bodies = [asked.body for asked in server.asked]
    assert bodies[1] == b"refresh_token=r%2F1%2B%3D"
    assert [b"refresh_token" in body for body in bodies] == [False, True, False]


def test_givens_run_afresh_for_each_exchange_and_once_in_its_chain(contracts: Contracts, server: TinyServer):
    def step(name: str, given: str) -> str:
        return exchange(f"GET /{name}", "200", identifier=name, more=f"given = [{given}]")

    verdicts(contracts, server, step("a", "") + step("b", '"a"') + step("c", '"b", "a"'))
    assert [asked.line.split()[1] for asked in server.asked] == ["/a", "/a", "/b", "/a", "/b", "/c"]


def test_a_given_that_fails_fails_what_builds_on_it(contracts: Contracts, server: TinyServer):
    server.answer('{"error":"x"}', 400, ("Content-Type", "application/json"))
    contracts.write(PASSWORD + REFRESH)
    contract = load_contract("small", contracts.root)
    verdict = run_exchange(contract, contract.exchange("refresh"), server.url)
    assert verdict.outcome is Outcome.FAILED
    assert [one.field for one in verdict.differences] == ["given password: status", "given password: body"]
    assert len(server.asked) == 1


def test_a_given_with_a_wrong_header_does_not_spoil_the_rest(contracts: Contracts, server: TinyServer):
    server.answer(f'{{"access":"{jwt({})}","refresh":"r"}}')
    outcomes = [verdict.outcome for verdict in verdicts(contracts, server, PASSWORD + REFRESH)]
    assert outcomes == [Outcome.FAILED, Outcome.PASSED]


TOKEN = """[exchange.token.access]
header = '{"alg":"none"}'
payload = '{"sub":"«user.id»","jti":"«jti»","exp":«now+60»}'
"""


@pytest.mark.parametrize(
    ("payload", "header", "field"),
    [
        ({"sub": "7", "jti": "ab", "exp": 60}, {"alg": "none"}, None),
        ({"sub": "8", "jti": "ab", "exp": 60}, {"alg": "none"}, "token access payload"),
        ({"jti": "ab", "sub": "7", "exp": 60}, {"alg": "none"}, "token access payload"),
        ({"sub": "7", "jti": "ac", "exp": 60}, {"alg": "none"}, "token access payload"),
        ({"sub": "7", "jti": "ab", "exp": 99}, {"alg": "none"}, "token access payload"),
        ({"sub": "7", "jti": "ab", "exp": 60}, {"alg": "HS256"}, "token access header"),
    ],
)
def test_a_jwt_is_compared_as_its_decoded_text(
    contracts: Contracts, server: TinyServer, payload: dict[str, object], header: dict[str, str], field: str | None
):
    server.answer(f'{{"access":"{jwt(payload, header)}","jti":"ab"}}')
    contracts.write(exchange("GET /", '200\n\n{"access":"«access=jwt»","jti":"«jti=hex»"}', more=TOKEN))
    contract = load_contract("small", contracts.root)
    verdict = run_exchange(contract, contract.exchanges[0], server.url, Conditions(clock=lambda: 0.0))
    assert [one.field for one in verdict.differences] == ([] if field is None else [field])


@pytest.mark.parametrize("token", ["opaque", "é.é.é", "a.b.c"])
def test_a_token_that_is_no_jwt_is_a_difference(contracts: Contracts, server: TinyServer, token: str):
    server.answer(f'"{token}"')
    more = "[exchange.token.access]\npayload = '{}'"
    verdict = only(contracts, server, exchange("GET /", '200\n\n"«access=text»"', more=more))
    assert [one.field for one in verdict.differences] == ["token access payload"]


def test_times_are_compared_with_the_clock(contracts: Contracts, server: TinyServer):
    server.script = lambda _asked: Answer(body=str(int(time.time()) + 60).encode())
    assert only(contracts, server, exchange("GET /", "200\n\n«now+60»")).outcome is Outcome.PASSED


def test_no_answer_is_a_difference_of_that_exchange_only(contracts: Contracts, server: TinyServer):
    server.script = lambda asked: None if "/first" in asked.line else Answer()
    first, second = verdicts(
        contracts, server, exchange("GET /first", "200", identifier="a") + exchange("GET /b", "200", identifier="b")
    )
    assert [one.field for one in first.differences] == ["response"]
    assert second.outcome is Outcome.PASSED


def test_an_answer_that_does_not_come_in_time_is_a_difference(contracts: Contracts, server: TinyServer):
    ended = Event()
    server.script = lambda _asked: Answer() if ended.wait(10) else None
    contracts.write(exchange("GET /", "200"))
    (verdict,) = run_contract(load_contract("small", contracts.root), server.url, timeout=0.05)
    ended.set()
    assert verdict.differences[0].actual == "none: timed out"


def test_an_answer_that_drips_is_not_waited_for_longer(contracts: Contracts):
    """Each byte comes in time, and the answer never."""
    ended = Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                while not ended.wait(0.02):
                    connection.sendall(b"H")

        dripping = Thread(target=drip)
        dripping.start()
        contracts.write(exchange("GET /", "200"))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        (verdict,) = run_contract(load_contract("small", contracts.root), url, timeout=0.3)
        ended.set()
        dripping.join()
    assert verdict.differences[0].actual == "none: timed out"


def test_a_server_that_is_not_there_is_told(contracts: Contracts):
    contracts.write(exchange("GET /", "200"))
    with pytest.raises(UnreachableError, match=r"cannot reach http://127\.0\.0\.1:1: "):
        run_contract(load_contract("small", contracts.root), "http://127.0.0.1:1")


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:80", "ftp://h", "http://", "http://u:p@h", "http://h/?q=1", "http://h/#f", "http://h:x", "http://[h"],
)
def test_a_url_that_is_no_address_is_refused(contracts: Contracts, url: str):
    contracts.write(exchange("GET /", "200"))
    with pytest.raises(BadBaseUrlError) as refused:
        run_contract(load_contract("small", contracts.root), url)
    assert "u:p" not in str(refused.value)
