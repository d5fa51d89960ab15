"""Dialect downgrade: X01 to X15."""

from urllib.parse import urlencode

import pytest

from dragoman.core.model import Client
from dragoman.core.scope import Scope
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.dialects.registration import RegistrationFault, check_registration
from tests.attacks.harness import ALL_GRANTS, DIALECTS, FORM, PASSWORD, Server
from tests.attacks.spelling import basic, log_in, login, send, token_path

STRICT = frozenset({"standard"})
QUERY_DIALECTS = ("axosoft", "paymentiq", "spring-form-clients", "spring-security-oauth-2.5")


def test_x01_a_strict_client_at_the_get_dialect_is_refused_and_the_secret_is_not_logged(server: Server):
    client = server.add_client(dialects=STRICT)
    form, mark = login(server, client), server.mark()
    with server.nothing_happens():
        answer = server.ask("GET", "/axosoft/api/oauth2/token", query=urlencode(form).encode())
    assert answer.status == 400
    assert list(answer.document) == ["error", "error_description"]
    (event,) = server.events(mark)
    assert answer.error == "unauthorized_client"
    assert (event["outcome"], event["client"]) == ("dialect_refused", client)
    assert "exposed in a URL" in event["hint"]
    logged = server.log.getvalue()[mark:].decode()
    assert form["client_secret"] not in logged
    assert PASSWORD not in logged


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one != "standard"])
def test_x01_a_strict_client_gets_nothing_from_any_other_dialect(server: Server, dialect: str):
    client, owner = server.add_client(dialects=STRICT), server.add_owner()
    with server.nothing_happens():
        answer = log_in(server, dialect, client, owner)
    assert answer.status in (400, 401)
    token = server.log_in(client, owner).document["refresh_token"]
    with server.nothing_happens():
        answer = send(server, dialect, client, grant_type="refresh_token", refresh_token=token)
    assert answer.status in (400, 401)
    assert server.refresh(client, token).status == 200


@pytest.mark.parametrize("dialect", DIALECTS)
def test_x01_a_legacy_client_gets_nothing_from_a_dialect_that_it_does_not_list(server: Server, dialect: str):
    client, owner = server.add_client(dialects=frozenset(DIALECTS) - {dialect}), server.add_owner()
    with server.nothing_happens():
        assert log_in(server, dialect, client, owner).status in (400, 401)


def test_x02_a_legacy_client_may_not_put_credentials_in_the_query_of_the_strict_path(server: Server):
    form = login(server, server.add_client())
    with server.nothing_happens():
        answer = server.ask("POST", "/oauth2/token", query=urlencode(form).encode(), headers=[("Content-Type", FORM)])
        get = server.ask("GET", "/oauth2/token", query=urlencode(form).encode())
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert get.status == 405


CHOOSING = (
    {"query": b"dialect=axosoft"},
    {"headers": [("X-Dialect", "axosoft")]},
    {"headers": [("Accept", "application/vnd.axosoft")]},
    {"headers": [("Host", "axosoft.example")]},
    {"headers": [("X-Original-URL", "/axosoft/api/oauth2/token")]},
    {"headers": [("X-Rewrite-URL", "/axosoft/api/oauth2/token")]},
    {"headers": [("X-HTTP-Method-Override", "GET")]},
    {"headers": [("X-Forwarded-Prefix", "/axosoft")]},
)


@pytest.mark.parametrize("choice", CHOOSING)
def test_x03_nothing_but_the_path_chooses_the_dialect(server: Server, choice: dict):
    client, mark = server.add_client(), server.mark()
    answer = server.form("/oauth2/token", login(server, client), **choice)
    assert answer.status == 200
    assert list(answer.document) == ["access_token", "token_type", "expires_in", "refresh_token", "scope"]
    assert server.events(mark)[0]["dialect"] == "standard"


