from __future__ import annotations

import pytest
from tiny_server import PASSWORD, REFRESH, Contracts, TinyServer, exchange

from dragoman.verification.contract import load_contract
from dragoman.verification.runner import Conditions, Outcome, run_exchange


def skip_reason(contracts: Contracts, server: TinyServer, text: str, settings: str = "", **values: str) -> str | None:
    contracts.write(text)
    contract = load_contract("small", contracts.root)
    given = {name.replace("_", ".", 1): value for name, value in values.items()}
    last = contract.exchanges[-1]
    verdict = run_exchange(contract, last, server.url, Conditions(settings=frozenset(settings.split()), values=given))
    assert (verdict.outcome is Outcome.SKIPPED) == (verdict.reason is not None)
    return verdict.reason


def test_an_exchange_is_skipped_when_its_settings_are_not_said_to_hold(contracts: Contracts, server: TinyServer):
    text = exchange("GET /", "200", more='when = ["a", "b"]')
    assert skip_reason(contracts, server, text, "b") == "holds only with the setting a"
    assert not server.asked
    assert skip_reason(contracts, server, text, "a b") is None


def test_an_exchange_is_skipped_when_it_or_its_givens_need_values_that_are_not_known(
    contracts: Contracts, server: TinyServer
):
    reason = skip_reason(contracts, server, PASSWORD + REFRESH, client_id="x", user_username="y")
    assert reason == "needs client.secret, user.password, not given"


@pytest.mark.parametrize(
    ("request_text", "response", "reason"),
    [
        ("GET /", '200\n\n{"roles":["ROLE_AGENT"]}', "speaks of user.authorities 'ROLE_AGENT', which was not given"),
        ("GET /?scope=read", "200", "speaks of server.scopes or client.scope 'read', which was not given"),
        ("GET /", '200\n\n{"name":"Ann"}', "speaks of user.first_name 'Ann', which was not given"),
        ("GET /?p=locked-password", "200", "speaks of locked.password, which was not given"),
        ("GET /\nAuthorization: Basic YXBwOnMzY3ImdD0x", "200", "speaks of client.basic, which was not given"),
        ("GET /", '200\n\n{"error":"Anna is unready, 7"}', None),
    ],
)
def test_an_exchange_that_spells_out_facts_of_the_cast_is_skipped_elsewhere(
    contracts: Contracts, server: TinyServer, request_text: str, response: str, reason: str | None
):
    text = exchange(request_text, response)
    assert skip_reason(contracts, server, text) == reason
    shared = {"user_authorities": "ROLE_X ROLE_AGENT", "client_scope": "read", "user_first_name": "Ann"}
    shared |= {"client_id": "app", "client_secret": "s3cr&t=1", "locked_password": "locked-password"}
    assert skip_reason(contracts, server, text, **shared) is None


def test_basic_is_known_with_id_and_secret(contracts: Contracts, server: TinyServer):
    text = exchange("GET /\nAuthorization: Basic «client.basic»\nX: «public.basic»", "200")
    assert skip_reason(contracts, server, text, client_id="a", public_id="b") == "needs client.basic, not given"
    assert skip_reason(contracts, server, text, client_id="a", client_secret="b:c", public_id="b") is None
    assert dict(server.asked[0].headers)["Authorization"] == "Basic YTpiOmM="
    assert dict(server.asked[0].headers)["X"] == "Yjo="
