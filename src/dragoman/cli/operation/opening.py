"""What commands work with, opened as a running server would open it, and beside one."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dragoman.cli.operation.acts import operators_audit
from dragoman.core.errors import Fault, OAuthError
from dragoman.core.ports import Services
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.store.opening import open_tool, shown
from dragoman.throttle.throttle import NoThrottle
from dragoman.wiring.parts import epoch_seconds, open_passwords, open_tokens, read_keyring, standing_rules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from dragoman.config.settings import Configuration
    from dragoman.core.rules import ServerRules
    from dragoman.dialects.dialect import Dialect
    from dragoman.hashing.pool import PasswordHasher
    from dragoman.store.store import Store

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDesk:
    """All that reading a token needs."""

    configuration: Configuration
    services: Services
    server: ServerRules
    now: int


def in_store(configuration: Configuration, work: Callable[[Store], Awaitable[Result]]) -> Result:
    """What the work comes to, done on the database beside a running server or without one. Raises Fault."""
    location = configuration.location()
    if isinstance(location, Path) and not location.exists():
        raise Fault(
            f"there is no database at {location}; restore it, or make one with `dragoman init {location.parent}`"
        )

    async def opened() -> Result:
        async with open_tool(location) as store:
            return await work(store)

    try:
        return asyncio.run(opened())
    except OAuthError as refused:
        raise Fault(f"{shown(location)} cannot be used now ({refused.detail}); try again") from None


@contextmanager
def passwords_of(configuration: Configuration) -> Iterator[PasswordHasher]:
    """The configured password hashes, until the block ends."""
    passwords = open_passwords(configuration)
    try:
        yield passwords
    finally:
        passwords.close()


@contextmanager
def client_secrets_of(configuration: Configuration) -> Iterator[ClientSecretHasher]:
    """What makes and checks client secrets, until the block ends. Raises KeyFault."""
    keyring = read_keyring(configuration.path(configuration.keys))
    with passwords_of(configuration) as passwords:
        yield ClientSecretHasher(keyring.client_secret_key(), passwords)


@asynccontextmanager
async def token_desk(
    configuration: Configuration, dialects: Mapping[str, Dialect], store: Store
) -> AsyncIterator[TokenDesk]:
    """What reads tokens as the server would, until the block ends. Raises TokenFault, KeyFault."""
    server = await standing_rules(configuration, store)
    tokens = open_tokens(configuration, dialects, store, epoch_seconds)
    with passwords_of(configuration) as passwords:
        services = Services(
            clients=store,
            resource_owners=store,
            grants=store,
            passwords=passwords,
            client_secrets=ClientSecretHasher(tokens.keyring.client_secret_key(), passwords),
            tokens=tokens,
            throttle=NoThrottle(),
            audit=operators_audit(configuration),
            grant_types={},
        )
        yield TokenDesk(configuration=configuration, services=services, server=server, now=epoch_seconds())
