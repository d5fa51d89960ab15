"""Refresh tokens of the server that stood here before, presented to a whole server: what is adopted, what never is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dragoman.config.settings import FormerTable
from dragoman.core.scope import Scope
from tests.attacks.harness import START, configuration_of, running
from tests.former import makers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.attacks.harness import Server

DAY = 86400


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def former(folder: Path, format_name: str, key: str | None, **settings: Any) -> FormerTable:
    """A server that stopped when the test's clock begins, whose sessions are adopted for ninety days."""
    if key is not None:
        path = folder / f"{format_name}.key"
        path.write_text(key)
        path.chmod(0o600)
    return FormerTable(
        format=format_name,
        key=None if key is None else f"{format_name}.key",
        cut_over=moment(START),
        until=moment(START + 90 * DAY),
        **settings,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    tables = (former(folder, "spring-jwt", makers.SECRET, unlisted=True),)
    with running(configuration_of(folder, former=tables)) as server:
        yield server


@pytest.fixture
def client(server: Server) -> str:
    return server.add_client()


@pytest.fixture
def person(server: Server) -> str:
    return server.add_owner()


def spring_token(server: Server, client: str, person: str, **claims: Any) -> str:
    """A refresh token as a JwtAccessTokenConverter makes it."""
    said = {
        "aud": ["backoffice_api"],
        "user_name": server.owner_id(person),
        "scope": ["read", "write"],
        "ati": "00000000-0000-0000-0000-000000000001",
        "exp": START + 30 * DAY,
        "authorities": ["ROLE_AGENT"],
        "jti": f"jti of {client} and {person}",
        "client_id": client,
    }
    return makers.jwt({name: value for name, value in {**said, **claims}.items() if value is not None})


def test_a_former_token_goes_on_without_a_log_in_and_becomes_ours(server: Server, client: str, person: str) -> None:
    first = server.refresh(client, spring_token(server, client, person))
    assert first.status == 200
    assert server.resource(first.document["access_token"]) == 200
    second = server.refresh(client, first.document["refresh_token"])
    assert second.status == 200
    (grant,) = server.grants(client)
    assert (grant.subject, grant.scope, grant.generation) == (server.owner_id(person), Scope(("read", "write")), 2)
    assert grant.expires_at == START + 30 * DAY
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
    with server.nothing_issued():
        assert server.refresh(client, token).error == "invalid_grant"
