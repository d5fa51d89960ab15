"""Everything put together: from a configuration to an application that answers."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault, OAuthError
from dragoman.core.ports import Services
from dragoman.core.rules import ServerRules
from dragoman.dialects.dialect import KeyFacts, compile_recipe
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.dialects.schema import TokenWords
from dragoman.exposures import list_exposures
from dragoman.grant_types import load_grant_types
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.hashing.formats.argon2 import Argon2Profile
from dragoman.hashing.pool import PasswordHasher
from dragoman.http.application import build_application
from dragoman.http.endpoints import Desk
from dragoman.http.exchange import Edge
from dragoman.http.log import Log, LoggedAudit
from dragoman.http.mount import Mount, check_mounts
from dragoman.store.cache import CachedClients
from dragoman.store.sqlite import open_server as open_store
from dragoman.tokens.current import CurrentTokens
from dragoman.tokens.issuer import TokenIssuer, open_issuer
from dragoman.tokens.keyring import Keyring, create_missing, load_keyring, public_jwks, verification_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from dragoman.config import Configuration
    from dragoman.core.model import Client
    from dragoman.dialects.dialect import Dialect
    from dragoman.http.paths import Application
    from dragoman.store.sqlite import SqliteStore

_JCA_NAMES = {"HS256": "HMACSHA256", "RS256": "SHA256withRSA", "ES256": "SHA256withECDSA", "EdDSA": "Ed25519"}
_PAGE = 500
_KEY_WATCH_SECONDS = 1
_PURGE_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that is ready to answer."""

    application: Application
    exposures: Sequence[str]
    """What is switched on that RFC 9700 forbids, a sentence each."""


def epoch_seconds() -> int:
    """The clock of everything that is wired here."""
    return int(time.time())


def load_dialects(configuration: Configuration) -> Mapping[str, Dialect]:
    """The dialects that are mounted, by name. Raises DialectFault."""
    files = list_dialects([configuration.path(folder) for folder in configuration.dialect_folders])
    names = dict.fromkeys(mount.dialect for mount in configuration.mounts)
    return {name: load_dialect(name, files) for name in names}


def needed_algorithms(configuration: Configuration, dialects: Mapping[str, Dialect]) -> Mapping[str, str]:
    """The JOSE algorithms that must have a key, each with who needs it."""
    needed: dict[str, str] = {configuration.signing_algorithm: "the setting signing_algorithm"}
    for dialect in dialects.values():
        algorithm = dialect.rules.access_token.algorithm
        if algorithm is not None:
            needed.setdefault(algorithm, f"the dialect {dialect.name}")
    return needed


def create_keys(configuration: Configuration) -> tuple[str, ...]:
    """Make the keys that the mounted dialects need and that are missing; their ids. Raises KeyFault, DialectFault."""
    needed = needed_algorithms(configuration, load_dialects(configuration))
    return create_missing(configuration.path(configuration.keys), needed, epoch_seconds())


def open_passwords(configuration: Configuration) -> PasswordHasher:
    """The pool of hashing threads, as configured."""
    table = configuration.passwords
    profile = Argon2Profile(memory_kib=table.memory_kib, passes=table.iterations, lanes=table.parallelism)
    return PasswordHasher(profile=profile, slots=table.slots or None, waiting=table.queue)


def read_keyring(folder: Path) -> Keyring:
    """The keys of this folder as they stand now. Raises KeyFault."""
    return load_keyring(folder, epoch_seconds())


@asynccontextmanager
async def open_server(configuration: Configuration, now: Callable[[], int] = epoch_seconds) -> AsyncIterator[Served]:
    """All parts, opened and, at the end, closed in order; `now` is the clock, in epoch seconds.

    Raises Fault with a sentence for the operator.
    """
    dialects = load_dialects(configuration)
    log = Log(configuration.log.level)
    passwords = open_passwords(configuration)
    try:
        async with open_store(configuration.path(configuration.database)) as store:
            server = server_rules(configuration)
            tokens = open_tokens(configuration, server, dialects, store, now)
            await store.administration.bind_keys(tokens.keyring.fingerprint())
            services = _open_services(configuration, store, tokens, passwords, LoggedAudit(log))
            mounts = build_mounts(configuration, dialects)
            shown = _shown_key(tokens, configuration.signing_algorithm, now)
            desks = [Desk(mount=one, services=services, server=server, now=now, shared_key=shown) for one in mounts]
            proxies = tuple(ipaddress.ip_network(one) for one in configuration.server.trusted_proxies)
            edge = Edge(body_limit=configuration.server.body_limit, trusted_proxies=proxies, log=log)
            application = build_application(
                desks, edge, lambda: public_jwks(tokens.keyring, now()), lambda: store.broken is None
            )
            exposures = list_exposures(mounts, await all_clients(store))
            chores = (asyncio.create_task(_watch_keys(tokens, log)), asyncio.create_task(_purge(store, now, log)))
            try:
                yield Served(application=application, exposures=exposures)
            finally:
                for chore in chores:
                    chore.cancel()
    finally:
        passwords.close()
        log.flush()


