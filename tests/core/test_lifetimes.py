"""What time, accounts and clients do to grants and tokens: through the public surface, on a real store, with a clock."""

import asyncio
from types import SimpleNamespace

import pytest
from tests.attacks.harness import configuration_of, running

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import RefreshPolicy
from dragoman.core.revocation import revoke
from dragoman.core.rules import TokenRecipe
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.tokens.format import Issuers
from dragoman.tokens.issuer import open_issuer
from dragoman.tokens.keyring import load_keyring


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(configuration_of(tmp_path_factory.mktemp("server"))) as server:
        yield server


@pytest.fixture
def client(server):
    return server.add_client()


@pytest.fixture
def person(server):
    return server.add_owner()


def test_an_access_token_ends_when_it_said_it_would(server, client, person):
    tokens = server.log_in(client, person).document
    server.clock.now += 3599
    assert server.resource(tokens["access_token"]) == 200
    server.clock.now += 1
    assert server.resource(tokens["access_token"]) == 401
    assert server.introspect(client, tokens["access_token"]) == {"active": False}


def test_an_idle_grant_ends_and_a_used_one_does_not(server, person):
    client = server.add_client(refresh_token_idle_lifetime=100, refresh_token_lifetime=None)
    used, idle = (server.log_in(client, person).document["refresh_token"] for _ in range(2))
    for _ in range(3):
        server.clock.now += 99
        used = server.refresh(client, used).document["refresh_token"]
    assert server.refresh(client, idle).error == "invalid_grant"
    assert server.introspect(client, idle) == {"active": False}


def test_no_rotation_moves_the_absolute_end(server, person):
    client = server.add_client(refresh_token_idle_lifetime=100, refresh_token_lifetime=250)
    token = server.log_in(client, person).document["refresh_token"]
    for _ in range(2):
        server.clock.now += 99
        token = server.refresh(client, token).document["refresh_token"]
    server.clock.now += 52
    assert server.refresh(client, token).error == "invalid_grant"


def test_a_retry_inside_the_grace_window_gets_the_same_successor(server, client, person):
    first = server.log_in(client, person).document["refresh_token"]
    second = server.refresh(client, first).document["refresh_token"]
    server.clock.now += 29
    assert server.refresh(client, first).document["refresh_token"] == second
    server.clock.now += 1
    assert server.refresh(client, first).error == "invalid_grant"
    assert server.refresh(client, second).error == "invalid_grant"
    assert [grant.revoked_because for grant in server.grants(client)] == ["refresh_token_reuse"]


def test_a_token_older_than_the_predecessor_ends_the_grant_at_once(server, client, person):
    first = server.log_in(client, person).document["refresh_token"]
    second = server.refresh(client, first).document["refresh_token"]
    third = server.refresh(client, second).document
    assert server.refresh(client, first).error == "invalid_grant"
    assert server.refresh(client, third["refresh_token"]).error == "invalid_grant"
    assert server.resource(third["access_token"]) == 401


def test_a_stranger_with_someones_token_ends_nothing(server, client, person):
    stranger = server.add_client()
    token = server.log_in(client, person).document["refresh_token"]
    assert server.refresh(stranger, token).error == "invalid_grant"
    assert server.refresh(client, token).status == 200


def test_fifty_refreshes_at_once_have_one_successor(server, client, person):
    token = server.log_in(client, person).document["refresh_token"]
    body = f"grant_type=refresh_token&refresh_token={token}&client_id={client}&client_secret={server.secret_of(client)}"
    one = {
        "method": "POST",
        "path": "/oauth2/token",
        "headers": [("Content-Type", "application/x-www-form-urlencoded")],
        "body": body.encode(),
    }
    answers = server.ask_all([one] * 50)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.document["refresh_token"] for answer in answers}) == 1
    assert [grant.generation for grant in server.grants(client)] == [1]


def test_strictly_fifty_refreshes_at_once_have_at_most_one_winner(server, person):
    client = server.add_client(grace=0)
    token = server.log_in(client, person).document["refresh_token"]
    body = f"grant_type=refresh_token&refresh_token={token}&client_id={client}&client_secret={server.secret_of(client)}"
    one = {
        "method": "POST",
        "path": "/oauth2/token",
        "headers": [("Content-Type", "application/x-www-form-urlencoded")],
        "body": body.encode(),
    }
    answers = server.ask_all([one] * 50)
    assert sorted(answer.status for answer in answers) == [200] + [400] * 49


