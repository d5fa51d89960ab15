"""Browsers: what may not be led to a URL with secrets (X08), and whose pages may read an answer (CORS)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec
import pytest

from dragoman.config.settings import MountTable
from tests.attacks.harness import DIALECTS, FORM, Server, configuration_of, running
from tests.attacks.spelling import basic, login, token_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.attacks.harness import Answer

    Headers = Sequence[tuple[str, str]]

APP, SHELL, EVIL = "https://app.example.com", "capacitor://localhost", "https://evil.example"
GET_TOKEN = "/axosoft/api/oauth2/token"
QUERY_DIALECTS = ("axosoft", "paymentiq", "spring-form-clients", "spring-security-oauth-2.5")


@pytest.fixture(scope="module")
def registering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose mounts register two origins; `closed`, one that registers none, stands beside them."""
    whole = configuration_of(tmp_path_factory.mktemp("registering"))
    mounts = tuple(msgspec.structs.replace(one, origins=(APP, SHELL)) for one in whole.mounts)
    closed = MountTable(dialect="standard", prefix="/closed")
    with running(msgspec.structs.replace(whole, mounts=(*mounts, closed))) as one:
        yield one


def cors(answer: Answer) -> dict[str, str]:
    """All headers by which an answer is shared."""
    named = {name.decode().lower(): value.decode() for name, value in answer.headers}
    return {name: value for name, value in named.items() if name.startswith("access-control-")}


# browsers that are led to a URL

