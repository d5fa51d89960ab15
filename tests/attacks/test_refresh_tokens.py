"""What a refresh gives, and how long: R10, R12, R19, R20, R25."""

import pytest

from dragoman.core.scope import Scope
from tests.attacks.harness import PASSWORD, Server
from tests.attacks.sessions import BAD, DAY, outcome, session


@pytest.mark.parametrize("scope", ["read write admin", "admin", "nonsense", "read admin"])
def test_r10_a_wider_scope_is_refused_and_the_token_stays_good(server: Server, scope: str):
    client, token, _ = session(server)
    with server.nothing_happens():
        assert outcome(server.refresh(client, token, scope=scope)) == (400, "invalid_scope")
    assert server.refresh(client, token).status == 200


def test_r10_scope_never_grows_back_beyond_the_grant(server: Server):
    client = server.add_client()
    tokens = server.log_in(client, server.add_owner(), scope="read").document
    assert outcome(server.refresh(client, tokens["refresh_token"], scope="read write")) == (400, "invalid_scope")
    assert server.refresh(client, tokens["refresh_token"]).document["scope"] == "read"


def test_r10_a_client_that_may_have_less_by_now_gets_less(server: Server):
    client, token, _ = session(server)
    server.change_client(client, scope=Scope.of(["read"]))
    assert outcome(server.refresh(client, token, scope="read write")) == (400, "invalid_scope")
    renewed = server.refresh(client, token).document
    assert renewed["scope"] == "read"
    assert server.introspect(client, renewed["access_token"])["scope"] == "read"


@pytest.mark.parametrize("scope", ["", " ", "   "])
def test_r12_an_empty_scope_is_the_original_scope(server: Server, scope: str):
    client = server.add_client()
    token = server.log_in(client, server.add_owner(), scope="read").document["refresh_token"]
    assert server.refresh(client, token, scope=scope).document["scope"] == "read"


@pytest.mark.parametrize("scope", ['"read write"', "read\twrite", "read\nwrite", "r\u00e9ad", "read\\write", "read\0"])
def test_r12_characters_outside_the_grammar_are_refused(server: Server, scope: str):
    client, token, _ = session(server)
    with server.nothing_happens():
        assert outcome(server.refresh(client, token, scope=scope)) == (400, "invalid_scope")


def test_r12_a_doubled_name_is_one_name(server: Server):
    client, token, _ = session(server)
    assert server.refresh(client, token, scope="read read").document["scope"] == "read"


def test_r19_no_rotation_moves_the_absolute_end(server: Server):
    client, token, _ = session(server, refresh_token_lifetime=30 * DAY, refresh_token_idle_lifetime=2 * DAY)
    ends = server.grants(client)[0].expires_at
    for _ in range(29):
        server.clock.now += DAY
        token = server.refresh(client, token).document["refresh_token"]
    assert server.grants(client)[0].expires_at == ends
    server.clock.now += DAY
    assert outcome(server.refresh(client, token)) == BAD


def test_r20_an_idle_refresh_token_ends(server: Server):
    client, token, _ = session(server, refresh_token_idle_lifetime=3 * DAY)
    server.clock.now += 3 * DAY - 1
    token = server.refresh(client, token).document["refresh_token"]
    server.clock.now += 3 * DAY
    assert outcome(server.refresh(client, token)) == BAD
    assert server.introspect(client, token) == {"active": False}


def test_r25_a_refresh_token_in_the_query_is_refused(server: Server):
    client, token, _ = session(server)
    form = {"grant_type": "refresh_token", **server.credentials(client)}
    with server.nothing_happens():
        answer = server.form("/oauth2/token", form, query=f"refresh_token={token}".encode())
    assert outcome(answer) == (400, "invalid_request")


def test_r25_user_name_and_password_beside_a_refresh_token_are_not_checked(server: Server):
    client, token, _ = session(server)
    hashes = server.passwords.hashes_computed
    answer = server.refresh(client, token, username=server.add_owner(), password=PASSWORD)
    assert answer.status == 200
    assert server.passwords.hashes_computed == hashes
