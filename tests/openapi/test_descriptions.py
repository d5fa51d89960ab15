"""A description holds what the server answers: every contract, exchange by exchange, against a real server."""

from __future__ import annotations

import json

import pytest

from dragoman.core.errors import Refusal
from dragoman.openapi.document import describe
from dragoman.openapi.refusals import BY_ENDPOINT, ONLY_AT_RESOURCES
from dragoman.verification import runner
from dragoman.verification.contract import known_dialects, load_contract
from dragoman.verification.runner import run_contract
from dragoman.wiring.parts import build_mounts, load_dialects
from tests.openapi.comparing import defects
from tests.serving import configure, mount_of, provision, serving


@pytest.mark.parametrize("account_state", ["shown", "hidden"])
@pytest.mark.parametrize("dialect", known_dialects())
def test_each_answer_of_a_contract_is_described(tmp_path, monkeypatch, dialect, account_state):
    contract = load_contract(dialect)
    scopes = {name: name for name in contract.cast.server.scopes}
    configuration = configure(tmp_path, mount_of(dialect, account_state=account_state), scopes=scopes)
    document = json.loads(json.dumps(describe(build_mounts(configuration, load_dialects(configuration)))))
    provision(configuration, dialect, contract.cast)
    seen = []

    def send(address, request, timeout):
        response = real(address, request, timeout)
        seen.append((request, response))
        return response

    real = runner.send
    monkeypatch.setattr(runner, "send", send)
    settings = frozenset({"grace", "shared_key_shown", *(["account_state_shown"] if account_state == "shown" else [])})
    with serving(configuration) as address:
        run_contract(contract, address, settings)
    found = {
        f"{request.method} {request.target}: {one}"
        for request, response in seen
        for one in defects(document, request, response)
    }
    assert found == set()
    described = [response for request, response in seen if request.target.partition("?")[0] in document["paths"]]
    assert {200, 400} <= {response.status for response in described}


def test_each_refusal_is_some_endpoints():
    assert frozenset().union(*BY_ENDPOINT.values()) | ONLY_AT_RESOURCES == frozenset(Refusal)
    assert not ONLY_AT_RESOURCES & frozenset().union(*BY_ENDPOINT.values())