LED: dict[str, Headers] = {
    "typed or followed": [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "none")],
    "followed before Fetch Metadata": [("Upgrade-Insecure-Requests", "1"), ("Accept", "text/html")],
    "in a frame": [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe"), ("Sec-Fetch-Site", "cross-site")],
    "as an image": [("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image"), ("Sec-Fetch-Site", "cross-site")],
    "as an image of one's own": [("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image"), ("Sec-Fetch-Site", "same-origin")],
    "as a script module": [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "script"), ("Sec-Fetch-Site", "same-origin")],
    "as a service worker": [("Sec-Fetch-Mode", "same-origin"), ("Sec-Fetch-Dest", "serviceworker")],
    "as a web socket": [("Sec-Fetch-Mode", "websocket"), ("Sec-Fetch-Dest", "empty")],
    "by no-cors fetch": [("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "empty"), ("Sec-Fetch-Site", "cross-site")],
    "prefetched": [("Sec-Purpose", "prefetch"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")],
    "prerendered": [("Sec-Purpose", "prefetch;prerender")],
    "prefetched by old Chrome": [("Purpose", "prefetch")],
    "prefetched by old Firefox": [("X-Moz", "prefetch")],
    "previewed by Safari": [("X-Purpose", "preview")],
    "in other letters": [("Sec-Fetch-Mode", " Navigate ")],
}  # fmt: skip
ABROAD: dict[str, Headers] = {
    "another site's script": [("Sec-Fetch-Mode", "cors"), ("Origin", EVIL), ("Sec-Fetch-Site", "cross-site")],
    "a sandboxed page": [("Origin", "null")],
    "a name that only begins alike": [("Origin", f"{APP}.evil.example")],
    "another scheme": [("Origin", "http://app.example.com")],
    "another port": [("Origin", f"{APP}:8443")],
    "a slash more": [("Origin", f"{APP}/")],
    "capitals": [("Origin", "https://APP.example.com")],
}


@pytest.mark.parametrize("headers", LED.values(), ids=LED)
@pytest.mark.parametrize("dialect", QUERY_DIALECTS)
def test_x08_a_browser_that_is_led_to_a_url_with_secrets_gets_nothing(server: Server, dialect: str, headers: Headers):
    client = server.add_client()
    query = urlencode(login(server, client)).encode()
    sent = [*headers, basic(client, server.secret_of(client))]
    for method in ("GET", "POST") if dialect == "axosoft" else ("POST",):
        mark = server.mark()
        with server.nothing_happens():
            answer = server.ask(method, token_path(dialect), query=query, headers=sent)
        assert (answer.status, answer.error) == (400, "invalid_request")
        assert server.log_lines(mark)[-1]["outcome"] == "browser_navigation"
        assert answer.header("Set-Cookie") is None
        assert cors(answer) == {}
        assert "no-store" in (answer.header("Cache-Control") or "")


@pytest.mark.parametrize("headers", ABROAD.values(), ids=ABROAD)
def test_x08_a_page_of_an_origin_that_is_not_registered_gets_nothing_by_get(registering: Server, headers: Headers):
    query = urlencode(login(registering, registering.add_client())).encode()
    with registering.nothing_happens():
        answer = registering.ask("GET", GET_TOKEN, query=query, headers=headers)
    assert (answer.status, cors(answer)) == (400, {})


def test_x08_the_rule_is_about_secrets_in_urls_and_about_nothing_else(server: Server):
    client, navigating = server.add_client(), [("Sec-Fetch-Mode", "navigate"), ("Origin", EVIL)]
    form = login(server, client)
    assert server.form("/oauth2/token", form, headers=navigating).status == 200
    assert server.ask("GET", GET_TOKEN, headers=navigating).error == "invalid_request"
    assert server.ask("GET", "/.well-known/jwks.json", headers=navigating).status == 200
    assert server.ask("GET", "/health/live", headers=navigating).status == 200


PROGRAMS: dict[str, Headers] = {
    "curl": [("User-Agent", "curl/8.5.0"), ("Accept", "*/*")],
    "Java HttpURLConnection": [
        ("User-Agent", "Java/1.8.0_392"), ("Accept", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"),
        ("Connection", "keep-alive"),
    ],
    "OkHttp": [("User-Agent", "okhttp/4.12.0"), ("Accept-Encoding", "gzip")],
    "CFNetwork": [
        ("User-Agent", "App/1 CFNetwork/1490.0.4 Darwin/23.2.0"), ("Accept", "*/*"), ("Accept-Language", "en-GB"),
    ],
    ".NET": [("Accept", "application/json"), ("Expect", "100-continue"), ("traceparent", "00-0af7-b7ad-01")],
    "Node's fetch": [
        ("Accept", "*/*"), ("Accept-Language", "*"), ("Sec-Fetch-Mode", "cors"), ("User-Agent", "node"),
        ("Accept-Encoding", "gzip, deflate"),
    ],
    "axios": [("Accept", "application/json, text/plain, */*"), ("User-Agent", "axios/1.6.2")],
    "Python requests": [("User-Agent", "python-requests/2.31.0"), ("Accept", "*/*")],
    "PHP, Guzzle": [("User-Agent", "GuzzleHttp/7")],
    "PowerShell": [("User-Agent", "Mozilla/5.0 (Windows NT; en-US) WindowsPowerShell/5.1.1")],
    "Internet Explorer's XMLHTTP": [
        ("Accept", "*/*"), ("UA-CPU", "AMD64"), ("User-Agent", "Mozilla/4.0 (compatible; MSIE 7.0; Win32)"),
    ],
    "jQuery on a page of one's own": [
        ("X-Requested-With", "XMLHttpRequest"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty"),
        ("Sec-Fetch-Site", "same-origin"), ("Referer", "https://login.example.com/app"),
    ],
    "a purpose that is no prefetch": [("Purpose", "payroll"), ("X-Purpose", "nightly")],
    "a registered page": [("Origin", APP), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "cross-site")],
    "a registered shell": [("Origin", SHELL)],
}  # fmt: skip


@pytest.mark.parametrize("headers", PROGRAMS.values(), ids=PROGRAMS)
def test_no_program_of_good_faith_is_taken_for_a_browser(registering: Server, headers: Headers):
    query = urlencode(login(registering, registering.add_client())).encode()
    assert registering.ask("GET", GET_TOKEN, query=query, headers=headers).status == 200


def test_a_page_of_ones_own_may_post_although_browsers_then_tell_its_origin(server: Server):
    query = urlencode(login(server, server.add_client())).encode()
    headers = [("Origin", "https://login.example.com"), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors")]
    assert server.ask("POST", GET_TOKEN, query=query, headers=headers).status == 200


# whose pages may read an answer

FOR_BROWSERS = ("/oauth2/token", "/oauth2/revoke", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server")
PREFLIGHT = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,x-evil")]


@pytest.mark.parametrize("origin", [APP, SHELL])
@pytest.mark.parametrize("path", FOR_BROWSERS)
def test_a_preflight_from_a_registered_origin_is_answered_and_does_nothing(registering: Server, path: str, origin: str):
    with registering.nothing_happens():
        answer = registering.ask("OPTIONS", path, headers=[("Origin", origin), *PREFLIGHT])
    assert (answer.status, answer.body) == (200, b"")
    shared = cors(answer)
    assert shared.pop("access-control-allow-methods") == ("GET" if path.startswith("/.well") else "POST")
    assert shared == {
        "access-control-allow-origin": origin,
        "access-control-allow-headers": "Authorization, Content-Type",
        "access-control-max-age": "600",
    }
    assert answer.header("Vary") == "Origin"


STRANGE_ORIGINS = [EVIL, "null", "*", "", f"{APP}/", f"{APP}.evil.example", "https://APP.example.com", f"{APP}, {EVIL}"]


@pytest.mark.parametrize("origin", STRANGE_ORIGINS)
@pytest.mark.parametrize("path", [*FOR_BROWSERS, *map(token_path, DIALECTS)])
def test_a_preflight_from_any_other_origin_is_refused_like_any_options(registering: Server, path: str, origin: str):
    refused = registering.ask("OPTIONS", path, headers=[("Origin", origin), *PREFLIGHT])
    assert refused.status in (404, 405)
    assert cors(refused) == {}
    plain = registering.ask("OPTIONS", path)
    assert undated(refused) == undated(plain)


def undated(answer: Answer) -> tuple[object, ...]:
    """All but the body's time of day, where a dialect tells it."""
    body = (
        {key: value for key, value in answer.document.items() if key != "timestamp"} if answer.body[:1] == b"{" else 0
    )
    return answer.status, [one for one in answer.headers if one[0] != b"Content-Length"], body


@pytest.mark.parametrize("dialect", DIALECTS)
def test_tokens_and_refusals_may_be_read_by_pages_of_registered_origins_and_by_no_others(
    registering: Server, dialect: str
):
    client = registering.add_client()
    form, by_basic = login(registering, client), basic(client, registering.secret_of(client))
    if dialect != "axosoft":
        form = {name: value for name, value in form.items() if not name.startswith("client_")}
    headers = [("Content-Type", FORM), *([] if dialect == "axosoft" else [by_basic])]
    for fields, granted in ((form, True), ({**form, "password": "wrong"}, False)):
        for origin in (APP, EVIL, None):
            named = [] if origin is None else [("Origin", origin)]
            answer = registering.ask(
                "POST", token_path(dialect), headers=[*headers, *named], body=urlencode(fields).encode()
            )
            assert (answer.status == 200) is granted
            assert cors(answer).get("access-control-allow-origin") == (APP if origin == APP else None)
            assert "access-control-allow-credentials" not in cors(answer)
            assert (b"Vary", b"Origin") in answer.headers


def test_whatever_a_registered_page_is_refused_for_it_may_know(registering: Server):
    headers = [("Origin", APP)]
    answers = [
        registering.ask("PUT", "/oauth2/token", headers=headers),
        registering.form("/oauth2/token", {}, headers=headers),
        registering.ask("POST", "/oauth2/token", headers=[*headers, ("Content-Type", FORM)], body=b"x" * 40_000),
        registering.ask("POST", "/oauth2/token", headers=[*headers, ("Content-Type", "text/plain")], body=b"x"),
    ]
    assert [answer.status for answer in answers] == [405, 401, 413, 415]
    for answer in answers:
        assert answer.header("Access-Control-Allow-Origin") == APP
        assert answer.header("Access-Control-Expose-Headers") == "Retry-After, WWW-Authenticate, X-Request-Id"


@pytest.mark.parametrize(
    "path", ["/oauth2/introspect", "/resource", "/health/live", "/closed/oauth2/token", "/nowhere"]
)
def test_what_no_page_needs_is_shared_with_none(registering: Server, path: str):
    for method in ("OPTIONS", "GET", "POST"):
        answer = registering.ask(method, path, headers=[("Origin", APP), *PREFLIGHT])
        assert cors(answer) == {}
        assert answer.header("Vary") is None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_where_no_origin_is_registered_no_answer_speaks_of_origins(server: Server, dialect: str):
    for method in ("OPTIONS", "POST"):
        plain = server.ask(method, token_path(dialect), headers=[("Content-Type", FORM)])
        named = server.ask(method, token_path(dialect), headers=[("Content-Type", FORM), ("Origin", APP), *PREFLIGHT])
        assert undated(plain) == undated(named)
        assert cors(named) == {}


def test_an_options_without_the_question_of_a_preflight_is_refused(registering: Server):
    assert registering.ask("OPTIONS", "/oauth2/token", headers=[("Origin", APP)]).status == 405


def test_a_fault_tells_its_id_to_a_registered_page_too(tmp_path: Path):
    whole = configuration_of(tmp_path)
    with running(msgspec.structs.replace(whole, mounts=(MountTable(dialect="standard", origins=(APP,)),))) as server:
        form = login(server, server.add_client())
        with closing(sqlite3.connect(tmp_path / whole.database)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("DROP TABLE login_names")
        answer = server.form("/oauth2/token", form, headers=[("Origin", APP)])
        assert answer.status == 500
        assert answer.header("Access-Control-Allow-Origin") == APP
        told = [(line["event"], line["request_id"]) for line in server.log_lines() if "request_id" in line]
        assert told == [(event, answer.header("X-Request-Id")) for event in ("fault", "audit", "request")]


def test_each_request_has_an_id_of_its_own_in_the_log_and_in_no_answer(server: Server):
    mark = server.mark()
    answers = [server.form("/oauth2/token", {}) for _ in range(3)]
    ids = [line["request_id"] for line in server.log_lines(mark) if line["event"] == "request"]
    assert len(set(ids)) == 3
    assert {answer.header("X-Request-Id") for answer in answers} == {None}
