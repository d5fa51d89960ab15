"""The core's ports, each with what fills it in a server."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.ports import Services
from dragoman.former_sessions.adoption import Adoption
from dragoman.grant_types import load_grant_types
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.hashing.doubles import Doubles, EqualPasswords
from dragoman.store.cache.changes import Changes
from dragoman.store.cache.clients import CachedClients
from dragoman.throttle.throttle import MemoryThrottle
from dragoman.wiring.chores import count_hashes, watch_keys
from dragoman.wiring.directory import opened_directory
from dragoman.wiring.hints import hint_chores
from dragoman.wiring.parts import open_former_servers
from dragoman.wiring.throttle import Surroundings, opened_throttle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.core.ports import Audit
    from dragoman.core.ports.former_sessions import FormerSessions
    from dragoman.core.throttle import Standings
    from dragoman.throttle.keys import Keys
    from dragoman.tokens.current import CurrentTokens
    from dragoman.wiring.foundation import Foundation


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenServices:
    """All ports, filled."""

    services: Services
    look: Callable[[Keys], Awaitable[Standings | None]] | None
    """How the throttle's counters stand, where they are in this server's memory alone."""


async def open_services(foundation: Foundation, tokens: CurrentTokens, audit: Audit, not_before: int) -> OpenServices:
    """Fill every port of the core. `not_before`: as in `core.rules.ServerRules`. Raises Fault."""
    configuration, store, log = foundation.configuration, foundation.store, foundation.log
    memory = foundation.role.memory
    changes = Changes(None if memory is None else memory.changes)
    store.remember_access_tokens(changes, configuration.access_token_cache())
    clients = CachedClients(store, time.monotonic, staleness=configuration.client_cache_seconds)
    look = asyncio.Event()
    foundation.chores.extend((*hint_chores(configuration, clients, look, log), partial(watch_keys, tokens, log, look)))
    around = Surroundings(
        key=tokens.keyring.throttle_key(),
        memory=None if memory is None else memory.throttle,
        elapsed=foundation.elapsed,
        log=log,
    )
    throttle = await foundation.closing.enter_async_context(opened_throttle(configuration, around))
    key, passwords = tokens.keyring.client_secret_key(), foundation.passwords
    doubles = Doubles(key)
    foundation.chores.append(partial(count_hashes, store, passwords, doubles, log))
    directed = await foundation.closing.enter_async_context(opened_directory(configuration, passwords, key, log))
    foundation.chores.extend(directed.chores if directed is not None else ())
    services = Services(
        clients=clients,
        resource_owners=store,
        grants=store,
        passwords=EqualPasswords(passwords, doubles),
        client_secrets=ClientSecretHasher(key, passwords),
        tokens=tokens,
        throttle=throttle,
        audit=audit,
        grant_types=load_grant_types(),
        directory=None if directed is None else directed.directory,
    )
    whole = replace(services, former_sessions=_open_former(foundation, services, not_before))
    return OpenServices(services=whole, look=throttle.look if isinstance(throttle, MemoryThrottle) else None)


def _open_former(foundation: Foundation, services: Services, not_before: int) -> tuple[FormerSessions, ...]:
    """Nothing where no server stood here before. Raises FormerFault, KeyFault."""
    servers = open_former_servers(foundation.configuration)
    adoption = Adoption(
        servers=servers,
        sessions=foundation.store.former_sessions,
        resource_owners=foundation.store,
        audit=services.audit,
        new_grant_id=services.tokens.new_grant_id,
        slowly=foundation.passwords.compute,
        directory=services.directory,
        not_before=not_before,
    )
    return (adoption,) if servers else ()