def test_x04_a_dialect_that_tells_no_lifetime_has_one(server: Server):
    client = server.add_client(access_token_lifetime=600)
    answer = log_in(server, "axosoft", client, server.add_owner())
    token = answer.document["access_token"]
    assert "expires_in" not in answer.document
    assert "refresh_token" not in answer.document
    assert server.introspect(client, token)["exp"] == server.clock() + 600
    header = [("Authorization", f"Bearer {token}")]
    server.clock.now += 599
    assert server.ask("GET", "/axosoft/api/v6/me", headers=header).status == 200
    server.clock.now += 1
    assert server.ask("GET", "/axosoft/api/v6/me", headers=header).status == 401
    assert server.introspect(client, token) == {"active": False}


@pytest.mark.parametrize("dialect", QUERY_DIALECTS)
def test_x06_a_public_client_cannot_be_registered_for_a_dialect_of_the_query(dialect: str):
    files = list_dialects(())
    words = {name: load_dialect(name, files).words for name in DIALECTS}
    client = Client(id="public", name="public", grant_types=frozenset({"password"}), dialects=frozenset({dialect}))
    with pytest.raises(RegistrationFault, match="public client"):
        check_registration(client, words)


BROWSERS = (
    [("Sec-Fetch-Mode", "navigate")],
    [("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")],
    [("Sec-Fetch-Mode", "cors"), ("Origin", "https://evil.example")],
    [("Sec-Purpose", "prefetch")],
    [("Purpose", "prefetch")],
    [("Sec-Purpose", "prefetch;prerender")],
    [("Origin", "null")],
)


@pytest.mark.parametrize("headers", BROWSERS, ids=range(len(BROWSERS)))
def test_x08_a_browser_gets_nothing_from_the_get_dialect(server: Server, headers: list[tuple[str, str]]):
    query = urlencode(login(server, server.add_client())).encode()
    with server.nothing_happens():
        answer = server.ask("GET", "/axosoft/api/oauth2/token", query=query, headers=headers)
    assert answer.status == 400
    assert answer.header("Set-Cookie") is None
    assert answer.header("Access-Control-Allow-Origin") is None
    assert answer.header("Cache-Control") == "no-store"


def test_x08_a_url_that_holds_credentials_is_never_told_to_the_next_site(server: Server):
    query = urlencode(login(server, server.add_client())).encode()
    answers = [
        server.ask("GET", "/axosoft/api/oauth2/token", query=query, headers=[("Sec-Fetch-Mode", "navigate")]),
        server.ask("GET", "/axosoft/api/oauth2/token", query=query + b"x"),
        server.ask("GET", "/axosoft/api/oauth2/token", query=query),
    ]
    assert [answer.header("Referrer-Policy") for answer in answers] == ["no-referrer"] * 3


