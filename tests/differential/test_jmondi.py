"""The real @jmondi/oauth2-server beside ours, asked the same: the same answers, or a listed reason why not."""

import asyncio
from dataclasses import replace

import pytest

from dragoman.core.model import Client, ResourceOwner
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.shadow.comparison import compare
from dragoman.store.sqlite.opening import open_server as open_store
from dragoman.wiring.parts import create_keys, open_passwords, read_keyring
from tests.differential.cast import CAST
from tests.differential.compare import unexpected
from tests.differential.peers import hold, running_peer
from tests.differential.requests import generate
from tests.serving import configure, mount_of, serving

DIALECT = "jmondi-4"
CONVERSATIONS = generate(CAST)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    with running_peer(CAST, tmp_path_factory.mktemp("peer")) as address:
        yield address


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    scopes = {name: name for name in CAST.scopes}
    configuration = configure(tmp_path_factory.mktemp("ours"), mount_of(DIALECT), scopes=scopes)
    create_keys(configuration)
    asyncio.run(provision(configuration))
    with serving(configuration) as address:
        yield address


async def provision(configuration):
    passwords = open_passwords(configuration)
    hasher = ClientSecretHasher(read_keyring(configuration.path(configuration.keys)).client_secret_key(), passwords)
    async with open_store(configuration.path(configuration.database)) as store:
        for one in CAST.clients:
            client = Client(
                id=one.id,
                name=one.name,
                grant_types=frozenset(one.grant_types),
                scope=Scope.of(one.scope),
                dialects=frozenset({DIALECT}),
                shared_key_signature=True,
                refresh_ends_access_token=True,
                grace=0,
            )
            stored = () if one.secret is None else (hasher.store(Secret(one.secret)),)
            await store.administration.create_client(replace(client, secrets=stored))
        for person in CAST.everybody:
            password_hash = await passwords.hash_new(Secret(person.password))
            owner = ResourceOwner(
                id=person.id, username=person.username, password_hash=password_hash, enabled=person.enabled
            )
            await store.administration.create_resource_owner(owner)
    passwords.close()


def test_there_are_enough_requests_to_speak_of():
    assert sum(len(conversation.steps) for conversation in CONVERSATIONS) >= 400


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.name)
def test_both_servers_answer_alike(conversation, theirs, ours):
    for step, their, our in zip(conversation.steps, hold(conversation, theirs), hold(conversation, ours), strict=True):
        assert unexpected(compare(their, our), step.differs) == []
