"""Tokens of no session after a restore: none from before is taken, whatever it leaves unsaid."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dragoman.store.backup import renew
from dragoman.store.saving import Terms
from dragoman.wiring.parts import read_keyring
from tests.attacks.harness import DIALECTS, START, Clock, Server, configuration_of, running
from tests.attacks.spelling import send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.config.settings import Configuration


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
