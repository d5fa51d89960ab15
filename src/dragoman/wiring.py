"""Everything put together: from a configuration to an application that answers."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import secrets
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from dragoman.audit.bounded import BoundedAudit
from dragoman.audit.retention import remove_old
from dragoman.chores import all_clients, count_hashes, doing, is_ready, keep_audit, keep_time, purge, watch_keys
from dragoman.core.clock import SteadyClock
from dragoman.core.ports import Services
from dragoman.directing import opened_directory
from dragoman.exposures import list_exposures
from dragoman.failpoints import open_failpoints
from dragoman.former.adoption import Adoption
from dragoman.grant_types import load_grant_types
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.hashing.doubles import Doubles, EqualPasswords
from dragoman.hearing import hearing
from dragoman.http.application import build_application
from dragoman.http.endpoints import Desk
from dragoman.http.exchange import Edge
from dragoman.http.log import Log
from dragoman.http.request_ids import request_ids
from dragoman.metering import metered
from dragoman.metrics.counting import count_from
from dragoman.mirroring import opened_mirror
from dragoman.old_servers import beside_old_servers
from dragoman.parts import (
    build_mounts,
    load_dialects,
    open_audit,
    open_former_servers,
    open_passwords,
    open_tokens,
    shown_key,
    standing_rules,
)
from dragoman.store.cache import CachedClients
from dragoman.store.opening import note_time, open_worker
from dragoman.store.opening import open_server as open_store
from dragoman.telemetry.opening import open_tracing, refuse_missing
from dragoman.throttle.throttle import MemoryThrottle
from dragoman.throttling import Surroundings, opened_throttle
from dragoman.tokens.keyring import public_jwks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from dragoman.chores import Chore
    from dragoman.config.settings import Configuration
    from dragoman.core.adoption import FormerSessions
    from dragoman.core.ports import Audit
    from dragoman.core.rules import ServerRules
    from dragoman.core.throttle import Standings, Throttle
    from dragoman.hashing.pool import PasswordHasher
    from dragoman.http.paths import Application
    from dragoman.metrics.counting import Observe
    from dragoman.metrics.tally import Tally
    from dragoman.store.store import Store
    from dragoman.telemetry.tracing import Tracing
    from dragoman.throttle.keys import Keys
    from dragoman.tokens.current import CurrentTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that is ready to answer."""

    application: Application
    exposures: Sequence[str]
    """What is switched on that RFC 9700 forbids, a sentence each."""
    broken: Callable[[], str | None]
    """Why nothing can be written any more until a restart, if so."""
    log: Log
    tally: Tally | None
    """Where it counts, if anywhere."""
    look: Callable[[Keys], Awaitable[Standings | None]] | None
    """How the throttle's counters stand, where they are in this server's memory alone."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What falls to one process of a server. By itself it is all of it."""

    alone: bool = True
    """Whether it locks and prepares the database; else somebody did, who keeps the lock."""
    purges: bool = True
    """Whether it takes away what has ended; one process of a server is enough for that."""
    leaving: Callable[[], bool] = _never
    """Whether it is on its way out, and so no longer ready."""
    tally: Tally | None = None
    """Where it counts, if anywhere."""
    throttle_memory: int | None = None
    """The descriptor of the memory in which it counts guesses together with the other processes, if there are any."""


_WHOLE = Part()


@asynccontextmanager
async def open_server(
    configuration: Configuration, clock: Callable[[], int] | None = None, part: Part = _WHOLE
) -> AsyncIterator[Served]:
    """All parts, opened and, at the end, closed in order.

    `clock` gives epoch seconds; without one it is the machine's, made steady. Raises Fault with a sentence for the
    operator.
    """
    refuse_missing(configuration)
    log = Log(configuration.log.level)
    passwords = open_passwords(configuration)
    opening = open_store if part.alone else open_worker
    try:
        async with opening(configuration.location()) as store, AsyncExitStack() as closing:
            server = await standing_rules(configuration, store)
            now = clock or SteadyClock(time.time, time.monotonic)
            await _count_on(now, store, server)
            opened = _Opened(
                configuration=configuration,
                part=part,
                log=log,
                store=store,
                passwords=passwords,
                now=now,
                elapsed=clock or time.monotonic,
                closing=closing,
            )
            served, chores = await _put_together(opened, server)
            async with doing(chores, log):
                yield served
    finally:
        passwords.close()
        log.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """What has to be open before the rest can be put together."""

    configuration: Configuration
    part: Part
    log: Log
    store: Store
    passwords: PasswordHasher
    now: Callable[[], int]
    elapsed: Callable[[], float]
    closing: AsyncExitStack
    """Closes what is opened still, in order."""


