"""The audit says of a refusal whom it concerned, wherever we know it: who looks for somebody's id finds the attempts."""

from pathlib import Path
from typing import Any

import pytest

from dragoman.config.settings import ThrottleTable
from tests.attacks.harness import PASSWORD, Server, configuration_of, running
from tests.attacks.sessions import BAD, outcome, session
from tests.attacks.spelling import log_in


def told(event: dict[str, Any]) -> tuple[Any, ...]:
    return event["client"], event["subject"], event["grant"]


def test_a_wrong_password_is_told_with_the_person_whose_it_is_not(server: Server):
    client, owner = server.add_client(), server.add_owner()
    assert server.log_in(client, owner, "wrong password").status == 400
    assert told(server.events()[-1]) == (client, server.owner_id(owner), None)


def test_a_name_that_nobody_has_is_told_without_a_person(server: Server):
    client = server.add_client()
    assert server.log_in(client, "nobody at all", "wrong password").status == 400
    assert told(server.events()[-1]) == (client, None, None)


@pytest.mark.parametrize("state", ["locked", "disabled", "another client's"])
def test_an_account_that_may_not_be_used_is_told_with_its_id(server: Server, state: str):
    fields = {"locked": {"locked": True}, "disabled": {"enabled": False}}
    client, owner = server.add_client(), server.add_owner(**fields.get(state, {"belongs_to": server.add_client()}))
    assert server.log_in(client, owner, PASSWORD).status == 400
    assert told(server.events()[-1]) == (client, server.owner_id(owner), None)


def test_a_guess_that_the_throttle_holds_is_told_with_the_person(tmp_path: Path):
    with running(configuration_of(tmp_path, throttle=ThrottleTable(account_failures=1))) as server:
        client, owner = server.add_client(), server.add_owner()
        for _ in range(2):
            server.log_in(client, owner, "wrong password")
        held = server.events()[-1]
        assert held["detail"] == "throttled: account"
        assert told(held) == (client, server.owner_id(owner), None)


def test_a_scope_that_is_refused_after_the_password_is_told_with_the_person(server: Server):
    client, owner = server.add_client(), server.add_owner()
    assert log_in(server, "jmondi", client, owner, PASSWORD, scope="everything").status == 400
    assert server.events()[-1]["refusal"] == "unknown_scope"
    assert told(server.events()[-1]) == (client, server.owner_id(owner), None)


def test_a_refresh_token_that_is_refused_is_told_with_its_session_and_its_person(server: Server):
    client, token, _ = session(server)
    grant = server.grants(client)[0]
    whose = (client, grant.subject, grant.id.hex())
    assert server.refresh(client, token, scope="everything").error == "invalid_scope"
    assert told(server.events()[-1])[0] == client
    stranger = server.add_client()
    assert outcome(server.refresh(stranger, token)) == BAD
    assert told(server.events()[-1]) == (stranger, *whose[1:])
    server.clock.now += 400 * 86400
    assert outcome(server.refresh(client, token)) == BAD
    assert server.events()[-1]["refusal"] == "expired_refresh_token"
    assert told(server.events()[-1]) == whose


def test_a_wider_scope_at_a_refresh_is_told_with_the_session(server: Server):
    client = server.add_client()
    token = server.log_in(client, server.add_owner(), scope="read").document["refresh_token"]
    grant = server.grants(client)[0]
    assert server.refresh(client, token, scope="read write").error == "invalid_scope"
    assert server.events()[-1]["refusal"] == "scope_exceeds_grant"
    assert told(server.events()[-1]) == (client, grant.subject, grant.id.hex())


def revoke(server: Server, client: str, token: str) -> int:
    return server.form("/oauth2/revoke", {**server.credentials(client), "token": token}).status


@pytest.mark.parametrize("kind", [1, 2], ids=["refresh token", "access token"])
def test_a_revocation_is_told_with_the_session_and_the_person(server: Server, kind: int):
    client, *tokens = session(server)
    grant = server.grants(client)[0]
    whose = grant.subject, grant.id.hex()
    stranger = server.add_client()
    assert revoke(server, stranger, tokens[kind - 1]) == 400
    assert server.events()[-1]["outcome"] == "revocation_refused"
    assert told(server.events()[-1]) == (stranger, *whose)
    assert revoke(server, client, tokens[kind - 1]) == 200
    assert server.events()[-1]["outcome"] == "token_revoked"
    assert told(server.events()[-1]) == (client, *whose)


@pytest.mark.parametrize("path", ["/oauth2/revoke", "/oauth2/introspect"])
def test_a_wrong_secret_is_told_with_the_client_whose_it_is_not(server: Server, path: str):
    client = server.add_client()
    wrong = {"client_id": client, "client_secret": "wrong", "token": "x"}
    assert server.form(path, wrong).status == 401
    assert told(server.events()[-1]) == (client, None, None)
    assert server.form(path, {**wrong, "client_id": "nobody"}).status == 401
    assert told(server.events()[-1]) == (None, None, None)
