"""Introspection, revocation and metadata: I03 to I16."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from tests.attacks.harness import DIALECTS, FORM, Answer, Server
from tests.attacks.spelling import basic, log_in, send, token_path

INACTIVE = {"active": False}
ENDPOINTS = ("/oauth2/introspect", "/oauth2/revoke")


def session(server: Server, **fields: object) -> tuple[str, dict[str, str]]:
    client = server.add_client(**fields)
    return client, server.log_in(client, server.add_owner()).document


def unsigned(token: str) -> str:
    header, payload, _ = token.split(".")
    members = json.loads(urlsafe_b64decode(header + "=="))
    return urlsafe_b64encode(json.dumps({**members, "alg": "none"}).encode()).rstrip(b"=").decode() + f".{payload}."


def test_i03_a_forged_token_is_inactive_and_nothing_is_said_of_it(server: Server):
    client, tokens = session(server)
    header, payload, signature = tokens["access_token"].split(".")
    forged = (
        unsigned(tokens["access_token"]),
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[::-1]}",
        "nonsense",
    )
    for token in forged:
        answer = server.form("/oauth2/introspect", {**server.credentials(client), "token": token})
        assert (answer.status, answer.document) == (200, INACTIVE)
    jmondi = log_in(server, "jmondi", client, server.add_owner()).document["access_token"]
    answer = server.form("/jmondi/token/introspect", {**server.credentials(client), "token": unsigned(jmondi)})
    assert answer.document == INACTIVE


@pytest.mark.parametrize("path", ENDPOINTS)
def test_i05_a_token_in_the_url_is_refused(server: Server, path: str):
    client, tokens = session(server)
    headers = [basic(client, server.secret_of(client))]
    query = f"token={tokens['access_token']}".encode()
    with server.nothing_happens():
        get = server.ask("GET", path, query=query, headers=headers)
        post = server.ask("POST", path, query=query, headers=[*headers, ("Content-Type", FORM)])
    assert (get.status, get.header("Allow")) == (405, "POST")
    assert (post.status, post.error) == (400, "invalid_request")


def test_i07_random_tokens_cost_no_password_hash_and_leave_no_trace(server: Server):
    client = server.add_client()
    with server.nothing_happens():
        for index in range(300):
            token = ("dga_" if index % 2 else "dgr_") + f"{index:043d}"
            assert server.introspect(client, token) == INACTIVE


def test_i07_introspection_is_for_clients_that_authenticate(server: Server):
    _, tokens = session(server)
    public = server.add_client(public=True)
    for form in ({}, {"client_id": public}, {"client_id": "nobody", "client_secret": "x"}):
        answer = server.form("/oauth2/introspect", {**form, "token": tokens["access_token"]})
        assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "dgr_" + "A" * 67, "\u00fc", "0" * 8000])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_i09_an_unknown_token_is_revoked_already(server: Server, token: str, hint: str | None):
    client = server.add_client()
    form = {**server.credentials(client), "token": token} | ({} if hint is None else {"token_type_hint": hint})
    with server.nothing_happens():
        answer = server.form("/oauth2/revoke", form)
    assert (answer.status, answer.body) == (200, b"")


def test_i09_an_expired_token_is_revoked_already(server: Server):
    client, tokens = session(server, access_token_lifetime=60, refresh_token_lifetime=120)
    server.clock.now += 200
    for token in (tokens["access_token"], tokens["refresh_token"]):
        answer = server.form("/oauth2/revoke", {**server.credentials(client), "token": token})
        assert (answer.status, answer.body) == (200, b"")


def test_i10_revocation_without_authentication_is_401_and_does_nothing(server: Server):
    client, tokens = session(server)
    for form in ({}, {"client_id": client}, {"client_id": client, "client_secret": "wrong"}):
        with server.nothing_happens():
            answer = server.form("/oauth2/revoke", {**form, "token": tokens["refresh_token"]})
        assert (answer.status, answer.error) == (401, "invalid_client")
    assert server.refresh(client, tokens["refresh_token"]).status == 200


def test_i10_another_clients_token_stays_good(server: Server):
    client, tokens = session(server)
    stranger = server.add_client()
    for token in (tokens["refresh_token"], tokens["access_token"]):
        with server.nothing_happens():
            answer = server.form("/oauth2/revoke", {**server.credentials(stranger), "token": token})
        assert (answer.status, answer.error) == (400, "unauthorized_client")
    assert server.introspect(client, tokens["access_token"])["active"] is True
    assert server.refresh(client, tokens["refresh_token"]).status == 200


def test_i11_revoking_a_refresh_token_ends_its_grant_and_no_other(server: Server):
    client, owner = server.add_client(), server.add_owner()
    one, other = server.log_in(client, owner).document, server.log_in(client, owner).document
    renewed = server.refresh(client, one["refresh_token"]).document
    server.form("/oauth2/revoke", {**server.credentials(client), "token": renewed["refresh_token"]})
    for token in (one["access_token"], renewed["access_token"], renewed["refresh_token"]):
        assert server.introspect(client, token) == INACTIVE
    assert server.refresh(client, renewed["refresh_token"]).error == "invalid_grant"
    assert server.introspect(client, other["access_token"])["active"] is True
    assert server.refresh(client, other["refresh_token"]).status == 200


def test_i11_revoking_a_spent_refresh_token_ends_the_grant_as_well(server: Server):
    client, tokens = session(server)
    renewed = server.refresh(client, tokens["refresh_token"]).document
    server.form("/oauth2/revoke", {**server.credentials(client), "token": tokens["refresh_token"]})
    assert server.refresh(client, renewed["refresh_token"]).error == "invalid_grant"


def test_i11_revoking_an_access_token_leaves_the_refresh_token(server: Server):
    client, tokens = session(server)
    server.form("/oauth2/revoke", {**server.credentials(client), "token": tokens["access_token"]})
    assert server.introspect(client, tokens["access_token"]) == INACTIVE
    assert server.resource(tokens["access_token"]) == 401
    renewed = server.refresh(client, tokens["refresh_token"])
    assert renewed.status == 200
    assert server.introspect(client, renewed.document["access_token"])["active"] is True


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8000@evil.example", "", "evil.example:80\tx"])
def test_i15_no_header_of_a_request_names_the_issuer(server: Server, host: str):
    headers = [("Host", host), ("X-Forwarded-Host", host), ("X-Forwarded-Proto", "https"), ("X-Original-Host", host)]
    issuer = server.configuration.issuer
    metadata = server.ask("GET", "/.well-known/oauth-authorization-server", headers=headers).document
    assert metadata["issuer"] == issuer
    assert all(str(metadata[name]).startswith(issuer) for name in metadata if name.endswith(("_endpoint", "_uri")))
    client = server.add_client()
    form = {**server.credentials(client), "grant_type": "client_credentials"}
    token = server.form("/oauth2/token", form, headers=headers).document["access_token"]
    assert server.introspect(client, token)["iss"] == issuer
    assert b"evil" not in server.ask("GET", "/.well-known/jwks.json", headers=headers).body


def stored_nowhere(answer: Answer) -> bool:
    control = answer.header("Cache-Control") or ""
    return "no-store" in control or "no-cache" in control


@pytest.mark.parametrize("dialect", DIALECTS)
def test_i16_no_answer_of_a_token_endpoint_may_be_stored(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    answers = [
        log_in(server, dialect, client, owner),
        log_in(server, dialect, client, owner, "wrong"),
        send(server, dialect, client, "wrong", grant_type="password", username=owner, password="x"),
        send(server, dialect, client),
        server.ask("POST", token_path(dialect)),
        server.ask("PUT", token_path(dialect)),
    ]
    for answer in answers:
        assert stored_nowhere(answer), answer


@pytest.mark.parametrize("path", ["/oauth2/token", *ENDPOINTS])
def test_i16_the_strict_paths_say_no_store_and_no_cache_whatever_happens(server: Server, path: str):
    client, tokens = session(server)
    good = {**server.credentials(client), "token": tokens["access_token"], "grant_type": "client_credentials"}
    answers = [
        server.form(path, good),
        server.form(path, {**good, "client_secret": "wrong"}),
        server.form(path, {}),
        server.ask("PUT", path),
        server.ask("POST", path, headers=[("Content-Type", "text/plain")], body=b"x"),
        server.ask("POST", path, headers=[("Content-Type", FORM)], body=b"x" * 50_000),
    ]
    assert [answer.status for answer in answers] == [200, 401, 401, 405, 415, 413]
    for answer in answers:
        assert (answer.header("Cache-Control"), answer.header("Pragma")) == ("no-store", "no-cache")
        if answer.body:
            assert answer.header("Content-Type") == "application/json"


def test_i16_the_keys_and_answers_about_tokens_of_the_dialects_may_not_be_stored(server: Server):
    client = server.add_client()
    headers = [basic(client, server.secret_of(client))]
    token = log_in(server, "paymentiq", client, server.add_owner()).document["access_token"]
    for path, query in (
        ("/paymentiq/paymentiq/oauth/check_token", f"token={token}"),
        ("/paymentiq/paymentiq/oauth/token_key", ""),
    ):
        assert stored_nowhere(server.ask("GET", path, query=query.encode(), headers=headers))
