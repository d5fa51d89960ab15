"""Rows that are about the standard dialect hold in all others: T03, T07, C04, C07, C19, R01, R07, R08, R12 and X15."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from dragoman.core.scope import Scope
from tests.attacks.guarding import counted_work
from tests.attacks.harness import DIALECTS, FORM, PASSWORD
from tests.attacks.jose import INACTIVE
from tests.attacks.spelling import IN_PARAMETERS, basic, log_in, send, token_path
from tests.attacks.test_client_authentication import variants
from tests.attacks.test_resource_owners import STATES

if TYPE_CHECKING:
    from tests.attacks.harness import Server

REFRESHING = [dialect for dialect in DIALECTS if dialect != "axosoft"]
ASKING_FOR_SCOPE = [dialect for dialect in DIALECTS if dialect != "kabbage"]
"""The scope of a request has no effect in the other."""
SPELT_ALIKE = ("Username", "USERNAME", "username[]", "username[0]", "username[a]", "username%00", "username ")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", SPELT_ALIKE)
def test_t03_in_no_dialect_is_another_name_a_user_name(server: Server, dialect: str, name: str):
    """In Spring's a missing user name is an empty one, which nobody has."""
    client, owner = server.add_client(), server.add_owner()
    form, headers = {"grant_type": "password", "password": PASSWORD, "scope": "read"}, [("Content-Type", FORM)]
    if dialect in IN_PARAMETERS:
        form |= server.credentials(client)
    else:
        headers.append(basic(client, server.secret_of(client)))
    body = f"{urlencode(form)}&{name}={owner}".encode()
    with server.nothing_issued():
        answer = server.ask("POST", token_path(dialect), headers=headers, body=body)
    spring = dialect.startswith(("paymentiq", "spring"))
    assert answer.status == 400
    assert (b"invalid_grant" if spring else b"invalid_request") in answer.body or dialect.startswith("jmondi")


SCOPES = {
    "30 KB in one name": "x" * 30_000,
    "10,000 letters": " ".join("abcdefghij"[index % 10] for index in range(10_000)),
    "5,000 names": " ".join(f"s{index}" for index in range(5_000)),
}


@pytest.mark.parametrize("dialect", ASKING_FOR_SCOPE)
@pytest.mark.parametrize("scope", SCOPES)
def test_t07_an_immense_scope_is_refused_before_anybody_or_any_token_is_looked_up(
    server: Server, dialect: str, scope: str
):
    client, owner = server.add_client(), server.add_owner()
    token = log_in(server, dialect, client, owner).document.get("refresh_token", "x")
    with counted_work(server) as least:
        send(server, dialect, client, grant_type="nonsense")
    for grant_type, given in (("password", token), ("refresh_token", token), ("refresh_token", "x")):
        fields = {"grant_type": grant_type, "username": owner, "password": PASSWORD, "refresh_token": given}
        with counted_work(server) as work, server.nothing_happens():
            answer = send(server, dialect, client, **fields, scope=SCOPES[scope])
        assert answer.status == 400
        assert work.get("row", 0) <= least["row"], grant_type
        assert "take" not in work


