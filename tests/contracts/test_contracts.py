"""Every contract, exchange by exchange, against a real server on a real socket."""

import pytest

from dragoman.verification.contract import known_dialects, load_contract
from dragoman.verification.runner import Conditions, Outcome, run_exchange
from tests.serving import configure, mount_of, provision, serving

SHOWN = "account_state_shown"
ALWAYS = frozenset({"grace", "shared_key_shown"})
"""Settings that hold on every server of these tests."""
CONTRACTS = {dialect: load_contract(dialect) for dialect in known_dialects()}


def exchanges():
    for dialect, contract in CONTRACTS.items():
        for exchange in contract.exchanges:
            yield pytest.param(dialect, exchange, id=f"{dialect}:{exchange.id}")


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """Servers by dialect and setting, started when first asked for."""
    running, exits = {}, []

    def address(dialect, account_state):
        key = (dialect, account_state)
        if key not in running:
            contract = CONTRACTS[dialect]
            scopes = {name: name for name in contract.cast.server.scopes}
            configuration = configure(
                tmp_path_factory.mktemp("server"), mount_of(dialect, account_state=account_state), scopes=scopes
            )
            provision(configuration, dialect, contract.cast)
            server = serving(configuration)
            running[key] = server.__enter__()
            exits.append(server)
        return running[key]

    yield address
    for server in exits:
        server.__exit__(None, None, None)


@pytest.mark.parametrize(("dialect", "exchange"), list(exchanges()))
def test_the_contract_holds(dialect, exchange, servers):
    shown = SHOWN in exchange.when
    address = servers(dialect, "shown" if shown else "hidden")
    verdict = run_exchange(
        CONTRACTS[dialect], exchange, address, Conditions(settings=ALWAYS | {SHOWN} if shown else ALWAYS)
    )
    told = "\n".join(f"{one.field}\n  expected {one.expected}\n  actual   {one.actual}" for one in verdict.differences)
    assert verdict.outcome is Outcome.PASSED, f"{verdict.reason or ''}\n{told}"
