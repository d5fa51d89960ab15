"""In front of a real old server: its answer goes out as it is, ours is compared, and nothing of ours happens."""

from __future__ import annotations

import sqlite3
import ssl
import sys
from base64 import urlsafe_b64encode
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from dragoman.outgoing.server import NotInstalled
from tests.certificates import write_certificate
from tests.old_servers import ANN, BOB, CLIENT, Talker, cast_of, dead_url, http, old_server
from tests.processes import wait_until
from tests.shadow.watching import ask, credentials, password, refresh, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.shadow.watching import Got, Watched

PATH = "/oauth2/token"


@contextmanager
def pair(tmp_path: Path, dialect: str = "standard", **client: object) -> Iterator[tuple[str, Watched]]:
    """An old server and ours before it; both know ann, and ours only what `client` says differently."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    with (
        old_server(theirs, dialect, cast_of(ANN, BOB)) as url,
        watching(ours, dialect, cast_of(ANN, **client), url) as watched,
    ):
        yield url, watched


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row but the time of day."""
    with closing(sqlite3.connect(f"file:{folder}/dragoman.db?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(database.execute(f"SELECT * FROM {name}")) for name in tables if name != "installation"}


def test_the_old_servers_answer_goes_out_as_it_is_and_alike_answers_are_no_drift(tmp_path: Path):
    with pair(tmp_path) as (url, watched):
        before = rows(watched.folder)
        first = ask(watched.url, PATH, password(ANN))
        second = ask(watched.url, PATH, refresh(first.document["refresh_token"]))
        third = ask(watched.url, PATH, refresh(second.document["refresh_token"]))
        wrong = ask(watched.url, PATH, password(ANN, wrong=True))
        own = ask(watched.url, PATH, {"grant_type": "client_credentials", **credentials()})
        assert [one.status for one in (first, second, third, wrong, own)] == [200, 200, 200, 400, 200]
        assert ask(url, PATH, refresh(third.document["refresh_token"])).status == 200  # it is theirs
        direct = ask(url, PATH, password(ANN, wrong=True))
        assert (wrong.status, wrong.body) == (direct.status, direct.body)
        kept = [(name, value) for name, value in direct.headers if name.lower() != "date"]
        assert [(name, value) for name, value in wrong.headers if name.lower() != "date"] == kept
        found = watched.exchanges(5)
        assert found.compared.count == found.alike == 5
        assert found.differences == ()
        assert rows(watched.folder) == before


def test_what_would_differ_is_counted_without_anybodys_values(tmp_path: Path):
    with pair(tmp_path, access_token_lifetime=60, scope=("read",)) as (_url, watched):
        ask(watched.url, PATH, password(ANN))
        ask(watched.url, PATH, password(ANN))
        ask(watched.url, PATH, password(BOB))  # whom only the old server knows
        found = watched.exchanges(3)
    told = {(one.field, one.theirs, one.ours): one.seen.count for one in found.differences}
    assert told["expires_in", "3600", "60"] == 2
    assert told["scope", "read and 1 more", "read"] == 2
    assert told["status", "200", "400"] == 1
    assert told["access_token lifetime", "3600", "60"] == 2
    assert found.alike == 0


def test_a_session_from_before_is_not_compared_and_told_as_such(tmp_path: Path):
    with pair(tmp_path) as (url, watched):
        before = ask(url, PATH, password(ANN)).document["refresh_token"]
        assert ask(watched.url, PATH, refresh(before)).status == 200
        assert watched.exchanges(1).not_compared == {"a session from before": 1}


def test_counts_wait_where_the_record_cannot_be_written(tmp_path: Path):
    with pair(tmp_path) as (_url, watched):
        (watched.folder / "shadow.json").mkdir()
        assert ask(watched.url, PATH, password(ANN)).status == 200
        wait_until((watched.folder / "shadow.json.lock").exists, 60)  # it was tried
        (watched.folder / "shadow.json").rmdir()
        assert ask(watched.url, PATH, password(ANN)).status == 200
        assert watched.exchanges(2).alike == 2


def test_one_that_exchanges_its_refresh_tokens_differs_from_one_that_keeps_them(tmp_path: Path):
    with pair(tmp_path, refresh="reuse") as (_url, watched):
        first = ask(watched.url, PATH, password(ANN))
        ask(watched.url, PATH, refresh(first.document["refresh_token"]))
        found = watched.exchanges(2)
    assert [(one.field, one.theirs, one.ours) for one in found.differences] == [
        ("refresh_token itself", "exchanged", "kept")
    ]


def test_all_other_endpoints_are_the_old_servers_too(tmp_path: Path):
    with pair(tmp_path) as (_url, watched):
        token = ask(watched.url, PATH, password(ANN)).document["access_token"]
        found = ask(watched.url, "/oauth2/introspect", {"token": token, **credentials()})
        assert found.document["active"] is True
        assert ask(watched.url, "/oauth2/revoke", {"token": token, **credentials()}).status == 200
        assert not ask(watched.url, "/oauth2/introspect", {"token": token, **credentials()}).document["active"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-Address"])
def test_the_old_server_is_told_whom_a_request_comes_from_and_nobody_else_tells_it(tmp_path: Path, header: str):
    given = {
        "X_Forwarded_For": "6.6.6.6",
        "X_Real_Address": "7.7.7.7",
        "Forwarded": "for=8.8.8.8",
        "Host": "evil.example",
    }
    hop = {"Connection": "close, X-Hop", "X_Hop": "1", "Keep_Alive": "300", "TE": "trailers", "X_Own": "kept"}
    with (
        Talker(http("200 OK", b"{}", "Content-Type: application/json")).listening() as talker,
        watching(tmp_path, "standard", cast_of(ANN), talker.url, address_header=header) as watched,
    ):
        ask(watched.url, f"{PATH}?a=%41&b", password(ANN), **given, **hop)
    head, _, body = talker.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == f"post {PATH}?a=%41&b http/1.1"
    assert f"{header.lower()}: 127.0.0.1" in lines
    assert "x-own: kept" in lines
    assert f"host: {talker.url.removeprefix('http://')}" in lines
    assert not [line for line in lines if ".6.6" in line or ".8.8" in line or "evil" in line]
    assert not [line for line in lines if line.startswith(("x-hop", "keep-alive", "te:", "connection"))]
    if header != "X-Forwarded-For":
        assert not [line for line in lines if line.startswith("x-forwarded-for") or "7.7.7.7" in line]
    assert b"Canary-of-ann-5512" in body


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_that_nobody_trusts_ends_it_before_anything_is_sent(tmp_path: Path, monkeypatch, trusted: bool):
    file = tmp_path / "certificate.pem"
    write_certificate(file, "127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    answer = http("200 OK", b"{}", "Content-Type: application/json")
    with (
        Talker(answer, tls=tls).listening() as talker,
        watching(tmp_path, "standard", cast_of(ANN), talker.url) as watched,
    ):
        assert ask(watched.url, PATH, password(ANN)).status == (200 if trusted else 503)
        assert len(talker.requests) == int(trusted)


def test_without_the_extra_a_start_says_what_to_install(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with (
        pytest.raises(NotInstalled, match=r"dragoman\[migration\]"),
        watching(tmp_path, "standard", cast_of(ANN), "https://old.example.com"),
    ):
        pass


def test_a_redirect_is_passed_on_and_never_followed_nor_is_the_environment(tmp_path: Path, monkeypatch):
    with Talker(http("200 OK", b"{}")).listening() as elsewhere:
        for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, elsewhere.url)
        answer = http("302 Found", b"", f"Location: {elsewhere.url}/", "Set-Cookie: a=b")
        with (
            Talker(answer).listening() as talker,
            watching(tmp_path, "standard", cast_of(ANN), talker.url) as watched,
        ):
            got = ask(watched.url, PATH, password(ANN))
            assert (got.status, got.header("Location")) == (302, f"{elsewhere.url}/")
            ask(watched.url, PATH, password(ANN))
            assert b"cookie" not in talker.requests[1].lower()
        assert not elsewhere.requests


def test_a_header_that_no_server_may_write_is_left_out_and_the_answer_goes_out(tmp_path: Path):
    answer = http("200 OK", b"{}", "X-Coloured: \x1b[31mred", "X-Plain: as it is")
    with (
        Talker(answer).listening() as talker,
        watching(tmp_path, "standard", cast_of(ANN), talker.url) as watched,
    ):
        got = ask(watched.url, PATH, password(ANN))
    assert (got.status, got.header("X-Coloured"), got.header("X-Plain")) == (200, None, "as it is")


def _never(connection) -> None:
    connection.recv(1)  # until the other side gives up


def _dripping(connection) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    connection.settimeout(0.2)
    while True:
        connection.sendall(b" ")
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


def _endless(connection) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


AWAY = {
    "silent": _never,
    "dripping": _dripping,
    "endless": _endless,
    "garbage": b"\x00\x16\x03 this is no HTTP \xff\xfe\r\n\r\n",
    "lying length": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
    "nothing": b"",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"a" * 400_000,
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> Iterator[tuple[Talker, Watched]]:
    """A server in the shadow of one that answers whatever a test has it answer."""
    with (
        Talker(b"").listening() as talker,
        watching(tmp_path_factory.mktemp("broken"), "jobspace", cast_of(ANN), talker.url, seconds=1) as watched,
    ):
        yield talker, watched


@pytest.mark.parametrize("kind", AWAY)
def test_an_old_server_that_gives_no_answer_is_the_dialects_503(broken, kind: str):
    talker, watched = broken
    talker.answer = AWAY[kind]
    _is_503(ask(watched.url, "/oauth/token", password(ANN)))


def test_times_that_are_no_times_do_not_end_the_comparing(tmp_path: Path):
    claims = b'{"iat": -1e999, "exp": 1e999}', b'{"iat": 1, "exp": NaN}', b'{"iat": 0.5, "exp": 1' + b"0" * 400 + b"}"
    with (
        Talker(b"").listening() as talker,
        watching(tmp_path, "standard", cast_of(ANN), talker.url) as watched,
    ):
        for one in claims:
            segments = (urlsafe_b64encode(part).rstrip(b"=") for part in (b'{"alg": "RS256"}', one, b"signature"))
            talker.answer = http("200 OK", b'{"access_token": "%s"}' % b".".join(segments))
            ask(watched.url, PATH, password(ANN))
        found = watched.exchanges(len(claims))
    assert found.compared.count == len(claims)


def test_a_dead_old_server_is_the_dialects_503(tmp_path: Path):
    with watching(tmp_path, "jobspace", cast_of(ANN), dead_url()) as watched:
        _is_503(ask(watched.url, "/oauth/token", password(ANN)))


def _is_503(got: Got) -> None:
    assert got.status == 503
    assert got.header("Retry-After") is not None
    assert got.document["error"] == "temporarily_unavailable"


def test_no_secret_reaches_the_record_even_from_a_server_that_puts_them_everywhere(tmp_path: Path, capfd):
    echo = (
        b'{"Canary-of-ann-5512": "ann", "error": "Canary-of-ann-5512", "token_type": "Canary-of-ann-5512", '
        b'"scope": "Canary-of-ann-5512", "error_description": "no Canary-of-ann-5512 with secret-of-the-till-000000001", '
        b'"expires_in": "Canary-of-ann-5512", "access_token": "Canary-of-a-token-000001", '
        b'"refresh_token": "Canary-of-a-token-000002"}'
    )
    answer = http(
        "200 Canary-of-ann-5512", echo, "Content-Type: Canary-of-ann-5512/x", "Cache-Control: Canary-of-ann-5512",
        'WWW-Authenticate: Basic realm="Canary-of-ann-5512"', "Pragma: secret-of-the-till-000000001",
    )  # fmt: skip
    with (
        Talker(answer).listening() as talker,
        watching(tmp_path, "standard", cast_of(ANN), talker.url) as watched,
    ):
        ask(watched.url, PATH, password(ANN))
        ask(watched.url, PATH, password(ANN, wrong=True))
        ask(watched.url, PATH, refresh("Canary-of-a-token-000002"))
        watched.exchanges(3)
    outputs = [(tmp_path / "shadow.json").read_bytes(), *(one.read_bytes() for one in (tmp_path / "audit").glob("*"))]
    outputs.append("".join(capfd.readouterr()).encode())
    assert len(outputs[0]) > 100
    for canary in (b"Canary", CLIENT.secret.encode()):
        assert not [one for one in outputs if canary in one]