def test_a_reused_refresh_token_stays_and_brings_new_access_tokens(server, person):
    client = server.add_client(refresh=RefreshPolicy.REUSE)
    tokens = server.log_in(client, person).document
    again = [server.refresh(client, tokens["refresh_token"]).document for _ in range(3)]
    assert {one["refresh_token"] for one in again} == {tokens["refresh_token"]}
    assert len({one["access_token"] for one in [tokens, *again]}) == 4
    assert {server.resource(one["access_token"]) for one in again} == {200}
    server.change_client(client, refresh=RefreshPolicy.ROTATE)
    assert server.refresh(client, tokens["refresh_token"]).status == 200


@pytest.mark.parametrize("state", [{"enabled": False}, {"expired": True}])
def test_a_closed_account_has_no_good_tokens(server, client, person, state):
    tokens = server.log_in(client, person).document
    server.change_owner(person, **state)
    assert server.resource(tokens["access_token"]) == 401
    assert server.introspect(client, tokens["refresh_token"]) == {"active": False}
    assert server.refresh(client, tokens["refresh_token"]).error == "invalid_grant"


def test_a_locked_account_keeps_its_session_but_cannot_refresh_until_it_is_unlocked(server, client, person):
    tokens = server.log_in(client, person).document
    server.change_owner(person, locked=True)
    assert server.resource(tokens["access_token"]) == 200
    assert server.refresh(client, tokens["refresh_token"]).error == "invalid_grant"
    server.change_owner(person, locked=False)
    assert server.refresh(client, tokens["refresh_token"]).status == 200


def test_a_deleted_account_takes_its_grants_along(server, client, person):
    tokens = server.log_in(client, person).document
    server.delete_owner(person)
    assert server.refresh(client, tokens["refresh_token"]).error == "invalid_grant"
    assert server.resource(tokens["access_token"]) == 401


def test_a_disabled_client_has_no_good_tokens(server, client, person):
    watcher = server.add_client()
    tokens = server.log_in(client, person).document
    server.change_client(client, enabled=False)
    assert server.introspect(watcher, tokens["access_token"]) == {"active": False}
    assert server.introspect(watcher, tokens["refresh_token"]) == {"active": False}
    assert server.refresh(client, tokens["refresh_token"]).error == "invalid_client"


@pytest.mark.parametrize(
    ("token_format", "more"),
    [("opaque", ()), ("opaque", ("x" * 200,)), ("at+jwt", ())],
    ids=["sealed", "stored", "jwt"],
)
def test_a_clients_own_token_format_goes_before_its_dialects(server, person, token_format, more):
    client, rows = server.add_client(token_format=token_format, scope=Scope(("read", *more))), server.rows()
    own = server.form("/oauth2/token", {"grant_type": "client_credentials", **server.credentials(client)}).document
    first = server.log_in(client, person).document
    second = server.refresh(client, first["refresh_token"]).document
    repeated = server.refresh(client, first["refresh_token"]).document
    opaque = [one["access_token"].startswith("dga_") for one in (own, first, second, repeated)]
    assert opaque == [token_format == "opaque"] * 4
    assert server.rows()["access_tokens"] - rows["access_tokens"] == (4 if more else 0)
    assert [server.resource(one["access_token"]) for one in (own, first, second, repeated)] == [200] * 4
    server.form("/oauth2/revoke", {**server.credentials(client), "token": own["access_token"]})
    assert [server.resource(one["access_token"]) for one in (own, first, second, repeated)] == [401, 200, 200, 200]


def test_a_weak_hash_is_replaced_at_log_in_by_one_of_today(server, client):
    import bcrypt

    stored = bcrypt.hashpw(b"correct horse battery", bcrypt.gensalt(4)).decode()
    person = server.add_owner(stored=stored)
    assert server.log_in(client, person).status == 200
    assert server.log_in(client, person).status == 200
    assert server.log_in(client, person, "wrong horse battery").error == "invalid_grant"


