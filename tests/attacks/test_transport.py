"""Transport and parsing: T01 to T22."""

import json
import socket
from urllib.parse import urlencode

import pytest

from tests.attacks.harness import DIALECTS, FORM, PASSWORD, Server, configuration_of
from tests.attacks.spelling import TOKEN_PATHS, basic, log_in, token_path
from tests.serving import serving

OAUTH_NAMES = (
    "grant_type",
    "client_id",
    "client_secret",
    "username",
    "password",
    "scope",
    "refresh_token",
    "code",
    "assertion",
)


def login(server: Server, **changed: str) -> dict[str, str]:
    form = {"grant_type": "password", **server.credentials(server.add_client()), "username": server.add_owner()}
    return {**form, "password": PASSWORD, **changed}


@pytest.mark.parametrize(
    "name", ["grant_type", "username", "password", "scope", "client_id", "client_secret", "nonsense"]
)
def test_t01_a_duplicate_parameter_is_refused(server: Server, name: str):
    form = login(server, scope="read", nonsense="x")
    for other in ("another", form[name]):
        with server.nothing_happens():
            answer = server.form("/oauth2/token", [*form.items(), (name, other)])
        assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.parametrize("name", OAUTH_NAMES)
def test_t02_no_credential_or_grant_parameter_may_stand_in_the_query_of_the_strict_path(server: Server, name: str):
    form = login(server)
    with server.nothing_happens():
        answer = server.form("/oauth2/token", form, query=f"{name}=victim".encode())
    assert (answer.status, answer.error) == (400, "invalid_request")
    with server.nothing_happens():
        whole = server.ask("POST", "/oauth2/token", query=urlencode(form).encode())
    assert (whole.status, whole.error) == (400, "invalid_request")


@pytest.mark.parametrize(
    "name", ["Username", "username[]", "username[0]", "username%00", "username ", "user%6eame%20", "USERNAME"]
)
def test_t03_a_name_that_only_resembles_a_parameter_counts_as_missing(server: Server, name: str):
    form = login(server)
    username = form.pop("username")
    with server.nothing_happens():
        answer = server.form("/oauth2/token", f"{urlencode(form)}&{name}={username}".encode())
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_t03_a_percent_encoded_name_is_that_name(server: Server):
    form = login(server)
    username = form.pop("username")
    assert server.form("/oauth2/token", f"{urlencode(form)}&%75sername={username}".encode()).status == 200


@pytest.mark.parametrize("dialect", DIALECTS)
def test_t05_an_endless_body_is_refused_after_64_kib_at_most(server: Server, dialect: str):
    read = []

    def endless():
        while True:
            read.append(1024)
            yield b"a" * 1024

    with server.nothing_happens():
        answer = server.ask("POST", token_path(dialect), headers=[("Content-Type", FORM)], body=endless())
    assert answer.status in (400, 413)
    assert sum(read) <= 64 * 1024


def test_t05_the_strict_path_says_413(server: Server):
    answer = server.ask("POST", "/oauth2/token", headers=[("Content-Type", FORM)], body=b"a" * 10_000_000)
    assert (answer.status, answer.error) == (413, "invalid_request")


SCOPES = {
    "30 KB in one name": "x" * 30_000,
    "10,000 names": " ".join("abcdefghij"[index % 10] for index in range(10_000)),
    "100 KB": "x" * 100_000,
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("grant_type", ["password", "client_credentials", "refresh_token"])
def test_t07_an_immense_scope_is_refused_at_once_and_before_anything_else(server: Server, scope: str, grant_type: str):
    form = login(server, grant_type=grant_type, refresh_token="invalid", scope=SCOPES[scope])
    with server.nothing_happens():
        answer = server.form("/oauth2/token", form)
    assert answer.status in (400, 413)
    assert answer.error in ("invalid_scope", "invalid_request")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory):
    from dragoman.parts import create_keys

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


MEDIA_TYPES = (
    None,
    "application/json",
    "text/plain",
    f"{FORM}; charset=utf-16",
    "multipart/form-data; boundary=x",
    "",
    ";",
)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_t10_a_wrong_media_type_is_refused_on_the_strict_path(server: Server, media_type: str | None):
    headers = [] if media_type is None else [("Content-Type", media_type)]
    body = json.dumps(login(server)) if media_type == "application/json" else urlencode(login(server))
    with server.nothing_happens():
        answer = server.ask("POST", "/oauth2/token", headers=headers, body=body.encode())
    assert (answer.status, answer.error) in ((415, "invalid_request"), (400, "invalid_request"))


JSON_DIALECTS = ("jobspace", "passport-12", "passport-13", "jmondi", "jmondi-1", "jmondi-4")
JSON_VALUES = (["a"], {"a": "b"}, [], {}, [["a"]], 1, 1.5, True, None, [1, {"x": []}], "\ud800", "\udfff", 10**30)


@pytest.mark.parametrize("dialect", JSON_DIALECTS)
@pytest.mark.parametrize("name", ["grant_type", "username", "password", "client_id", "client_secret"])
def test_t10_json_lists_and_objects_as_values_crash_nothing(server: Server, dialect: str, name: str):
    form = login(server)
    for value in JSON_VALUES:
        body = json.dumps({**form, name: value}).encode()
        with server.nothing_issued():
            answer = server.ask("POST", token_path(dialect), headers=[("Content-Type", "application/json")], body=body)
        assert 400 <= answer.status < 500, (value, answer)


