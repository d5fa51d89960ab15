"""Only the right methods and media types, and private ways: variants of T10, T11, T12, T21 and T22."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec
import pytest

from tests.attacks.harness import DIALECTS, FORM, PASSWORD, Server, configuration_of, running
from tests.attacks.spelling import IN_PARAMETERS, basic, token_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.attacks.harness import Answer

NOWHERE_ALLOWED = ("HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "post", "X")
WITHOUT_405 = frozenset({"jmondi-4"})
"""Its router knows no such route."""
PROXY, PERSON, STRANGER = "10.0.0.1", "198.51.100.1", "203.0.113.9"
QUERY_DIALECTS = ("axosoft", "paymentiq", "spring-form-clients", "spring-security-oauth-2.5")


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that believes one proxy."""
    whole = configuration_of(tmp_path_factory.mktemp("proxied"))
    own = msgspec.structs.replace(whole.server, trusted_proxies=("10.0.0.0/8",))
    with running(msgspec.structs.replace(whole, server=own)) as one:
        yield one


def login(server: Server, client: str, dialect: str) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Headers and parameters of a log-in that succeeds."""
    form = {"grant_type": "password", "username": server.add_owner(), "password": PASSWORD, "scope": "read"}
    if dialect in IN_PARAMETERS:
        return [], {**form, **server.credentials(client)}
    return [basic(client, server.secret_of(client))], form


@pytest.mark.parametrize("method", NOWHERE_ALLOWED)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_method_that_the_document_does_not_have_is_refused_and_the_right_one_told(
    server: Server, dialect: str, method: str
):
    headers, form = login(server, server.add_client(), dialect)
    body = urlencode(form).encode()
    with server.nothing_happens():
        answer = server.ask(
            method, token_path(dialect), headers=[*headers, ("Content-Type", FORM)], query=body, body=body
        )
    assert answer.status == (404 if dialect in WITHOUT_405 else 405)
    assert answer.header("Allow") == ("GET, POST" if dialect == "axosoft" else "POST")
    assert (answer.body == b"") is (method == "HEAD")
    assert PASSWORD.encode() not in answer.body  # TRACE would be asked to tell what it was sent


@pytest.mark.parametrize("path", ["/oauth2/introspect", "/oauth2/revoke", "/.well-known/jwks.json", "/resource"])
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "DELETE", "CONNECT"])
def test_the_other_endpoints_have_their_methods_too(server: Server, path: str, method: str):
    with server.nothing_happens():
        answer = server.ask(method, path)
    assert (answer.status, answer.error) == (405, "invalid_request")
    assert answer.header("Allow")


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server"])
def test_the_head_of_a_document_can_be_asked_for_alone(server: Server, path: str):
    """RFC 9110 §9.1, §9.3.2; what changes something, or has secrets in its URL, has no such head."""
    whole, head = server.ask("GET", path), server.ask("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.header("Content-Type") == whole.header("Content-Type")
    assert server.ask("POST", path).header("Allow") == "GET, HEAD"
    assert server.ask("HEAD", "/resource").status == 405


@pytest.mark.parametrize("issuer", ["https://login.example/tenant/a", "https://login.example/tenant/a/"])
def test_the_metadata_of_an_issuer_with_a_path_are_where_clients_look(tmp_path: Path, issuer: str):
    """RFC 8414 §3.1: the path behind the well-known one, not before it."""
    with running(configuration_of(tmp_path, issuer=issuer)) as server:
        place = "/.well-known/oauth-authorization-server"
        told = server.ask("GET", f"{place}/tenant/a")
        assert (told.status, told.document["issuer"]) == (200, issuer)
        assert told.document["token_endpoint"] == "https://login.example/tenant/a/oauth2/token"
        assert server.ask("GET", place).body == told.body
        assert server.ask("GET", f"{place}/tenant").status == 404


UNREAD = (
    "text/plain; charset=utf-16",
    "text/plainer",
    "application/xml",
    "application/x-www-form-urlencoded; charset=utf-16",
    'application/x-www-form-urlencoded; charset="UTF-7"',
    "application/x-www-form-urlencoded; boundary=x; CHARSET=utf-16le",
    "application/x-www-form-urlencoded; charset=utf-16; charset=utf-8",
    "application/x-www-form-urlencoded; charset=utf-8; charset=utf-16",
    "application/x-www-form-urlencoded; charset=utf-8; charset=iso-8859-1",
    "application/x-www-form-urlencoded; charset=windows-1252",
    "application/json; charset=iso-8859-1",
    "application/x-www-form-urlencoded; charset = utf-16",
    "application/x-www-form-urlencoded; charset*=utf-8''utf-16",
    'application/x-www-form-urlencoded; x="; charset=utf-16"',
    "application/x-www-form-urlencoded, application/json",
    "application/x-www-form-urlencoded/x",
    "x application/x-www-form-urlencoded",
    "application/json; charset=utf-16",
    "application/jsonp",
    "multipart/mixed; boundary=x",
    "multipart/form-data",
    "",
)
READ = (
    "application/x-www-form-urlencoded; charset=utf-8",
    'Application/X-WWW-Form-Urlencoded ; charset="UTF-8"',
    "application/x-www-form-urlencoded;",
    "application/x-www-form-urlencoded; x=y; charset=UTF8",
    "application/x-www-form-urlencoded; charset=ISO-8859-1",
    "application/x-www-form-urlencoded;charset=us-ascii",
)


@pytest.mark.parametrize("media_type", UNREAD)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_t10_a_body_in_another_media_type_or_charset_is_not_read(server: Server, dialect: str, media_type: str):
    headers, form = login(server, server.add_client(), dialect)
    with server.nothing_happens():
        answer = server.ask(
            "POST", token_path(dialect), headers=[*headers, ("Content-Type", media_type)], body=urlencode(form).encode()
        )
    assert answer.status == (415 if dialect == "standard" else 400)


@pytest.mark.parametrize("media_type", READ)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_t10_a_form_is_a_form_however_it_is_named(server: Server, dialect: str, media_type: str):
    headers, form = login(server, server.add_client(), dialect)
    answer = server.ask(
        "POST", token_path(dialect), headers=[*headers, ("Content-Type", media_type)], body=urlencode(form).encode()
    )
    assert answer.status == 200


@pytest.mark.parametrize("dialect", DIALECTS)
def test_t10_text_is_a_form_only_where_the_document_sends_no_media_type(server: Server, dialect: str):
    headers, form = login(server, server.add_client(), dialect)
    sent = [*headers, ("Content-Type", "text/plain;charset=UTF-8")]
    answer = server.ask("POST", token_path(dialect), headers=sent, body=urlencode(form).encode())
    assert (answer.status == 200) is (dialect in ("axosoft", "jmondi", "jmondi-1"))


@pytest.mark.parametrize("media_types", [(FORM, "application/json"), ("application/json", FORM), (FORM, FORM)])
def test_t10_two_lines_of_content_type_name_none(server: Server, media_types: tuple[str, str]):
    """Whoever stands between may have read the body by the other one (RFC 9110 §5.3)."""
    headers, form = login(server, server.add_client(), "standard")
    lines = [("Content-Type", media_type) for media_type in media_types]
    with server.nothing_happens():
        answer = server.ask("POST", "/oauth2/token", headers=[*headers, *lines], body=urlencode(form).encode())
    assert answer.status == 415


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one not in IN_PARAMETERS])
def test_t10_a_form_in_utf_16_is_no_form(server: Server, dialect: str):
    headers, form = login(server, server.add_client(), dialect)
    for media_type in (FORM, f"{FORM}; charset=utf-16"):
        with server.nothing_happens():
            answer = server.ask(
                "POST", token_path(dialect), headers=[*headers, ("Content-Type", media_type)],
                body=urlencode(form).encode("utf-16"),
            )  # fmt: skip
        assert answer.status in (400, 401, 415)


@pytest.mark.parametrize(
    "lines",
    [
        ("gzip",),
        ("br",),
        ("identity", "gzip"),
        ("utf-8", "gzip"),
        ("gzip", "identity"),
        ("gzip, identity",),
        ("x",),
        ("GZIP",),
        ("",),
    ],
)
def test_t12_one_line_of_several_is_enough_to_be_compressed(server: Server, lines: tuple[str, ...]):
    headers, form = login(server, server.add_client(), "standard")
    encodings = [("Content-Encoding", line) for line in lines]
    with server.nothing_happens():
        answer = server.ask(
            "POST", "/oauth2/token", headers=[*headers, ("Content-Type", FORM), *encodings],
            body=urlencode(form).encode(),
        )  # fmt: skip
    assert answer.status == 415


@pytest.mark.parametrize("encoding", ["identity", "UTF-8"])
def test_t12_a_body_that_says_it_is_not_compressed_is_read(server: Server, encoding: str):
    """The one coding there is for that (RFC 9110 §8.4), and the charset that clients in the field write there."""
    headers, form = login(server, server.add_client(), "standard")
    sent = [*headers, ("Content-Type", FORM), ("Content-Encoding", encoding)]
    assert server.ask("POST", "/oauth2/token", headers=sent, body=urlencode(form).encode()).status == 200


@pytest.mark.parametrize("dialect", QUERY_DIALECTS)
@pytest.mark.parametrize(
    ("peer", "lines", "private"),
    [
        (PROXY, [("X-Forwarded-Proto", "https")], True),
        (PROXY, [("X-Forwarded-Proto", "http"), ("X-Forwarded-Proto", "https")], True),
        (PROXY, [("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http")], False),
        (PROXY, [("X-Forwarded-Proto", "https, http")], False),
        (PROXY, [("X_Forwarded_Proto", "https")], False),
        (PROXY, [("X-Forwarded-Proto", "http"), ("X_Forwarded_Proto", "https")], False),
        (PROXY, [("Forwarded", "for=198.51.100.1;proto=https")], False),
        (PROXY, [("X-Forwarded-Proto", "httpsx")], False),
        (PROXY, [], False),
        (STRANGER, [("X-Forwarded-Proto", "https")], False),
        (STRANGER, [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "https")], False),
        ("127.0.0.1", [], True),
        ("127.0.0.1", [("X-Forwarded-For", STRANGER)], False),
        ("::1", [("Forwarded", f"for={STRANGER}")], False),
        ("::ffff:203.0.113.9", [("X-Forwarded-Proto", "https")], False),
    ],
)
def test_t21_secrets_in_a_url_are_read_only_where_nobody_reads_along(
    proxied: Server, dialect: str, peer: str, lines: list[tuple[str, str]], private: bool
):
    headers, form = login(proxied, proxied.add_client(), dialect)
    mark = proxied.mark()
    answer = proxied.ask(
        "POST", token_path(dialect), query=urlencode(form).encode(), headers=[*headers, *lines], peer=peer
    )
    told = proxied.log_lines(mark)[-1]
    assert (answer.status, told["outcome"]) == ((200, "ok") if private else (400, "transport_not_secure"))


@pytest.mark.parametrize(
    ("peer", "lines", "address"),
    [
        (PROXY, [("X-Forwarded-For", PERSON)], PERSON),
        (PROXY, [("X-Forwarded-For", f"127.0.0.1, {PERSON}")], PERSON),
        (PROXY, [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-For", PERSON)], PERSON),
        (PROXY, [("X-Forwarded-For", PERSON), ("X_Forwarded_For", "127.0.0.1")], PERSON),
        (PROXY, [("X-Forwarded-For", f"127.0.0.1:1, {PERSON}:65535")], PERSON),
        (PROXY, [("X-Forwarded-For", "[2001:DB8::7]:443")], "2001:db8::7"),
        (PROXY, [("X-Forwarded-For", "[2001:db8::7]")], "2001:db8::7"),
        (PROXY, [("X-Forwarded-For", f"{PERSON}:")], PROXY),
        (PROXY, [("X-Forwarded-For", f"[{PERSON}]:1:2")], PROXY),
        (PROXY, [("X-Forwarded-For", "[2001:db8::7%eth0]:443")], PROXY),
        (PROXY, [("X_Forwarded_For", "127.0.0.1")], PROXY),
        (PROXY, [("Forwarded", "for=127.0.0.1"), ("X-Real-IP", "127.0.0.1")], PROXY),
        (STRANGER, [("X-Forwarded-For", "127.0.0.1")], STRANGER),
        (STRANGER, [("X-Forwarded-For", PROXY)], STRANGER),
    ],
)
def test_t21_the_log_and_the_audit_know_whoever_the_proxy_saw(
    proxied: Server, peer: str, lines: list[tuple[str, str]], address: str
):
    mark = proxied.mark()
    proxied.form("/oauth2/token", {"grant_type": "password"}, headers=lines, peer=peer)
    assert {line["address"] for line in proxied.log_lines(mark)} == {address}


def test_t21_forwarding_headers_never_reach_an_answer(proxied: Server):
    plain = documents(proxied, [])
    lines = [("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "gopher")]
    assert documents(proxied, [*lines, ("X-Forwarded-Prefix", "/evil"), ("X-Forwarded-Port", "1")]) == plain


def documents(server: Server, headers: list[tuple[str, str]]) -> list[tuple[object, ...]]:
    paths = ("/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/resource", "/oauth2/token")
    answers: list[Answer] = [server.ask("GET", path, headers=headers, peer=PROXY) for path in paths]
    return [answer.identity for answer in answers]


SPLITTING = "a\r\nSet-Cookie: a=b\r\n\r\nx"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "name", ["Origin", "Access-Control-Request-Method", "Authorization", "Content-Type", "Accept", "X-Forwarded-For"]
)
def test_t22_a_line_break_in_a_header_reaches_no_header(proxied: Server, dialect: str, name: str):
    for method in ("OPTIONS", "POST", SPLITTING):
        answer = proxied.ask(method, token_path(dialect), headers=[(name, SPLITTING)], peer=PROXY)
        assert answer.status < 500
        assert not any(byte in value for _, value in answer.headers for byte in b"\r\n\0")