def test_x08_nor_is_one_that_holds_an_access_token(server: Server):
    token = log_in(server, "axosoft", server.add_client(), server.add_owner()).document["access_token"]
    for path in ("me", "oauth2/revoke", "oauth2/revoke", "me"):
        for query in (f"access_token={token}", f"access_token={token}x", ""):
            answer = server.ask("GET", f"/axosoft/api/v6/{path}", query=query.encode())
            assert answer.header("Referrer-Policy") == "no-referrer", (path, answer)
            assert answer.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_x08_no_dialect_sets_a_cookie(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    for password in (PASSWORD, "wrong"):
        assert log_in(server, dialect, client, owner, password).header("Set-Cookie") is None
    for method in ("GET", "POST"):
        query = urlencode(login(server, client)).encode()
        assert server.ask(method, token_path(dialect), query=query).header("Set-Cookie") is None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_x09_canaries_are_in_no_log_whatever_the_answer(server: Server, dialect: str):
    canary = "canary-1f0e9d8c7b6a"
    client, owner = server.add_client(secret=f"{canary}-secret"), server.add_owner(f"{canary}-password")
    form = {"grant_type": "password", "username": owner, "password": f"{canary}-password", "scope": "read"}
    body = urlencode({**form, "client_id": client, "client_secret": f"{canary}-secret"}).encode()
    mark = server.mark()
    headers, path = [("Content-Type", FORM), basic(client, f"{canary}-secret")], token_path(dialect)
    issued = server.ask("POST", path, headers=headers[1:] if dialect == "paymentiq" else headers, body=body)
    tokens = (
        [text for text in issued.document.values() if isinstance(text, str) and len(text) > 30]
        if issued.status == 200
        else []
    )
    server.ask("POST", path, headers=headers, query=body, body=body)
    server.ask("GET", path, query=body)
    server.ask("PUT", path, query=body, headers=headers)
    server.ask("POST", path, headers=headers, body=body + body)
    server.ask("POST", path, headers=headers, body=body + b"x" * 40_000)
    server.ask("POST", path, headers=[("Content-Type", f"text/{canary}")], body=body)
    server.ask("POST", path, headers=[("Content-Type", FORM), ("Authorization", f"Basic {canary}")], body=body)
    server.ask("POST", path, headers=[*headers, ("User-Agent", canary), ("Referer", f"https://x/?{canary}")], body=body)
    server.ask("POST", f"{path}/{canary}", query=body)
    server.ask(
        "GET", "/resource", query=f"access_token={canary}".encode(), headers=[("Authorization", f"Bearer {canary}")]
    )
    send(server, dialect, client, grant_type="refresh_token", refresh_token=f"{canary}.{canary}.{canary}")
    send(server, dialect, client, f"{canary}-wrong", **form)
    logged = server.log.getvalue()[mark:].decode()
    assert canary not in logged
    assert not [token for token in tokens if token in logged]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_x11_a_grant_type_that_a_client_does_not_have_is_refused(server: Server, dialect: str):
    client, owner = server.add_client(grant_types=frozenset()), server.add_owner()
    with server.nothing_happens():
        assert log_in(server, dialect, client, owner).status in (400, 401)
    if dialect != "axosoft":
        with server.nothing_happens():
            assert send(server, dialect, client, grant_type="client_credentials").status in (400, 401)


@pytest.mark.parametrize("grant_type", sorted(ALL_GRANTS))
def test_x11_the_strict_answer_is_unauthorized_client(server: Server, grant_type: str):
    client = server.add_client(grant_types=ALL_GRANTS - {grant_type})
    form = {**login(server, client), "grant_type": grant_type, "refresh_token": "x"}
    with server.nothing_happens():
        answer = server.form("/oauth2/token", form)
    assert (answer.status, answer.error) == (400, "unauthorized_client")


def test_x11_switching_a_grant_type_off_holds_for_what_was_issued_before(server: Server):
    client, owner = server.add_client(), server.add_owner()
    token = server.log_in(client, owner).document["refresh_token"]
    server.change_client(client, grant_types=ALL_GRANTS - {"refresh_token"})
    with server.nothing_happens():
        assert server.refresh(client, token).error == "unauthorized_client"
    renewed = server.log_in(client, owner)
    assert renewed.status == 200
    assert "refresh_token" not in renewed.document


def test_x11_a_client_says_nothing_and_may_do_nothing():
    client = Client(id="a", name="a")
    assert client.grant_types == frozenset()
    assert client.scope == Scope()
    assert not client.shared_key_signature
    assert not client.may_read_shared_key
    assert client.dialects == {"standard"}


def test_x11_disabling_a_client_ends_what_it_has(server: Server):
    client, owner = server.add_client(), server.add_owner()
    observer = server.add_client()
    tokens = server.log_in(client, owner).document
    server.change_client(client, enabled=False)
    assert server.refresh(client, tokens["refresh_token"]).error == "invalid_client"
    assert server.introspect(observer, tokens["access_token"]) == {"active": False}
    assert server.resource(tokens["access_token"]) == 401


@pytest.mark.parametrize("dialect", DIALECTS)
def test_x15_no_dialect_tells_who_exists(server: Server, dialect: str):
    client = server.add_client()
    known = [
        server.add_owner(),
        server.add_owner(enabled=False),
        server.add_owner(locked=True),
        server.add_owner(stored=""),
    ]
    answers = {
        log_in(server, dialect, client, name, "wrong password").identity
        for name in (*known, "nobody", "' OR 1=1", "a\0b")
    }
    assert len(answers) == 1
