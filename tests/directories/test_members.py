"""People who stay where they are: an SQL table as the directory, through the token endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from dragoman.core.secret import Secret
from tests.attacks.harness import FORM, Server, configuration_of, running
from tests.directories.people import (
    OLD_PASSWORD,
    PASSWORD,
    SAMPLE,
    Members,
    SqliteMembers,
    argon2_of,
    bcrypt_of,
    members_in,
)
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Members]]:
    """A server for each kind of database."""
    folder = tmp_path_factory.mktemp("members")
    with (
        members_in(request.param, request, folder) as members,
        running(configuration_of(folder, directory=members.table(recheck_seconds=60, away_hours=0))) as server,
    ):
        yield server, members
        log = server.log.getvalue()
        assert not [secret for secret in (PASSWORD, "$2b$", "$argon2", "p@ss:w/rd") if secret.encode() in log]
        assert b'"event":"fault"' not in log.replace(b": ", b":")


@pytest.fixture
def server(place: tuple[Server, Members]) -> Server:
    return place[0]


@pytest.fixture
def members(place: tuple[Server, Members]) -> Members:
    place[1].clear()
    return place[1]


@pytest.fixture
def file(tmp_path: Path) -> SqliteMembers:
    return SqliteMembers(tmp_path / "members.db")


@pytest.fixture
def adopting(tmp_path: Path, file: SqliteMembers) -> Iterator[Server]:
    with running(configuration_of(tmp_path, directory=file.table(adopt=True))) as one:
        yield one


def _kept(server: Server, owner_id: str):
    return server.run(server.tool.find_resource_owner(owner_id))


def test_whoever_is_in_the_table_logs_in_and_is_called_as_there(server: Server, members: Members) -> None:
    members.add(42, "ann")
    members.add(43, "bob", argon2_of(PASSWORD))
    client = server.add_client()
    answer = server.log_in(client, "ann", PASSWORD)
    assert answer.status == 200
    assert server.introspect(client, answer.document["access_token"])["sub"] == "42"
    kept = _kept(server, "42")
    assert (kept.username, kept.email, kept.authorities) == ("ann", "ann@members.example", ("ROLE_A", "ROLE_B"))
    assert (kept.directory, kept.password_hash) == ("directory", None)
    assert server.log_in(client, "bob@members.example", PASSWORD).status == 200


def test_a_wrong_password_and_an_unknown_name_cost_and_say_the_same(server: Server, members: Members) -> None:
    members.add(42, "ann", argon2_of(PASSWORD))
    members.add(44, "bare", "")
    client = server.add_client()
    answers = []
    for login, password in (("ann", "another password"), ("nobody", PASSWORD), ("bare", PASSWORD), ("bare", "x")):
        with server.nothing_happens(hashes=1):
            answers.append(server.log_in(client, login, password))
    assert {one.identity for one in answers} == {answers[0].identity}
    assert answers[0].error == "invalid_grant"


@pytest.mark.parametrize(
    "login", ["' OR 1=1 --", "ann' --", "ann\\", "\\' OR 1=1 #", "%", "ann%", "%s", "%(value)s", ":login", "$1", "42"]
)
def test_a_name_cannot_become_part_of_the_query(server: Server, members: Members, login: str) -> None:
    members.add(42, "ann")
    client = server.add_client()
    with server.nothing_happens(hashes=1):
        assert server.log_in(client, login, PASSWORD).error == "invalid_grant"
    assert server.log_in(client, "ann", PASSWORD).status == 200


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_a_number_that_the_column_cannot_hold_is_nobodys(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    query = "SELECT * FROM members WHERE number = :login"
    with members_in(kind, request, tmp_path) as members:
        members.add(2147483647, "2147483647")
        table = members.table(sql={"log_in": query})
        with running(configuration_of(tmp_path, directory=table)) as server:
            client = server.add_client()
            assert server.log_in(client, "2147483647", PASSWORD).status == 200
            for login in ("2147483648", "999999999999", "9" * 18, "9" * 19, "ann", "-1"):
                assert server.log_in(client, login, PASSWORD).error == "invalid_grant"


@pytest.mark.parametrize("login", ["ann\0", "a\x07nn", "\ufdd0", " ann", "x" * 321])
def test_a_name_that_nobody_can_have_is_not_asked_for(server: Server, members: Members, login: str) -> None:
    members.add(42, "ann")
    client = server.add_client()
    with server.nothing_happens(hashes=1):
        assert server.log_in(client, login, PASSWORD).error == "invalid_grant"
    assert server.log_in(client, "ann", PASSWORD).status == 200


@pytest.mark.parametrize("password", ["\0", "x" * 1025, "\u20ac" * 400])
def test_u03_a_password_that_nobody_can_have_does_not_tell_who_lives_here(
    server: Server, members: Members, password: str
) -> None:
    members.add(42, "ann")
    client, here = server.add_client(), server.add_owner()
    answers = []
    for login in (here, "ann", "nobody"):
        with server.nothing_happens(hashes=1):
            answers.append(server.log_in(client, login, password))
    assert {one.identity for one in answers} == {answers[0].identity}


@pytest.mark.parametrize("login", ["ÀNN", "ann ", "ann\u3000"])
def test_a_collation_that_takes_names_lightly_gives_no_second_throttle(
    server: Server, members: Members, login: str
) -> None:
    members.add(42, "ann")
    assert server.log_in(server.add_client(), login, PASSWORD).error == "invalid_grant"


def test_whoever_has_the_id_of_somebody_who_lives_here_is_nobody(server: Server, members: Members) -> None:
    here = server.add_owner(id="77")
    members.add(77, "ann")
    client = server.add_client()
    assert server.log_in(client, "ann", PASSWORD).error == "invalid_grant"
    kept = _kept(server, "77")
    assert (kept.username, kept.directory) == (here, None)


def test_whoever_has_a_name_of_somebody_who_lives_here_is_nobody(server: Server, members: Members) -> None:
    server.add_owner(username="carl@members.example")
    members.add(78, "carl", mail="carl@members.example")
    assert server.log_in(server.add_client(), "carl", PASSWORD).error == "invalid_grant"
    assert _kept(server, "78") is None


def test_two_rows_of_one_name_are_nobody(server: Server, members: Members) -> None:
    members.add(42, "ann", mail="both@members.example")
    members.add(43, "bob", mail="both@members.example")
    client = server.add_client()
    with server.nothing_happens(hashes=1):
        assert server.log_in(client, "both@members.example", PASSWORD).error == "invalid_grant"
    assert server.log_in(client, "bob", PASSWORD).status == 200


@pytest.mark.parametrize("gone", [False, True])
def test_a_refresh_learns_what_has_become_of_the_account(server: Server, members: Members, gone: bool) -> None:
    members.add(42, "ann")
    client = server.add_client()
    first = server.log_in(client, "ann", PASSWORD).document
    (members.remove if gone else lambda number: members.change(number, active=0))(42)
    second = server.refresh(client, first["refresh_token"])
    assert second.status == 200
    server.clock.now += 60
    assert server.refresh(client, second.document["refresh_token"]).error == "invalid_grant"
    members.clear()
    members.add(42, "ann", roles="ROLE_C")
    assert server.refresh(client, second.document["refresh_token"]).status == 200
    assert _kept(server, "42").authorities == ("ROLE_C",)


@pytest.mark.parametrize(
    "cells",
    [{"login": ""}, {"login": "x" * 90 + "\u200b"}, {"roles": "x" * 95 + " " + "\x07"}, {"active": 7}],
)
def test_a_row_that_cannot_be_read_is_no_wrong_password(server: Server, members: Members, cells: dict) -> None:
    members.add(42, "ann")
    members.change(42, **cells)
    refused = server.log_in(server.add_client(), "ann@members.example", PASSWORD)
    assert (refused.status, refused.error) == (503, "temporarily_unavailable")


def test_a_local_account_with_the_same_login_always_wins(adopting: Server, file: SqliteMembers) -> None:
    file.add(42, "ann")
    client = adopting.add_client()
    adopting.add_owner(username="Ann")
    assert adopting.log_in(client, "ann", PASSWORD).error == "invalid_grant"
    assert adopting.log_in(client, "ann").status == 200
    assert _kept(adopting, "42") is None


def test_an_adopted_account_has_moved_in(adopting: Server, file: SqliteMembers) -> None:
    file.add(42, "ann", bcrypt_of(OLD_PASSWORD))
    client, mark = adopting.add_client(), adopting.mark()
    first = adopting.log_in(client, "ann", OLD_PASSWORD)
    assert first.status == 200
    moved, issued = adopting.events(mark)
    assert (moved["outcome"], moved["subject"], moved["from"]) == ("account_moved_in", "42", "directory")
    assert issued["outcome"] == "token_issued"
    kept = _kept(adopting, "42")
    assert kept.directory is None
    assert kept.password_hash.startswith("$argon2id$")
    file.change(42, pw=bcrypt_of("a newer password"))
    assert adopting.log_in(client, "ann", "a newer password").error == "invalid_grant"
    file.path.unlink()
    assert adopting.log_in(client, "ANN", OLD_PASSWORD).status == 200
    assert adopting.refresh(client, first.document["refresh_token"]).status == 200


def test_parallel_first_log_ins_make_one_account(adopting: Server, file: SqliteMembers) -> None:
    file.add(42, "ann")
    client = adopting.add_client()
    form = {"grant_type": "password", **adopting.credentials(client), "username": "ann", "password": PASSWORD}
    request = {
        "method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": urlencode(form).encode()
    }  # fmt: skip
    answers = adopting.ask_all([request] * 6)
    assert [one.status for one in answers] == [200] * 6
    assert {grant.subject for grant in adopting.grants(client)} == {"42"}


def test_a_password_that_is_set_here_moves_the_account_in(server: Server, members: Members) -> None:
    members.add(42, "ann")
    client = server.add_client()
    assert server.log_in(client, "ann", PASSWORD).status == 200
    stored = server.run(server.preparing.hash_new(Secret("a password of ours")))
    assert server.run(server.tool.administration.set_password_hash("42", stored))
    assert server.log_in(client, "ann", PASSWORD).error == "invalid_grant"
    assert server.log_in(client, "ann", "a password of ours").status == 200
    server.run(server.tool.administration.delete_resource_owner("42", server.clock()))


def test_a_directory_that_is_no_longer_configured_ends_nothing(tmp_path: Path, file: SqliteMembers) -> None:
    file.add(42, "ann")
    with running(configuration_of(tmp_path, directory=file.table())) as server:
        client = server.add_client()
        first = server.log_in(client, "ann", PASSWORD).document
        secret = server.secret_of(client)
    for other in ({}, {"directory": file.table(name="another")}):
        with running(configuration_of(tmp_path, **other)) as server:
            server._secrets[client] = secret
            assert server.refresh(client, first["refresh_token"]).error == "temporarily_unavailable"
            assert server.log_in(client, "ann", PASSWORD).error == "invalid_grant"


def test_unknown_names_cost_what_the_table_s_own_hashes_cost(tmp_path: Path, file: SqliteMembers) -> None:
    for number in range(20):
        file.add(number, f"member{number}", bcrypt_of(PASSWORD) if number else argon2_of(PASSWORD))
    with running(configuration_of(tmp_path, directory=file.table(sql={"sample": SAMPLE}))) as server:
        client = server.add_client()

        def is_checked_as_a_bcrypt() -> bool:
            before = server.passwords.imports_checked
            assert server.log_in(client, "nobody 7", PASSWORD).error == "invalid_grant"
            return server.passwords.imports_checked > before

        wait_until(is_checked_as_a_bcrypt)  # once the server has looked what the table holds


def test_the_file_of_another_program_is_never_written(tmp_path: Path, file: SqliteMembers) -> None:
    file.add(42, "ann")
    before = file.path.read_bytes()
    sneaky = file.table(sql={"log_in": "WITH x AS (SELECT :login AS l) SELECT * FROM members, x WHERE login = l"})
    with running(configuration_of(tmp_path, directory=sneaky)) as server:
        assert server.log_in(server.add_client(), "ann", PASSWORD).status == 200
    assert file.path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("members")] == ["members.db"]
