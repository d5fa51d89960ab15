"""Refresh tokens of the server that stood here before, presented to a whole server, go on and become ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dragoman.core.model import RefreshPolicy
from dragoman.core.scope import Scope
from tests.attacks.harness import FORM, configuration_of, running
from tests.directories.people import PASSWORD as MEMBERS_PASSWORD
from tests.directories.people import SqliteMembers
from tests.former_sessions import makers
from tests.former_sessions.sessions import END, UNTIL, former, list_session, passport_token, refused, spring_token

if TYPE_CHECKING:
    from pathlib import Path

    from tests.attacks.harness import Server


def test_a_former_token_goes_on_without_a_log_in_and_becomes_ours(server: Server, client: str, person: str) -> None:
    first = server.refresh(client, spring_token(server, client, person))
    assert first.status == 200
    assert server.resource(first.document["access_token"]) == 200
    second = server.refresh(client, first.document["refresh_token"])
    assert second.status == 200
    (grant,) = server.grants(client)
    assert (grant.subject, grant.scope, grant.generation) == (server.owner_id(person), Scope(("read", "write")), 2)
    assert grant.expires_at == END
    assert grant.facts == {"adopted_from": "spring-jwt"}


def test_a_retry_with_a_former_token_gets_the_same_successor_and_a_late_one_ends_all(
    server: Server, client: str, person: str
) -> None:
    token = spring_token(server, client, person)
    successor = server.refresh(client, token).document["refresh_token"]
    server.clock.now += 29
    assert server.refresh(client, token).document["refresh_token"] == successor
    server.clock.now += 1
    assert server.refresh(client, token).error == "invalid_grant"
    assert server.refresh(client, successor).error == "invalid_grant"
    assert [grant.revoked_because for grant in server.grants(client)] == ["refresh_token_reuse"]
    server.purge(server.clock.now + 1)
    assert server.grants(client) == ()
    mark = server.mark()
    with server.nothing_issued():
        assert refused(server, server.refresh(client, token), mark) == "unknown_refresh_token"


def test_uses_at_the_same_time_become_one_grant(server: Server, client: str, person: str) -> None:
    form = {**server.credentials(client), "grant_type": "refresh_token"}
    token = spring_token(server, client, person)
    body = "&".join(f"{name}={value}" for name, value in {**form, "refresh_token": token}.items()).encode()
    one = {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": body}
    answers = server.ask_all([one] * 8)
    assert [answer.status for answer in answers] == [200] * 8
    assert len({answer.document["refresh_token"] for answer in answers}) == 1
    assert [(grant.generation, grant.issued) for grant in server.grants(client)] == [(1, 1)]


def test_a_listed_session_goes_on_with_the_scope_that_it_had(server: Server, client: str, person: str) -> None:
    token = passport_token(server, client, person)
    mark = server.mark()
    assert refused(server, server.refresh(client, token), mark) == "unknown_refresh_token"
    assert server.grants(client) == ()
    list_session(server, "passport", f"id of {client} and {person}")
    mark = server.mark()
    wider = server.refresh(client, token, scope="read write")
    assert (wider.status, wider.error) == (400, "invalid_scope")
    assert server.refresh(client, token).status == 200
    assert [grant.scope for grant in server.grants(client)] == [Scope(("read",))]


@pytest.mark.parametrize(
    "named",
    [("spring-jdbc", "DZ6omiA0Tf1dngDIwc-VDvG9qAE", "2b8b11413bd2ef0a8d797216cbeb444b"),
     ("django", "I9dfahEDIMu6OVF6mWYxDfGRARq35o", "I9dfahEDIMu6OVF6mWYxDfGRARq35o")],
)  # fmt: skip
def test_a_token_that_says_nothing_is_known_by_its_row(
    server: Server, client: str, person: str, named: tuple[str, str, str]
) -> None:
    (name, token, identifier), mark = named, server.mark()
    assert refused(server, server.refresh(client, token), mark) == "malformed_refresh_token"
    list_session(server, name, identifier, client_id=client, subject=server.owner_id(person), expires_at=None)
    assert server.refresh(client, token).status == 200
    (grant,) = server.grants(client)
    assert (grant.scope, grant.expires_at) == (Scope(("read", "write")), UNTIL)


def test_a_client_whose_refresh_tokens_stay_keeps_its_former_one(server: Server, person: str) -> None:
    client = server.add_client(refresh=RefreshPolicy.REUSE)
    token = spring_token(server, client, person)
    tokens = [server.refresh(client, token).document["refresh_token"] for _ in range(2)]
    server.clock.now += 3600
    assert server.refresh(client, token).document["refresh_token"] == tokens[0] == tokens[1]
    assert [(grant.generation, grant.issued) for grant in server.grants(client)] == [(0, 3)]


def test_m10_what_is_kept_of_a_former_token_is_a_digest(server: Server, client: str, person: str) -> None:
    token = spring_token(server, client, person)
    server.refresh(client, token)
    kept = b"".join(path.read_bytes() for path in server.configuration.path(".").glob("dragoman.db*"))
    told = server.log.getvalue()
    for text in (token, token.rsplit(".", 1)[1], f"jti of {client}", makers.SECRET):
        assert text.encode() not in kept
        assert text.encode() not in told


def test_a_session_of_somebody_who_lives_in_a_directory_goes_on_without_a_log_in(tmp_path: Path) -> None:
    members = SqliteMembers(tmp_path / "members.db")
    members.add(42, "ann")
    members.add(43, "bob", active=0)
    server_of_old = former(tmp_path, "spring-jwt", makers.SECRET, unlisted=True)
    with running(configuration_of(tmp_path, former=(server_of_old,), directory=members.table())) as server:
        client, local = server.add_client(), server.add_owner(username="carl")
        members.add(44, "carl")
        tokens = [spring_token(server, client, local, user_name=one, jti=one) for one in ("42", "43", "44", "45", "")]
        answers = [server.refresh(client, one) for one in tokens]
        assert [one.status for one in answers] == [200, 400, 400, 400, 400]
        assert server.introspect(client, answers[0].document["access_token"])["sub"] == "42"
        kept = server.run(server.tool.find_resource_owner("42"))
        assert (kept.username, kept.directory, kept.password_hash) == ("ann", "directory", None)
        assert server.log_in(client, "ann", MEMBERS_PASSWORD).status == 200
