"""Nobody is given a token that this server would not read, nor a fault in its place."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from tests.attacks.server import PASSWORD

if TYPE_CHECKING:
    from tests.attacks.server import Server

MANY = tuple(f"ROLE_OF_DEPARTMENT_NUMBER_{number:03}" for number in range(400))
PATHS = {
    "standard": "/oauth2/token", "paymentiq": "/paymentiq/paymentiq/oauth/token",
    "spring-security-oauth-2.5": "/spring-security-oauth-2.5/paymentiq/oauth/token",
}  # fmt: skip
"""Of dialects whose tokens carry authorities."""


@pytest.mark.parametrize("dialect", PATHS)
def test_a_token_that_would_be_too_long_is_refused_as_the_dialect_says_and_told_to_operators(
    server: Server, dialect: str
):
    client, name = server.add_client(), server.add_owner(authorities=MANY)
    since = server.mark()
    basic = b64encode(f"{client}:{server.secret_of(client)}".encode()).decode()
    form = {"grant_type": "password", "username": name, "password": PASSWORD}
    answer = server.form(PATHS[dialect], form, headers=[("Authorization", f"Basic {basic}")])
    assert (answer.status, answer.document["error"]) == (503, "temporarily_unavailable")
    assert answer.header("Retry-After") is not None
    (event,) = server.events(since)
    assert (event["level"], event["client"], event["subject"]) == ("warning", client, server.owner_id(name))
    assert f"a token of resource owner {server.owner_id(name)!r} at client {client!r} would have 1" in event["detail"]
    assert server.grants(client) == ()


def test_who_is_given_too_many_authorities_keeps_the_session_until_they_are_fewer(server: Server):
    client, name = server.add_client(), server.add_owner()
    token = server.log_in(client, name).document["refresh_token"]
    server.change_owner(name, authorities=MANY)
    assert server.refresh(client, token).status == 503
    server.change_owner(name, authorities=MANY[:10])
    assert server.refresh(client, token).status == 200


def test_a_client_whose_tokens_carry_nothing_serves_everybody_and_one_of_its_own_is_told_by_its_name(server: Server):
    name, opaque = server.add_owner(authorities=MANY), server.add_client(token_format="opaque")
    assert server.log_in(opaque, name).status == 200
    client = server.add_client(authorities=MANY)
    since = server.mark()
    answer = server.form("/oauth2/token", {"grant_type": "client_credentials", **server.credentials(client)})
    assert answer.status == 503
    (event,) = server.events(since)
    assert f"a token of client {client!r} would have 1" in event["detail"]