@pytest.mark.parametrize("dialect", JSON_DIALECTS)
def test_t10_a_json_scope_that_is_no_text_never_widens_anything(server: Server, dialect: str):
    form = login(server)
    for value in (["admin"], {"admin": 1}, [["admin"]], [], {}, True, 10**30, None):
        body = json.dumps({**form, "scope": value}).encode()
        answer = server.ask("POST", token_path(dialect), headers=[("Content-Type", "application/json")], body=body)
        assert answer.status in (200, 400, 401), (value, answer)
        assert b"admin" not in answer.body or answer.status != 200


def part(name: str, value: str, more: str = "") -> str:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'


def parts_of(form: dict[str, str], *, without: str = "") -> str:
    return "".join(part(name, value) for name, value in form.items() if name != without)


def multipart_attacks(form: dict[str, str]) -> dict[str, tuple[str, str]]:
    body, end, good = parts_of(form), "--b--\r\n", "multipart/form-data; boundary=b"
    rest = parts_of(form, without="password")
    password = form["password"]
    return {
        "a file": (good, rest + part("password", password, '; filename="x"') + end),
        "no boundary": ("multipart/form-data", body + end),
        "another boundary": ("multipart/form-data; boundary=c", body + end),
        "10,000 headers": (
            good,
            '--b\r\nContent-Disposition: form-data; name="x"\r\n' + "A: b\r\n" * 4000 + "\r\n" + body + end,
        ),
        "_charset_": (good, part("_charset_", "utf-16") + body + end),
        "nested": (
            good,
            rest + part("password", "--c\r\n\r\nx\r\n--c--", "\r\nContent-Type: multipart/mixed; boundary=c") + end,
        ),
        "base64": (good, rest + part("password", "eA==", "\r\nContent-Transfer-Encoding: base64") + end),
        "no end": (good, body),
        "many parts": (good, "".join(part(f"p{index}", "x") for index in range(300)) + body + end),
    }


@pytest.mark.parametrize("attack", multipart_attacks({"password": ""}))
def test_t11_multipart_that_is_more_than_text_fields_is_refused(server: Server, attack: str):
    media_type, body = multipart_attacks(login(server))[attack]
    with server.nothing_happens():
        answer = server.ask("POST", "/jobspace/oauth/token", headers=[("Content-Type", media_type)], body=body.encode())
    assert 400 <= answer.status < 500


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity", "x"])
def test_t12_a_compressed_body_is_never_opened(server: Server, dialect: str, encoding: str):
    headers = [("Content-Type", FORM), ("Content-Encoding", encoding)]
    with server.nothing_happens():
        answer = server.ask("POST", token_path(dialect), headers=headers, body=urlencode(login(server)).encode())
    assert answer.status in (400, 415)
    if dialect == "standard":
        assert answer.status == 415


@pytest.mark.parametrize("password", [" %&+£€ 1234", "a b&c=d%2B+", "ünïcödé ✓ \U0001d518", "=&=&=&=&", "%00%0d%0a%25"])
def test_t14_a_password_is_read_as_rfc_6749_appendix_b_writes_it(server: Server, password: str):
    client, owner = server.add_client(), server.add_owner(password)
    for dialect in DIALECTS:
        if password != password.strip() and dialect == "passport-13":
            continue  # Laravel trims it
        assert log_in(server, dialect, client, owner, password).status == 200, dialect


def test_t14_a_plus_is_a_space(server: Server):
    form = login(server, username=server.add_owner("open sesame"))
    form.pop("password")
    for spelling in (b"open+sesame", b"open%20sesame"):
        assert server.form("/oauth2/token", urlencode(form).encode() + b"&password=" + spelling).status == 200
    assert server.form("/oauth2/token", urlencode(form).encode() + b"&password=open%2Bsesame").status == 400


BAD_JSON = (
    b'{"grant_type":"\\ud800"}', b'{"grant_type":"\\udc00"}', b'{"username":"\\udc00\\ud800"}', b'{"a":1,"a":2}',
    b"[" * 30_000, b'{"a":' * 5_000, b'{"a":' + b"9" * 30_000 + b"}", b'{"a":-1e99999}', b"{", b"", b"null", b'"x"',
    b"\xff\xfe{}", b'{"a":"\xff"}', b'\xef\xbb\xbf{"grant_type":"password"}', b'{"grant_type":NaN}',
)  # fmt: skip


@pytest.mark.parametrize("dialect", JSON_DIALECTS)
@pytest.mark.parametrize("body", BAD_JSON, ids=range(len(BAD_JSON)))
def test_t16_hostile_json_is_a_refusal_and_never_a_fault(server: Server, dialect: str, body: bytes):
    with server.nothing_happens():
        answer = server.ask("POST", token_path(dialect), headers=[("Content-Type", "application/json")], body=body)
    assert 400 <= answer.status < 500


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
        assert server.form(path, login(server)).status == 404


def test_t20_a_percent_encoded_path_is_under_the_same_rules(address: tuple[str, int]):
    request = b"POST /oauth2/%74oken HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert exchange(address, request).startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ", b"HTTP/1.1 401 "))


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
    query = urlencode(login(server)).encode()
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
