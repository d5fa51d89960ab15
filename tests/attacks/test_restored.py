"""Tokens of no session after a restore: none from before is taken, whatever it leaves unsaid."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dragoman.core.model import TokenFacts
from dragoman.core.scope import Scope
from dragoman.parts import load_dialects, open_tokens, read_keyring, server_rules
from dragoman.store.keeping import renew
from dragoman.store.opening import open_tool
from dragoman.store.saving import Terms
from tests.attacks.harness import DIALECTS, START, Clock, Server, configuration_of, running
from tests.attacks.spelling import send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.config.settings import Configuration

TIMELESS = ("paymentiq", "spring-form-clients", "spring-security-oauth-2.5")
"""Dialects whose access tokens do not say when they were issued."""


@contextmanager
def restored(configuration: Configuration, client: str, secret: str) -> Iterator[Server]:
    """The same server, over a database in which all that was live has ended."""
    fingerprint = read_keyring(configuration.path(configuration.keys)).fingerprint()
    renew(configuration.path(configuration.database), Terms(fingerprint=fingerprint, now=START + 10))
    with running(configuration, Clock(START + 20)) as server:
        server._secrets[client] = secret
        yield server


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "axosoft"])  # which knows of no such grant
def test_a_token_of_before_is_refused_also_where_its_clients_tokens_are_shorter_by_now(tmp_path: Path, dialect: str):
    configuration = configuration_of(tmp_path)
    with running(configuration) as server:
        client = server.add_client(access_token_lifetime=3600)
        secret = server.secret_of(client)
        token = send(server, dialect, client, grant_type="client_credentials").document["access_token"]
        assert server.introspect(client, token)["active"] is True
    with restored(configuration, client, secret) as server:
        server.change_client(client, access_token_lifetime=60)
        assert server.introspect(client, token) == {"active": False}
        token = send(server, dialect, client, grant_type="client_credentials").document["access_token"]
        assert server.introspect(client, token)["active"] is True


@pytest.mark.parametrize("dialect", TIMELESS)
def test_a_token_that_says_nothing_of_its_time_is_kept_in_a_row(tmp_path: Path, dialect: str):
    with running(configuration_of(tmp_path)) as server:
        client = server.add_client()
        send(server, dialect, client, grant_type="client_credentials")
        (grant,) = server.grants(client)
        assert (grant.subject, grant.created_at, grant.expires_at) == (None, START, START + 3600)


def test_a_token_without_time_and_row_as_older_versions_wrote_it_lives_until_a_restore(tmp_path: Path):
    configuration = configuration_of(tmp_path)
    with running(configuration) as server:
        client = server.add_client()
        secret = server.secret_of(client)
        token = asyncio.run(_written_without_grant(configuration, client))
        assert server.introspect(client, token)["active"] is True
    with restored(configuration, client, secret) as server:
        assert server.introspect(client, token) == {"active": False}


async def _written_without_grant(configuration: Configuration, client_id: str) -> str:
    dialects, server = load_dialects(configuration), server_rules(configuration)
    async with open_tool(configuration.location()) as store:
        tokens = open_tokens(configuration, server, dialects, store, Clock())
        client = await store.find_client(client_id)
        assert client is not None
        facts = TokenFacts(
            issuer=server.issuer,
            client=client,
            resource_owner=None,
            scope=Scope.of(["read"]),
            audience=(),
            grant_type="client_credentials",
            grant=None,
            token_id=tokens.access_token_id(None),
            issued_at=START,
            expires_at=START + 3600,
        )
        return tokens.write_access_token(dialects["paymentiq"].rules.access_token, facts)[0].reveal()