async def _put_together(opened: _Opened, server: ServerRules) -> tuple[Served, Sequence[Chore]]:
    """The server, and its chores, not begun yet. Raises Fault."""
    configuration, store, log, now = opened.configuration, opened.store, opened.log, opened.now
    dialects = load_dialects(configuration)
    tokens = open_tokens(configuration, server, dialects, store, now)
    await store.administration.bind_keys(tokens.keyring.fingerprint())
    failpoints = open_failpoints(os.environ, log)
    key = tokens.keyring.audit_key()
    mounts = build_mounts(configuration, dialects)
    recording = open_audit(configuration, key, log)
    opened.closing.callback(recording.close)
    bounded = BoundedAudit(recording, configuration.audit.refusals_a_minute)
    counting, observe = count_from(opened.part.tally, bounded, load_grant_types())
    tracing = open_tracing(configuration, counting, load_grant_types(), log)
    audit: Audit = tracing or counting
    if tracing is not None:
        opened.closing.callback(tracing.close)
    store.keep_access_tokens_for(configuration.access_token_cache_seconds)
    clients = CachedClients(store, time.monotonic, staleness=configuration.client_cache_seconds)
    doubles = Doubles(tokens.keyring.client_secret_key())
    around = Surroundings(
        key=tokens.keyring.throttle_key(), memory=opened.part.throttle_memory, elapsed=opened.elapsed, log=log
    )
    throttle = await opened.closing.enter_async_context(opened_throttle(configuration, around))
    directed = await opened.closing.enter_async_context(
        opened_directory(configuration, opened.passwords, tokens.keyring.client_secret_key(), log)
    )
    plain = _open_services(opened, clients, tokens, doubles, throttle, audit)
    whole = plain if directed is None else replace(plain, directory=directed.directory)
    former = _open_former(opened, whole, server.not_before)
    services = failpoints.around_services(replace(whole, former_sessions=former))
    shown = shown_key(tokens, configuration.signing_algorithm, now)
    desks = [Desk(mount=one, services=services, server=server, now=now, shared_key=shown) for one in mounts]
    mirrored = await opened.closing.enter_async_context(opened_mirror(configuration, desks, store, log))
    staffed = await opened.closing.enter_async_context(beside_old_servers(configuration, mirrored.desks, store, log))
    application = build_application(
        staffed.desks,
        _edge(configuration, log, observe, tracing),
        lambda: public_jwks(tokens.keyring, now()),
        lambda: is_ready(store, opened.part.leaving),
    )
    served = Served(
        application=failpoints.around_application(tracing.around_application(application) if tracing else application),
        exposures=(*list_exposures(mounts, await all_clients(store)), *staffed.sentences),
        broken=lambda: store.broken,
        log=log,
        tally=opened.part.tally,
        look=throttle.look if isinstance(throttle, MemoryThrottle) else None,
    )
    look = asyncio.Event()
    chores: list[Chore] = [*hearing(configuration, clients, look, log), partial(watch_keys, tokens, log, look)]
    chores.append(bounded.keep_summing_up)
    chores.append(partial(count_hashes, store, opened.passwords, doubles, log))
    chores.extend(directed.chores if directed is not None else ())
    chores.extend(metered(opened.part.tally, store, opened.passwords, recording, now))
    chores.extend(staffed.chores)
    if opened.part.purges:
        chores.extend(mirrored.chores)
        chores.extend(_shared_chores(configuration, store, now, log))
        chores.extend(_audit_chores(configuration, key, now, log))
    return served, chores


async def _count_on(now: Callable[[], int], store: Store, server: ServerRules) -> None:
    """Begin where the last server ended, and after whatever was restored."""
    if isinstance(now, SteadyClock):
        now.count_on_from(max(await store.installation.latest_time(), server.not_before), server.not_before)


def _shared_chores(configuration: Configuration, store: Store, now: Callable[[], int], log: Log) -> Iterator[Chore]:
    """What one process of a server does for all of them."""
    kept = configuration.revocations_kept_days * 86400
    yield partial(purge, store, now, log, revocations_kept=kept)
    if isinstance(now, SteadyClock):
        location = configuration.location()
        yield partial(keep_time, store, now, partial(note_time, location), log)


def _audit_chores(configuration: Configuration, key: bytes, now: Callable[[], int], log: Log) -> Iterator[Chore]:
    """Likewise, where the audit has files."""
    table = configuration.audit
    if table.to == "files":
        remove = partial(remove_old, configuration.path(table.files), key, time.time)
        yield partial(keep_audit, remove, now, log, kept=table.kept_days * 86400)


def _edge(configuration: Configuration, log: Log, observe: Observe | None, tracing: Tracing | None) -> Edge:
    proxies = tuple(ipaddress.ip_network(one) for one in configuration.server.trusted_proxies)
    return Edge(
        body_limit=configuration.server.body_limit,
        trusted_proxies=proxies,
        log=log,
        new_request_id=request_ids(secrets.token_hex(6)),  # one for each process: this is after the fork
        observe=observe,
        trace=None if tracing is None else tracing.trace,
    )


def _open_services(  # noqa: PLR0913, PLR0917 - each of them is one
    opened: _Opened,
    clients: CachedClients,
    tokens: CurrentTokens,
    doubles: Doubles,
    throttle: Throttle,
    audit: Audit,
) -> Services:
    passwords, store = opened.passwords, opened.store
    return Services(
        clients=clients,
        resource_owners=store,
        grants=store,
        passwords=EqualPasswords(passwords, doubles),
        client_secrets=ClientSecretHasher(tokens.keyring.client_secret_key(), passwords),
        tokens=tokens,
        throttle=throttle,
        audit=audit,
        grant_types=load_grant_types(),
    )


def _open_former(opened: _Opened, services: Services, not_before: int) -> tuple[FormerSessions, ...]:
    """Nothing where no server stood here before. Raises FormerFault, KeyFault."""
    servers = open_former_servers(opened.configuration)
    adoption = Adoption(
        servers=servers,
        sessions=opened.store.former_sessions,
        resource_owners=opened.store,
        audit=services.audit,
        new_grant_id=services.tokens.new_grant_id,
        slowly=opened.passwords.compute,
        directory=services.directory,
        not_before=not_before,
    )
    return (adoption,) if servers else ()
