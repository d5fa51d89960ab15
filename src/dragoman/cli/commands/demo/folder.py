"""The demo's data folder: made once, complete or not at all."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from dragoman.cli.commands.demo.cast import CAST, DemoPart, grant_types_of
from dragoman.cli.commands.demo.passwords import draw
from dragoman.config.reading import CONFIG_NAME
from dragoman.config.settings import Configuration, MountTable
from dragoman.core.model import Client, ResourceOwner
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.store.sqlite.opening import open_server as open_store
from dragoman.wiring.parts import create_keys, epoch_seconds, open_passwords, read_keyring

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.cli.commands.demo.passwords import HashedApart

CREDENTIALS_FILE = "credentials.json"
Credentials = dict[str, dict[str, str]]

_SECRET_LENGTH = 40
_CONFIGURATION = """\
# Made by `dragoman demo`. The issuer is set to where the demo listens, and where it has listened before is accepted.
database = "dragoman.db"
keys = "keys"

[audit]
to = "log"

# One machine tries everything out here, wrong passwords too.
[throttle]
account_failures = 20
address_failures = 1000
""" + "".join(
    f'\n[[mounts]]\ndialect = "{part.dialect}"\ndemo_resource = true\n'
    + ('shared_key = "shown"\n' if part.client.get("may_read_shared_key") else "")
    for part in CAST
)


def demo_configuration(folder: Path) -> Configuration:
    """All six dialects in this folder."""
    return Configuration(folder=str(folder), mounts=tuple(MountTable(dialect=part.dialect) for part in CAST))


async def create_demo(folder: Path, fresh: HashedApart) -> None:
    """Make the folder and all in it; the configuration comes last and marks it complete."""
    folder.mkdir(  # noqa: ASYNC240 (nothing else runs yet)
        mode=0o700, parents=True, exist_ok=True
    )
    configuration = demo_configuration(folder)
    credentials = {part.dialect: _credentials(part, fresh.passwords[part.dialect]) for part in CAST}
    create_keys(configuration)
    hashes = fresh.hashes()
    keyring = read_keyring(configuration.path(configuration.keys))
    passwords = open_passwords(configuration)
    secrets_of_clients = ClientSecretHasher(keyring.client_secret_key(), passwords)
    async with open_store(configuration.path(configuration.database)) as store:
        await store.administration.bind_keys(keyring.fingerprint())
        for part in CAST:
            stored = secrets_of_clients.store(Secret(credentials[part.dialect]["client_secret"]))
            await store.administration.create_client(_client(part, stored))
            await store.administration.create_resource_owner(_owner(part, hashes[part.dialect]))
    passwords.close()
    write_private(folder / CREDENTIALS_FILE, msgspec.json.encode(credentials))
    write_private(folder / CONFIG_NAME, _CONFIGURATION.encode())


def write_private(path: Path, content: bytes) -> None:
    """Put a file in place, whole, that its owner alone can read."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    temporary.replace(path)


def _credentials(part: DemoPart, password: Secret) -> dict[str, str]:
    return {
        "client_id": part.client_id,
        "client_secret": draw(_SECRET_LENGTH),
        "username": str(part.owner["username"]),
        "password": password.reveal(),
    }


def _client(part: DemoPart, stored_secret: str) -> Client:
    further: dict[str, Any] = {**part.client, "grant_types": grant_types_of(part)}
    return Client(
        id=part.client_id,
        name=f"{part.dialect} demo",
        secrets=(stored_secret,),
        scope=Scope.of(part.scope.split()),
        dialects=frozenset({part.dialect}),
        created_at=epoch_seconds(),
        **further,
    )


def _owner(part: DemoPart, password_hash: str) -> ResourceOwner:
    fields: dict[str, Any] = dict(part.owner)
    return ResourceOwner(password_hash=password_hash, created_at=epoch_seconds(), **fields)
