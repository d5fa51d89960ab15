"""People behind an HTTP service: the contract as docs/accounts-elsewhere.md has it, and services that break it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dragoman.config.directory import DirectoryTable, HttpDirectoryTable
from tests.attacks.harness import Server, configuration_of, running
from tests.certificates import write_certificate
from tests.directories.account_service import BEARER, SIGNING_KEY, Service, account_service, send, silent_server
from tests.directories.people import OLD_PASSWORD, PASSWORD
from tests.directories.service_lies import ANN, LIES, answering

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path


def _directory(port: int, **settings: object) -> DirectoryTable:
    http = HttpDirectoryTable(
        url=f"http://127.0.0.1:{port}/accounts", bearer=BEARER, signing_key=SIGNING_KEY,
        **settings.pop("http", {}),
    )  # fmt: skip
    return DirectoryTable(http=http, **{"timeout_seconds": 10, "recheck_seconds": 60, "away_hours": 1, **settings})


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, service: Service) -> Iterator[Server]:
    with (
        account_service(service) as port,
        running(configuration_of(tmp_path_factory.mktemp("server"), directory=_directory(port))) as one,
    ):
        yield one
        _see_no_secret(one)


def _see_no_secret(server: Server) -> None:
    """Whatever the tests did, no password and no key of the contract is in the log or the audit, and nothing fell over."""
    log = server.log.getvalue()
    assert not [secret for secret in (PASSWORD, BEARER, SIGNING_KEY) if secret.encode() in log]
    assert b'"event":"fault"' not in log.replace(b": ", b":")


@pytest.fixture(autouse=True)
def _honest(service: Service) -> Iterator[None]:
    service.accounts = {"ann": {**ANN, "password": PASSWORD}}
    service.speak = None
    service.questions.clear()
    yield
    assert service.faults == []


def test_the_service_is_asked_as_the_contract_says(server: Server, service: Service) -> None:
    client = server.add_client()
    answer = server.log_in(client, "ann", PASSWORD)
    assert answer.status == 200
    assert server.introspect(client, answer.document["access_token"])["sub"] == "7f"
    assert service.questions == [{"question": "verify", "login": "ann", "password": PASSWORD}]
    wrong, unknown = server.log_in(client, "ann", "wrong password"), server.log_in(client, "bob", PASSWORD)
    assert wrong.error == "invalid_grant"
    assert wrong.identity == unknown.identity


def test_a_refresh_asks_only_when_what_is_known_is_old(server: Server, service: Service) -> None:
    client = server.add_client()
    first = server.log_in(client, "ann", PASSWORD).document
    service.questions.clear()
    second = server.refresh(client, first["refresh_token"]).document
    assert service.questions == []
    service.accounts["ann"]["authorities"] = ["ROLE_B"]
    server.clock.now += 61
    third = server.refresh(client, second["refresh_token"])
    assert third.status == 200
    assert service.questions == [{"question": "find", "id": "7f"}]
    assert server.run(server.tool.find_resource_owner("7f")).authorities == ("ROLE_B",)


@pytest.mark.parametrize("state", ["enabled", "locked", "expired", "password_expired"])
def test_a_state_that_shuts_out_is_a_wrong_password_and_comes_and_goes(
    server: Server, service: Service, state: str
) -> None:
    client = server.add_client()
    first = server.log_in(client, "ann", PASSWORD).document
    service.accounts["ann"][state] = state != "enabled"
    wrong = server.log_in(client, "ann", "wrong password")
    assert server.log_in(client, "ann", PASSWORD).identity == wrong.identity
    server.clock.now += 61
    assert server.refresh(client, first["refresh_token"]).error == "invalid_grant"
    assert server.introspect(client, first["access_token"]) == {"active": False}
    service.accounts["ann"][state] = state == "enabled"
    assert server.refresh(client, first["refresh_token"]).status == 200


def test_a_lock_that_an_operator_set_here_holds(server: Server, service: Service) -> None:
    from dataclasses import replace

    service.accounts["dan"] = {**ANN, "id": "d4", "username": "dan", "email": "dan@x.example", "password": PASSWORD}
    client = server.add_client()
    assert server.log_in(client, "dan", PASSWORD).status == 200
    kept = server.run(server.tool.find_resource_owner("d4"))
    server.run(server.tool.administration.update_resource_owner(replace(kept, locked=True), server.clock()))
    assert server.log_in(client, "dan", PASSWORD).error == "invalid_grant"


def test_while_the_service_is_away_nobody_is_told_a_wrong_password(server: Server, service: Service) -> None:
    client = server.add_client()
    local = server.add_owner()
    first = server.log_in(client, "ann", PASSWORD).document
    service.speak = lambda handler: handler.connection.close()
    with server.nothing_happens():
        for name in ("ann", "bob", local + "x"):
            refused = server.log_in(client, name, PASSWORD)
            assert (refused.status, refused.error) == (503, "temporarily_unavailable")
            assert refused.header("Retry-After") is not None
    assert server.log_in(client, local).status == 200
    server.clock.now += 3599
    second = server.refresh(client, first["refresh_token"])
    assert second.status == 200
    server.clock.now += 1
    late = server.refresh(client, second.document["refresh_token"])
    assert (late.status, late.error) == (503, "temporarily_unavailable")
    service.speak = None
    _wait_until_asked(server, client)
    assert server.refresh(client, second.document["refresh_token"]).status == 200


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_breaks_the_contract_is_noanswering(server: Server, service: Service, lie: str) -> None:
    client = server.add_client()
    _wait_until_asked(server, client)
    service.speak = LIES[lie]
    with server.nothing_happens():
        refused = server.log_in(client, "ann", PASSWORD)
    assert (refused.status, refused.error) == (503, "temporarily_unavailable")


def test_nothing_of_one_persons_answer_goes_into_the_next_persons_question(server: Server, service: Service) -> None:
    """A service with sessions would take everybody for whoever was asked about first."""
    sent: list[str | None] = []

    def speak(handler: BaseHTTPRequestHandler) -> None:
        sent.append(handler.headers["Cookie"])
        send(handler, 200, b'{"result": "not_verified"}', Set_Cookie="session=ann; Path=/")

    service.speak = speak
    client = server.add_client()
    for name in ("ann", "bob"):
        assert server.log_in(client, name, PASSWORD).error == "invalid_grant"
    assert sent == [None, None]


@pytest.mark.parametrize("login", ["ÀNN", "ann ", "anne", "ann@members.example.org"])
def test_a_service_that_takes_names_lightly_gives_no_second_throttle(
    server: Server, service: Service, login: str
) -> None:
    """Else each spelling would be a name with guesses of its own."""
    service.speak = answering({"result": "verified", "account": ANN})
    client = server.add_client()
    assert server.log_in(client, login, PASSWORD).error == "invalid_grant"
    assert server.log_in(client, "ANN", PASSWORD).status == 200


def test_an_account_with_the_id_or_the_e_mail_of_a_local_one_is_refused(server: Server, service: Service) -> None:
    local = server.add_owner(id="l1", email="boss@members.example")
    client = server.add_client()
    mallory = {"username": "mallory", "email": "m@x.example", "password": PASSWORD}
    for claim in (
        {"id": "l1"},
        {"id": "m1", "email": "Boss@members.example"},
        {"id": client},
        {"id": "m1", "email": local},
    ):
        service.accounts["mallory"] = {**ANN, **mallory, **claim}
        with server.nothing_issued():
            assert server.log_in(client, "mallory", PASSWORD).error == "invalid_grant"
    kept = server.run(server.tool.find_resource_owner("l1"))
    assert (kept.username, kept.directory) == (local, None)
    assert server.run(server.tool.find_resource_owner("m1")) is None


def test_a_name_that_changes_hands_there_changes_hands_here(server: Server, service: Service) -> None:
    client = server.add_client()
    service.accounts = {"x": {**ANN, "id": "n1", "username": "desk", "email": "desk@x.example", "password": PASSWORD}}
    assert server.log_in(client, "desk", PASSWORD).status == 200
    service.accounts = {
        "x": {**ANN, "id": "n1", "username": "former", "email": "former@x.example", "password": PASSWORD},
        "y": {**ANN, "id": "n2", "username": "desk", "email": "desk@x.example", "password": "another password"},
    }
    second = server.log_in(client, "desk", "another password")
    assert server.introspect(client, second.document["access_token"])["sub"] == "n2"
    first = server.log_in(client, "former", PASSWORD)
    assert server.introspect(client, first.document["access_token"])["sub"] == "n1"


def test_an_old_policy_password_moves_in_as_it_is(tmp_path: Path, service: Service) -> None:
    service.accounts["ann"]["password"] = OLD_PASSWORD
    with (
        account_service(service) as port,
        running(configuration_of(tmp_path, directory=_directory(port, adopt=True))) as server,
    ):
        client = server.add_client()
        service.accounts["ann"]["locked"] = True
        with server.nothing_happens():
            assert server.log_in(client, "ann", OLD_PASSWORD).error == "invalid_grant"
        service.accounts["ann"]["locked"] = False
        assert server.log_in(client, "ann", OLD_PASSWORD).status == 200
        service.speak = lambda handler: handler.connection.close()
        assert server.log_in(client, "ann", OLD_PASSWORD).status == 200
        assert server.log_in(client, "ann", "wrong password").error == "invalid_grant"
        kept = server.run(server.tool.find_resource_owner("7f"))
        assert kept.directory is None
        assert kept.password_hash.startswith("$argon2id$")


def test_u03_a_password_that_grows_too_long_where_it_would_be_stored_is_not_sent(
    tmp_path: Path, service: Service
) -> None:
    grows = "\u0958" * 300  # of three bytes each, and of six in NFC
    service.accounts["ann"]["password"] = grows
    with (
        account_service(service) as port,
        running(configuration_of(tmp_path, directory=_directory(port, adopt=True))) as server,
    ):
        client = server.add_client()
        known, unknown = (server.log_in(client, login, grows) for login in ("ann", "nobody"))
        assert known.error == "invalid_grant"
        assert known.identity == unknown.identity
        assert service.questions == []


def test_a_service_that_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    with (
        silent_server() as port,
        running(configuration_of(tmp_path, directory=_directory(port, timeout_seconds=1, connections=1))) as server,
    ):
        client, local = server.add_client(), server.add_owner()
        with server.nothing_happens():
            assert server.log_in(client, "ann", PASSWORD).status == 503
        assert server.log_in(client, local).status == 200


def test_only_the_configured_hand_is_believed_behind_tls(tmp_path: Path, service: Service) -> None:
    certificate = tmp_path / "certificate.pem"
    write_certificate(certificate, "localhost")
    for number, (host, roots, status) in enumerate(
        (("localhost", certificate, 200), ("localhost", None, 503), ("127.0.0.1", certificate, 503))
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with account_service(service, certificate) as port:
            http = HttpDirectoryTable(
                url=f"https://{host}:{port}/", bearer=BEARER, signing_key=SIGNING_KEY,
                roots=None if roots is None else str(roots),
            )  # fmt: skip
            with running(configuration_of(folder, directory=DirectoryTable(http=http, timeout_seconds=10))) as server:
                assert server.log_in(server.add_client(), "ann", PASSWORD).status == status


def _wait_until_asked(server: Server, client: str) -> None:
    """After failures nobody is asked for a moment."""
    import time

    ends = time.monotonic() + 60
    while server.log_in(client, "nobody at all", PASSWORD).status == 503 and time.monotonic() < ends:
        time.sleep(0.05)
