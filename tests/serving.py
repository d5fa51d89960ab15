"""A real server on a real port, for tests: its own folder, keys, SQLite file and threads."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from dragoman.config.settings import (
    Configuration,
    LogTable,
    MountTable,
    PasswordsTable,
    ServerTable,
    ThrottleTable,
)
from dragoman.core.model import ResourceOwner
from dragoman.core.secret import Secret
from dragoman.dialects.registration import register
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.serving.front import Departure, Front
from dragoman.serving.listening import listen
from dragoman.store.opening import open_server as open_store
from dragoman.wiring.parts import create_keys, load_dialects, open_passwords, read_keyring
from dragoman.wiring.server import open_server
from tests.processes import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.verification.cast import Cast

CHEAP_PASSWORDS = PasswordsTable(memory_kib=8, iterations=1)
PATIENT_THROTTLE = ThrottleTable(
    account_failures=1_000_000, account_limit=1_000_000, address_failures=1_000_000, client_failures=1_000_000
)
"""For what sends wrong passwords all the time to see something else."""
CREATED_AT = 1_700_000_000


def configure(folder: Path, *mounts: MountTable, **settings: object) -> Configuration:
    """A quiet configuration with the cheapest hashes."""
    defaults = {
        "passwords": CHEAP_PASSWORDS,
        "throttle": PATIENT_THROTTLE,
        "client_cache_seconds": 0,
        "log": LogTable(level="error"),
        "server": ServerTable(port=0),
    }
    return Configuration(folder=str(folder), mounts=mounts, **{**defaults, **settings})


def mount_of(dialect: str, *, account_state: str = "hidden") -> MountTable:
    """A mount with everything on."""
    return MountTable(dialect=dialect, demo_resource=True, shared_key="shown", account_state=account_state)


def provision(configuration: Configuration, dialect: str, cast: Cast) -> None:
    """Make keys and database, with the clients and people of a contract's cast."""
    create_keys(configuration)
    asyncio.run(_provision(configuration, dialect, cast))


async def _provision(configuration: Configuration, dialect: str, cast: Cast) -> None:
    passwords = open_passwords(configuration)
    keyring = read_keyring(configuration.path(configuration.keys))
    hasher = ClientSecretHasher(keyring.client_secret_key(), passwords)
    defaults = load_dialects(configuration)[dialect].words.client_defaults
    async with open_store(configuration.location()) as store:
        for one in cast.clients.values():
            fields = {**msgspec.structs.asdict(one), **one.further}
            fields.pop("further")
            secret = fields.pop("secret")
            client = register({**fields, "name": one.name or one.id}, defaults, dialect)
            stored = () if secret is None else (hasher.store(Secret(secret)),)
            await store.administration.create_client(replace(client, secrets=stored))
        for person in cast.people.values():
            await store.administration.create_resource_owner(await _owner(person, passwords))
    passwords.close()


async def _owner(person, passwords) -> ResourceOwner:
    fields = {name: value for name, value in msgspec.structs.asdict(person).items() if value is not None}
    password = fields.pop("password")
    padded = password if len(password) >= 8 else None
    stored = await passwords.hash_new(Secret(padded)) if padded else _short(password)
    return ResourceOwner(**fields, password_hash=stored)


def _short(password: str) -> str:
    """The hash of a password that is too short to be set today, as an import would bring it."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


@contextmanager
def serving(configuration: Configuration) -> Iterator[str]:
    """The server's address, while it runs in a thread of its own."""
    started, stop, address = threading.Event(), None, []
    failure: list[BaseException] = []

    async def serve() -> None:
        nonlocal stop
        loop = asyncio.get_running_loop()
        async with open_server(configuration) as served:
            listening, departure = listen("127.0.0.1", 0), Departure()
            stop = lambda: loop.call_soon_threadsafe(departure.end)  # noqa: E731
            address.append(f"http://127.0.0.1:{listening.getsockname()[1]}")
            front = Front(configuration, served.application, listening, departure, most=1000, log=served.log)
            await front.serve(started.set)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 (told to the test)
            failure.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait(PATIENCE_SECONDS)
    if failure:
        raise failure[0]
    try:
        yield address[0]
    finally:
        stop()
        thread.join(PATIENCE_SECONDS)
        if failure:
            raise failure[0]