@pytest.mark.parametrize("dialect", DIALECTS)
def test_c04_an_unknown_client_and_a_wrong_secret_are_the_same_work(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    fields = {"grant_type": "password", "username": owner, "password": PASSWORD}
    works = []
    for name in (client, f"{client}x", client):
        with counted_work(server) as work:
            send(server, dialect, name, "wrong", **fields)
        works.append(work)
    assert works[0] == works[1] == works[2]
    assert (works[0]["hashes"], works[0]["count_wrong_secret"]) == (0, 1)


@pytest.mark.parametrize("path", ["/oauth2/introspect", "/oauth2/revoke"])
def test_c04_elsewhere_too_an_unknown_client_and_a_wrong_secret_are_one(server: Server, path: str):
    client, answers, works = server.add_client(), set(), []
    for name in (client, f"{client}x", client):
        with counted_work(server) as work:
            answers.add(server.form(path, {"client_id": name, "client_secret": "wrong", "token": "x"}).identity)
        works.append(work)
    assert len(answers) == 1
    assert works[0] == works[1] == works[2]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_c07_in_no_dialect_may_a_public_client_send_a_secret(server: Server, dialect: str):
    client, owner = server.add_client(public=True), server.add_owner()
    fields = {"grant_type": "password", "username": owner, "password": PASSWORD, "scope": "read"}
    assert send(server, dialect, client, "", **fields).status == 200
    with server.nothing_happens():
        assert send(server, dialect, client, "x", **fields).status in (400, 401)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_c19_in_every_dialect_client_ids_are_compared_byte_for_byte(server: Server, dialect: str):
    client, owner = server.add_client(), server.add_owner()
    fields = {"grant_type": "password", "username": owner, "password": PASSWORD, "scope": "read"}
    trimmed = {f"{client} ", f" {client}"} if dialect == "jobspace" or dialect in IN_PARAMETERS else set()
    for variant in variants(client):
        if variant not in trimmed:
            with server.nothing_happens():
                assert send(server, dialect, variant, server.secret_of(client), **fields).status in (400, 401), variant


@pytest.mark.parametrize("dialect", REFRESHING)
def test_r07_r08_in_every_dialect_a_strangers_refresh_ends_nothing_and_raises_an_alarm(server: Server, dialect: str):
    client, stranger = server.add_client(), server.add_client()
    first = log_in(server, dialect, client, server.add_owner()).document["refresh_token"]
    second = send(server, dialect, client, grant_type="refresh_token", refresh_token=first).document["refresh_token"]
    server.clock.now += 31
    for token in (first, second):
        mark = server.mark()
        with server.nothing_happens():
            answer = send(server, dialect, stranger, grant_type="refresh_token", refresh_token=token)
        assert answer.status in (400, 401)
        (event,) = server.events(mark)
        assert (event["level"], event["refusal"], event["client"]) == ("warning", "foreign_refresh_token", stranger)
    assert send(server, dialect, client, grant_type="refresh_token", refresh_token=second).status == 200


@pytest.mark.parametrize("dialect", REFRESHING)
def test_r01_in_every_dialect_a_replay_ends_the_grant_and_all_that_came_from_it(server: Server, dialect: str):
    client = server.add_client()
    tokens = log_in(server, dialect, client, server.add_owner()).document
    renewed = send(server, dialect, client, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).document
    server.clock.now += 31
    for token in (tokens["refresh_token"], renewed["refresh_token"]):
        answer = send(server, dialect, client, grant_type="refresh_token", refresh_token=token)
        assert answer.status in (400, 401)
    assert server.grants(client)[0].revoked_because == "refresh_token_reuse"
    for token in (tokens["access_token"], *renewed.values()):
        if isinstance(token, str) and len(token) > 30:
            assert server.introspect(client, token) == INACTIVE


@pytest.mark.parametrize("dialect", REFRESHING)
@pytest.mark.parametrize("scope", ["", " ", "*", '"read write"', "read\twrite", "read  write", "write", "read write"])
def test_r12_in_no_dialect_gives_an_odd_scope_more_than_was_granted(server: Server, dialect: str, scope: str):
    client = server.add_client()
    token = log_in(server, dialect, client, server.add_owner()).document["refresh_token"]
    granted = server.grants(client)[0].scope
    assert granted == Scope.of(["read", "write"] if dialect == "kabbage" else ["read"])
    answer = send(server, dialect, client, grant_type="refresh_token", refresh_token=token, scope=scope)
    if dialect in ASKING_FOR_SCOPE and scope.strip():
        assert answer.status == 400
    else:
        assert server.introspect(client, answer.document["access_token"])["scope"] == str(granted)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_x15_in_every_dialect_every_refusal_of_a_log_in_is_the_same_work(server: Server, dialect: str):
    client = server.add_client()
    refused = {
        "unknown": ("nobody", "wrong"),
        "wrong": (server.add_owner(), "wrong"),
        "long": (server.add_owner(), "x" * 1025),
        **{state: (server.add_owner(**STATES[state]), PASSWORD) for state in STATES},
    }
    works = []
    for name, password in refused.values():
        with counted_work(server) as work, server.nothing_issued():
            log_in(server, dialect, client, name, password)
        works.append(work)
    assert all(work == works[0] for work in works), dict(zip(refused, works, strict=True))
    assert works[0]["hashes"] == 1