def test_scope_taken_from_a_client_is_gone_at_the_next_refresh(server, client, person):
    token = server.log_in(client, person, scope="read write").document["refresh_token"]

    server.change_client(client, scope=Scope(("read",)))
    assert server.refresh(client, token, scope="write").error == "invalid_scope"
    assert server.refresh(client, token).document["scope"] == "read"


def test_a_sign_out_that_comes_first_wins_over_a_reusing_refresh(server, person):
    client = server.add_client(refresh=RefreshPolicy.REUSE)
    tokens = server.log_in(client, person).document
    fields = f"client_id={client}&client_secret={server.secret_of(client)}"
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    revoke = {"path": "/oauth2/revoke", "body": f"{fields}&token={tokens['refresh_token']}".encode()}
    refresh = {
        "path": "/oauth2/token",
        "body": f"{fields}&grant_type=refresh_token&refresh_token={tokens['refresh_token']}".encode(),
    }
    revoked, refreshed = server.ask_all([{"method": "POST", "headers": form, **one} for one in (revoke, refresh)])
    assert (revoked.status, refreshed.error) == (200, "invalid_grant")


def test_client_credentials_are_for_confidential_clients(server):
    client = server.add_client(public=True)
    answer = server.form("/oauth2/token", {"grant_type": "client_credentials", "client_id": client})
    assert (answer.status, answer.error) == (400, "unauthorized_client")


def test_what_was_purged_is_no_longer_good(server, person):
    client = server.add_client(access_token_lifetime=10**6, refresh_token_lifetime=60)
    tokens = server.log_in(client, person).document
    server.clock.now += 61
    server.purge(server.clock.now)
    assert server.refresh(client, tokens["refresh_token"]).error == "invalid_grant"
    assert server.resource(tokens["access_token"]) == 401
    revocation = server.form("/oauth2/revoke", {**server.credentials(client), "token": tokens["refresh_token"]})
    assert (revocation.status, revocation.body) == (200, b"")


def test_a_grant_whose_person_is_missing_from_the_database_is_no_good(server, client, person):
    token = server.log_in(client, person).document["refresh_token"]
    server.lose_row_of(person)
    assert server.refresh(client, token).error == "invalid_grant"


@pytest.mark.parametrize(
    ("audience", "claim"), [((), "http://127.0.0.1:8000"), (("a",), "a"), (("a", "b"), ["a", "b"])]
)
def test_the_audience_is_the_clients_or_the_issuer(server, audience, claim):
    client = server.add_client(audience=audience)
    token = server.form("/oauth2/token", {"grant_type": "client_credentials", **server.credentials(client)}).document
    assert server.introspect(client, token["access_token"]).get("aud", "http://127.0.0.1:8000") == claim


def test_nobody_has_a_name_longer_than_any(server, client, person):
    long, wrong = (server.log_in(client, name, "wrong password") for name in (person * 40, person))
    assert long.identity == wrong.identity


def test_a_token_without_a_grant_can_be_signed_out_by_its_bearer(server, client):
    form = {"grant_type": "client_credentials", **server.credentials(client)}
    token = server.form("/oauth2/token", form).document["access_token"]
    assert server.ask("GET", "/axosoft/api/v6/oauth2/revoke", query=f"access_token={token}".encode()).status == 200
    assert server.resource(token) == 401


async def _away(_digest):
    raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, "the store is away")


def test_i13_a_revocation_that_could_not_look_is_never_told_as_done(server):
    folder = server.configuration.path(server.configuration.keys)
    tokens = open_issuer(
        keyring=load_keyring(folder, server.clock()),
        access_recipes=[TokenRecipe(format="reference", prefix="dga_")],
        refresh_recipes=[TokenRecipe(format="handle")],
        find_access_token=_away,
        clock=server.clock,
        issuers=Issuers(own=server.configuration.issuer),
    )
    work = revoke(
        SimpleNamespace(tokens=tokens), None, Secret("dga_" + "A" * 43), server.clock(), whole_grant=False, sender=None
    )
    with pytest.raises(OAuthError) as refused:
        asyncio.run(work)
    assert refused.value.refusal is Refusal.TEMPORARILY_UNAVAILABLE
