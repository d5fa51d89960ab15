"""What a key, a token or a client of one place must not do in another."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from joserfc.jws import serialize_compact

from dragoman.core.scope import Scope
from dragoman.tokens.keyring import load_keyring
from dragoman.tokens.keys import Purpose
from tests.attacks.harness import DIALECTS, Server
from tests.attacks.spelling import token_path

if TYPE_CHECKING:
    from typing import Any

STRANGE = "203.0.113.9"
MASTER = "a-secret-in-the-wrong-place"


def claims_of(token: str) -> dict[str, Any]:
    claims = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    assert isinstance(claims, dict)
    return claims


def forge(server: Server, claims: dict[str, Any]) -> str:
    """What a holder of the shared key can sign: an API that checks HS256 tokens has it."""
    keyring = load_keyring(server.configuration.path(server.configuration.keys), server.clock())
    key = keyring.signing_key(Purpose.ACCESS, "HS256", server.clock())
    header = {"alg": "HS256", "typ": "at+jwt"}
    return serialize_compact(header, json.dumps(claims, separators=(",", ":")).encode(), key.jose, algorithms=["HS256"])


def own_token(server: Server, client: str, **more: str) -> dict[str, Any]:
    form = {"grant_type": "client_credentials", **server.credentials(client), **more}
    return server.form("/oauth2/token", form).document


def test_x_a_holder_of_the_shared_key_cannot_speak_for_a_client_that_does_not_use_it(server: Server):
    client, watcher = server.add_client(), server.add_client()
    claims = claims_of(own_token(server, client, scope="read")["access_token"])
    forged = forge(server, {**claims, "exp": claims["exp"] + 10**6})
    assert server.introspect(watcher, forged) == {"active": False}
    assert server.resource(forged) == 401


@pytest.mark.parametrize("time", [2**63, 2**64, 10**30, 10**4000, -(2**63) - 1])
def test_l03_a_holder_of_the_shared_key_cannot_write_a_time_that_no_row_holds(server: Server, time: int):
    client = server.add_client(shared_key_signature=True, scope=Scope(("read", "write")))
    own = own_token(server, client)["access_token"]
    forged = forge(server, {**claims_of(own), "exp": time})
    assert server.introspect(client, forged) == {"active": False}
    assert server.form("/oauth2/revoke", {**server.credentials(client), "token": forged}).status == 200
    assert server.resource(own) == 200


def test_x_a_holder_of_the_shared_key_cannot_widen_a_scope(server: Server):
    client = server.add_client(shared_key_signature=True, scope=Scope(("read", "write")))
    owner = server.add_owner()
    claims = claims_of(server.log_in(client, owner, scope="read").document["access_token"])
    assert server.resource(forge(server, claims)) == 200
    assert server.resource(forge(server, {**claims, "scope": "read write"})) == 401


def test_x_a_token_of_a_client_that_was_registered_anew_is_dead(server: Server):
    client = server.add_client()
    token = own_token(server, client)["access_token"]
    assert server.resource(token) == 200
    server.delete_client(client)
    assert server.resource(token) == 401
    server.add_client(id=client, created_at=server.clock() + 60)
    assert server.resource(token) == 401


def test_x_introspection_knows_only_tokens_whose_client_lists_the_dialect(server: Server):
    strict, legacy = server.add_client(dialects=frozenset({"standard"})), server.add_client()
    tokens = server.log_in(strict, server.add_owner()).document
    for dialect in ("jmondi", "jmondi-4"):
        for token in (tokens["access_token"], tokens["refresh_token"]):
            answer = server.form(f"/{dialect}/token/introspect", {**server.credentials(legacy), "token": token})
            assert answer.document == {"active": False}
    assert server.introspect(legacy, tokens["access_token"])["active"] is True


def test_x_signing_out_by_the_token_ends_only_tokens_of_that_dialect_and_only_good_ones(server: Server):
    strict, legacy = server.add_client(dialects=frozenset({"standard"})), server.add_client()
    for client in (strict, legacy):
        tokens = server.log_in(client, server.add_owner()).document
        if client == legacy:
            server.clock.now += 3601
        answer = server.ask(
            "GET", "/axosoft/api/v6/oauth2/revoke", query=f"access_token={tokens['access_token']}".encode()
        )
        assert answer.status in (400, 401)
        assert server.refresh(client, tokens["refresh_token"]).status == 200


URLS = (
    "/spring-form-clients/paymentiq/oauth/check_token",
    "/spring-form-clients/paymentiq/oauth/token_key",
    "/axosoft/api/v6/me",
    "/axosoft/api/v6/oauth2/revoke",
    "/paymentiq/paymentiq/admin/v1/me",
)


@pytest.mark.parametrize("path", URLS)
def test_d1_secrets_in_a_url_need_tls_at_every_endpoint(server: Server, path: str):
    client = server.add_client()
    query = urlencode({**server.credentials(client), "token": "x", "access_token": "x"}).encode()
    told = server.ask("GET", path, query=query, peer=STRANGE)
    assert told.status in (400, 401)
    assert b"TLS" in told.body or told.header("WWW-Authenticate") is None
    followed = server.ask("GET", path, query=query, headers=[("Sec-Fetch-Mode", "navigate")])
    assert followed.status in (400, 401)


def test_u_another_clients_user_is_nobody(server: Server):
    client, other = server.add_client(), server.add_client()
    owner = server.add_owner(belongs_to=client)
    assert server.log_in(client, owner).status == 200
    wrong = server.log_in(other, owner, "wrong password").identity
    assert server.log_in(other, owner).identity == wrong


def test_r_an_audience_taken_from_a_client_is_gone_at_the_next_refresh(server: Server):
    client = server.add_client(audience=("api-a", "api-b"))
    token = server.log_in(client, server.add_owner()).document["refresh_token"]
    server.change_client(client, audience=("api-a",))
    assert claims_of(server.refresh(client, token).document["access_token"])["aud"] == "api-a"


def test_r_a_clock_set_back_does_not_open_the_grace_window(server: Server):
    client = server.add_client()
    first = server.log_in(client, server.add_owner()).document["refresh_token"]
    server.clock.now += 10**5
    server.refresh(client, first)
    server.clock.now -= 86400
    assert server.refresh(client, first).error == "invalid_grant"
    server.clock.now += 86400


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("field", ["grant_type", "client_id", "scope", "username", "refresh_token"])
def test_x09_a_secret_in_the_wrong_place_is_in_no_log(server: Server, dialect: str, field: str):
    client, mark = server.add_client(), server.mark()
    form = {"grant_type": "password", **server.credentials(client), "username": "x", "password": "y", field: MASTER}
    server.form(token_path(dialect), form)
    assert MASTER not in server.log.getvalue()[mark:].decode()


def test_d7_revocations_leave_an_audit_event(server: Server):
    client, other = server.add_client(), server.add_client()
    token = server.log_in(client, server.add_owner()).document["access_token"]
    mark = server.mark()
    server.form("/oauth2/revoke", {**server.credentials(other), "token": token})
    server.form("/oauth2/revoke", {**server.credentials(client), "token": token})
    outcomes = [(event["outcome"], event.get("refusal")) for event in server.events(mark)]
    assert outcomes == [("revocation_refused", "foreign_token"), ("token_revoked", None)]
