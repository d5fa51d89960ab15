"""The real @jmondi/oauth2-server as the server that is replaced: in the shadow, and at the other end of the bridge."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from dragoman.config.old_servers import BridgeTable, ShadowTable
from dragoman.core.model import Client
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.shadow.record import read_record
from dragoman.store.opening import open_server as open_store
from dragoman.store.opening import open_tool
from dragoman.wiring.parts import create_keys, open_passwords, read_keyring
from tests.differential.cast import CAST
from tests.differential.peers import running_peer
from tests.differential.test_jmondi import DIALECT
from tests.differential.test_jmondi import provision as provision_all
from tests.processes import wait_until
from tests.serving import configure, mount_of, serving
from tests.shadow.watching import ask

if TYPE_CHECKING:
    from dragoman.config.settings import Configuration

JANE = CAST.people[0]
SCOPES = {name: name for name in CAST.scopes}


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    with running_peer(CAST, tmp_path_factory.mktemp("peer")) as address:
        yield address


def log_in(**more: str) -> dict[str, str]:
    return {**grant("password"), "username": JANE.username, "password": JANE.password, "scope": "contacts.read", **more}


def grant(grant_type: str, **more: str) -> dict[str, str]:
    return {"grant_type": grant_type, "client_id": CAST.client.id, "client_secret": CAST.client.secret, **more}


async def provision_client(configuration: Configuration) -> None:
    """One client, and nobody else."""
    passwords = open_passwords(configuration)
    hasher = ClientSecretHasher(read_keyring(configuration.path(configuration.keys)).client_secret_key(), passwords)
    one = CAST.client
    client = Client(
        id=one.id, name=one.name, grant_types=frozenset(one.grant_types), scope=Scope.of(one.scope),
        dialects=frozenset({DIALECT}), shared_key_signature=True,
    )  # fmt: skip
    async with open_store(configuration.path(configuration.database)) as store:
        await store.administration.create_client(replace(client, secrets=(hasher.store(Secret(one.secret)),)))
    passwords.close()


def test_before_the_real_server_a_log_in_and_its_refreshes_do_not_drift(peer, tmp_path):
    mount = msgspec.structs.replace(mount_of(DIALECT), shadow=ShadowTable(old_server_url=peer))
    configuration = configure(tmp_path, mount, scopes=SCOPES)
    create_keys(configuration)
    asyncio.run(provision_all(configuration))
    with serving(configuration) as url:
        first = ask(url, "/token", log_in())
        second = ask(url, "/token", grant("refresh_token", refresh_token=first.document["refresh_token"]))
        wrong = ask(url, "/token", log_in(password="not the password"))
        assert (first.status, second.status, wrong.status) == (200, 200, 400)

        def compared():
            clients = read_record(tmp_path / "shadow.json").clients
            return clients and clients[0].compared and clients[0].compared.count == 3 and clients[0]

        found = wait_until(compared, 60)
    assert found.not_compared == {}
    assert [one.identity for one in found.differences if not one.expected] == []


def test_people_and_sessions_of_the_real_server_come_over_the_bridge(peer, tmp_path):
    table = BridgeTable(
        old_server_url=peer,
        until=datetime(2100, 1, 1, tzinfo=UTC),
        clients=(CAST.client.id,),
        subject="sub",
        seconds=30,
    )
    configuration = configure(tmp_path, msgspec.structs.replace(mount_of(DIALECT), bridge=table), scopes=SCOPES)
    create_keys(configuration)
    asyncio.run(provision_client(configuration))

    async def owner():
        async with open_tool(configuration.location()) as store:
            return await store.find_resource_owner(JANE.id)

    with serving(configuration) as url:
        old = ask(peer, "/token", log_in()).document["refresh_token"]
        session = ask(url, "/token", grant("refresh_token", refresh_token=old))
        assert (session.status, session.document["scope"]) == (200, "contacts.read")
        assert ask(url, "/token", log_in(password="not the password")).status == 400
        assert ask(url, "/token", log_in()).status == 200
        jane = asyncio.run(owner())
        assert (jane.directory, jane.username) == (None, JANE.username)
        assert jane.password_hash.startswith("$argon2id$")
        again = ask(url, "/token", grant("refresh_token", refresh_token=session.document["refresh_token"]))
        assert again.status == 200