def _open_services(
    configuration: Configuration,
    store: SqliteStore,
    tokens: CurrentTokens,
    passwords: PasswordHasher,
    audit: LoggedAudit,
) -> Services:
    return Services(
        clients=CachedClients(store, time.monotonic, staleness=configuration.client_cache_seconds),
        resource_owners=store,
        grants=store,
        passwords=passwords,
        client_secrets=ClientSecretHasher(tokens.keyring.client_secret_key(), passwords),
        tokens=tokens,
        audit=audit,
        grant_types=load_grant_types(),
    )


def server_rules(configuration: Configuration) -> ServerRules:
    """What holds in every dialect."""
    own_files = list_dialects(())
    at_jwt = load_dialect("standard", own_files).rules.access_token
    opaque = compile_recipe(TokenWords(format="reference", prefix="dga_"))
    return ServerRules(
        issuer=configuration.issuer,
        known_scopes=frozenset(configuration.scopes),
        recipes={"at+jwt": at_jwt, "opaque": opaque},
    )


def open_tokens(
    configuration: Configuration,
    server: ServerRules,
    dialects: Mapping[str, Dialect],
    store: SqliteStore,
    now: Callable[[], int],
) -> CurrentTokens:
    """Tokens of all dialects over the keys as they stand. Raises KeyFault, TokenFault."""
    access = [*(dialect.rules.access_token for dialect in dialects.values()), *server.recipes.values()]
    refresh = [dialect.rules.refresh_token for dialect in dialects.values()]

    def open_over(keyring: Keyring) -> TokenIssuer:
        return open_issuer(
            keyring=keyring,
            access_recipes=access,
            refresh_recipes=refresh,
            find_access_token=store.find_access_token,
            clock=now,
            default_algorithm=configuration.signing_algorithm,
        )

    return CurrentTokens(configuration.path(configuration.keys), open_over, now)


def build_mounts(configuration: Configuration, dialects: Mapping[str, Dialect]) -> tuple[Mount, ...]:
    """Where the dialects stand. Raises Fault where two would answer at one path."""
    mounts = tuple(
        Mount(
            dialect=dialects[table.dialect],
            prefix=table.prefix,
            paths=table.paths,
            account_state_shown=table.account_state == "shown",
            shared_key_shown=table.shared_key == "shown",
            demo_resource=table.demo_resource,
        )
        for table in configuration.mounts
    )
    check_mounts(mounts)
    return mounts


def _shown_key(
    tokens: CurrentTokens, default_algorithm: str, now: Callable[[], int]
) -> Callable[[str | None], KeyFacts]:
    def show(algorithm: str | None) -> KeyFacts:
        key = verification_key(tokens.keyring, algorithm or default_algorithm, now())
        return KeyFacts(jca_name=_JCA_NAMES[key.algorithm], value=key.text.reveal())

    return show


async def _watch_keys(tokens: CurrentTokens, log: Log) -> None:
    """Take over keys that were added or retired, a moment later; keys at fault leave the old ones in force."""
    while True:
        await asyncio.sleep(_KEY_WATCH_SECONDS)
        try:
            if tokens.read_again():
                log.write("info", "keys_read_again")
        except (Fault, OSError) as fault:
            log.write("warning", "keys_not_read", reason=str(fault))


async def _purge(store: SqliteStore, now: Callable[[], int], log: Log) -> None:
    """Take rows away once nothing can refer to them any more: a grant outlives its longest access token."""
    while True:
        await asyncio.sleep(_PURGE_SECONDS)
        try:
            longest = max((client.access_token_lifetime for client in await all_clients(store)), default=0)
            await store.administration.purge(now() - longest)
        except OAuthError as refused:
            log.write("warning", "not_purged", reason=refused.detail)


async def all_clients(store: SqliteStore) -> list[Client]:
    """Every client, page by page."""
    found: list[Client] = []
    page = await store.administration.list_clients(limit=_PAGE)
    while page:
        found.extend(page)
        page = await store.administration.list_clients(after=page[-1].id, limit=_PAGE)
    return found
