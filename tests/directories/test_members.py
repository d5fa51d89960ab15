"""People who stay where they are: an SQL table as the directory, through the token endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.harness import Server, configuration_of, running
from tests.directories.people import OLD_PASSWORD, PASSWORD, Members, bcrypt_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def members(tmp_path: Path) -> Members:
    return Members(tmp_path / "members.db")


@pytest.fixture
def server(tmp_path: Path, members: Members) -> Iterator[Server]:
    with running(configuration_of(tmp_path, directory=members.table())) as one:
        yield one


@pytest.fixture
def adopting(tmp_path: Path, members: Members) -> Iterator[Server]:
    with running(configuration_of(tmp_path, directory=members.table(adopt=True))) as one:
        yield one


def _kept(server: Server, owner_id: str):
    return server.run(server.tool.find_resource_owner(owner_id))


def test_whoever_is_in_the_table_logs_in_and_is_called_as_there(server: Server, members: Members) -> None:
    members.add(42, "ann")
    client = server.add_client()
    answer = server.log_in(client, "ann", PASSWORD)
    assert answer.status == 200
    assert server.introspect(client, answer.document["access_token"])["sub"] == "42"
    kept = _kept(server, "42")
    assert (kept.username, kept.email, kept.authorities) == ("ann", "ann@members.example", ("ROLE_A", "ROLE_B"))
    assert (kept.directory, kept.password_hash) == ("directory", None)


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(server: Server, members: Members) -> None:
    members.add(42, "ann")
    client = server.add_client()
    with server.nothing_happens(hashes=1):
        wrong = server.log_in(client, "ann", "another password")
    with server.nothing_happens(hashes=1):
        unknown = server.log_in(client, "nobody", PASSWORD)
    assert wrong.status == 400
    assert wrong.identity == unknown.identity


def test_a_local_account_with_the_same_login_always_wins(server: Server, members: Members) -> None:
    members.add(42, "ann")
    client = server.add_client()
    local = server.add_owner(username="Ann")
    assert server.log_in(client, "ann", PASSWORD).error == "invalid_grant"
    assert server.log_in(client, "ann").status == 200
    assert _kept(server, "42") is None
    assert local == "Ann"


def test_an_adopted_account_has_moved_in(adopting: Server, members: Members) -> None:
    members.add(42, "ann", bcrypt_of(OLD_PASSWORD))
    client = adopting.add_client()
    assert adopting.log_in(client, "ann", OLD_PASSWORD).status == 200
    kept = _kept(adopting, "42")
    assert kept.directory is None
    assert kept.password_hash.startswith("$argon2id$")
    members.change(42, pw=bcrypt_of("a newer password"))
    assert adopting.log_in(client, "ann", "a newer password").error == "invalid_grant"
    members.path.unlink()
    assert adopting.log_in(client, "ANN", OLD_PASSWORD).status == 200


def test_parallel_first_log_ins_make_one_account(adopting: Server, members: Members) -> None:
    members.add(42, "ann")
    client = adopting.add_client()
    form = {"grant_type": "password", **adopting.credentials(client), "username": "ann", "password": PASSWORD}
    from urllib.parse import urlencode

    request = {
        "method": "POST", "path": "/oauth2/token", "body": urlencode(form).encode(),
        "headers": [("Content-Type", "application/x-www-form-urlencoded")],
    }  # fmt: skip
    answers = adopting.ask_all([request] * 4)
    assert [one.status for one in answers] == [200] * 4
    assert {grant.subject for grant in adopting.grants(client)} == {"42"}
