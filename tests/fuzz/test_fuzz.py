"""A short run of the fuzzers, the same cases each time. `make fuzz` runs long ones (docs/fuzzing.md)."""

from pathlib import Path
from random import Random

import pytest

from tests.attacks.harness import Server, configuration_of, running
from tests.fuzz.targets import Target, all_targets
from tests.fuzz.whole_server import favour_granted, seeds_for, send_all

TARGETS = (
    "codec standard", "codec jobspace", "codec passport-12", "codec passport-13", "codec jmondi", "codec jmondi-1",
    "codec jmondi-4", "codec paymentiq", "codec spring-form-clients", "codec spring-security-oauth-2.5",
    "codec kabbage", "codec axosoft", "basic", "form", "json", "multipart", "plain multipart", "access token", "refresh token",
    "password hash", "configuration", "environment", "address", "key file", "dialect file", "password list",
    "sql dump", "realm export",
)  # fmt: skip
SLOW = frozenset({"dialect file", "password list", "sql dump"})


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    return {target.name: target for target in all_targets(tmp_path_factory.mktemp("fuzz"))}


def test_every_target_has_its_short_run(targets: dict[str, Target]):
    assert tuple(targets) == TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_make_a_reader_raise_what_it_does_not_promise(targets: dict[str, Target], name: str):
    target, chance = targets[name], Random(name)
    for _ in range(100 if name in SLOW else 700):
        case = target.case(chance)
        try:
            target.read(case)
        except Exception as error:
            raise AssertionError(f"{name}: {error!r} from {case!r}") from error


def test_no_request_makes_the_server_fail(tmp_path: Path):
    with running(configuration_of(tmp_path)) as server:
        broken, _, statuses = send_all(server, favour_granted(server, seeds_for(server)), Random("short"), 1600)
    assert broken == []
    assert statuses[200] > 150, "the cases are too wild to reach anything"


def test_a_fault_would_be_noticed(tmp_path: Path):
    """The net itself: a server whose rows are gone answers 5xx, and the run says with which request."""
    with running(configuration_of(tmp_path)) as server:
        seeds = seeds_for(server)
        _break(server)
        broken, _, _ = send_all(server, seeds, Random("broken"), 60)
    assert any(one.why.startswith("500") for one in broken)
    assert any("fault" in one.why for one in broken)


def _break(server: Server) -> None:
    import sqlite3
    from contextlib import closing

    path = server.configuration.path(server.configuration.database)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE resource_owners RENAME TO gone")
