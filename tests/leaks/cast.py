"""Who there is, and the secrets that are looked for: each of a kind, so that a finding names what leaked."""

from __future__ import annotations

import asyncio
import random
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.model import Client, ResourceOwner
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.store.opening import open_server as open_store
from dragoman.wiring.parts import create_keys, open_passwords, read_keyring
from tests.spellings import WORDS

if TYPE_CHECKING:
    from dragoman.config.settings import Configuration

CLIENT, PERSON, NARROW = "leaking-client", "leaking-person", "narrow-client"
SCOPE = Scope.of(["read", "write", "contacts.read", "contacts.write"])
_ALPHABET = string.ascii_letters + string.digits
_CREATED_AT = 1_700_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What a client could send; the first three are right, the others are not but must not be told either."""

    password: str
    client_secret: str
    narrow_secret: str
    wrong_password: str
    wrong_secret: str
    bearer: str
    refresh_token: str
    token: str
    cookie: str
    header: str
    path: str
    malformed: str
    repeated: str
    """In the place of a name, of which some documents tell the sender that it was wrong: in that answer it may stand."""


def draw_secrets(seed: str) -> Secrets:
    """Marks of letters and digits, so that no encoding of a URL or of JSON changes a piece of them.

    The password has characters between its marks that every encoding changes.
    """
    chance = random.Random(seed)

    def mark() -> str:
        return "".join(chance.choices(_ALPHABET, k=15))

    names = Secrets.__dataclass_fields__
    drawn = {name: mark() + mark() for name in names}
    return Secrets(**{**drawn, "password": f'{mark()}"é\\ &+%={mark()}'})


def provision(configuration: Configuration, secrets: Secrets) -> None:
    """Keys, database, two clients of all dialects and a person."""
    create_keys(configuration)
    asyncio.run(_provision(configuration, secrets))


async def _provision(configuration: Configuration, secrets: Secrets) -> None:
    passwords = open_passwords(configuration)
    keyring = read_keyring(configuration.path(configuration.keys))
    hasher = ClientSecretHasher(keyring.client_secret_key(), passwords)
    async with open_store(configuration.location()) as store:
        for client_id, secret, scope in (
            (CLIENT, secrets.client_secret, SCOPE),
            (NARROW, secrets.narrow_secret, Scope.of(["read"])),
        ):
            client = Client(
                id=client_id,
                name=client_id,
                secrets=(hasher.store(Secret(secret)),),
                grant_types=frozenset({"password", "client_credentials", "refresh_token"}),
                dialects=frozenset(WORDS),
                scope=scope,
                created_at=_CREATED_AT,
            )
            await store.administration.create_client(client)
        owner = ResourceOwner(
            id="leaking-owner",
            username=PERSON,
            password_hash=await passwords.hash_new(Secret(secrets.password)),
            created_at=_CREATED_AT,
        )
        await store.administration.create_resource_owner(owner)
    passwords.close()
