"""Everything put together: from a configuration to an application that answers."""

from __future__ import annotations

import ipaddress
import os
import secrets
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.clock import SteadyClock
from dragoman.http.application import build_application
from dragoman.http.endpoints import Desk
from dragoman.http.exchange import Edge
from dragoman.http.log import Log
from dragoman.http.request_ids import request_ids
from dragoman.store.opening import note_time, open_worker
from dragoman.store.opening import open_server as open_store
from dragoman.wiring.chores import all_clients, doing, is_ready, keep_time, purge
from dragoman.wiring.exposures import list_exposures
from dragoman.wiring.failpoints import open_failpoints
from dragoman.wiring.foundation import Foundation, Role
from dragoman.wiring.mirror import opened_mirror
from dragoman.wiring.old_servers import opened_old_servers
from dragoman.wiring.other_issuers import OtherIssuers
from dragoman.wiring.parts import build_mounts, load_dialects, open_passwords, open_tokens, shown_key, standing_rules
from dragoman.wiring.recording import open_recording
from dragoman.wiring.services import open_services
from dragoman.wiring.telemetry import refuse_missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from dragoman.config.settings import Configuration
    from dragoman.core.rules import ServerRules
    from dragoman.core.throttle import Standings
    from dragoman.http.paths import Application
    from dragoman.metrics.tally import Tally
    from dragoman.store.store import Store
    from dragoman.throttle.keys import Keys
    from dragoman.wiring.chores import Chore
    from dragoman.wiring.recording import Recording


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


_WHOLE = Role()


@asynccontextmanager
async def open_server(
    configuration: Configuration, clock: Callable[[], int] | None = None, role: Role = _WHOLE
) -> AsyncIterator[Served]:
    """A server with all its parts, until the block ends; then they are closed in order.

    `clock` gives epoch seconds; without one it is the machine's, made steady. Raises Fault with a sentence for the
    operator.
    """
    refuse_missing(configuration)
    log = Log(configuration.log.level)
    passwords = open_passwords(configuration, serving=True, asking=role.hashing)
    opening = open_store if role.alone else open_worker
    try:
        async with opening(configuration.location()) as store, AsyncExitStack() as closing:
            server = await standing_rules(configuration, store)
            now = clock or SteadyClock(time.time, time.monotonic)
            await _count_on(now, store, server)
            foundation = Foundation(
                configuration=configuration,
                role=role,
                log=log,
                store=store,
                passwords=passwords,
                now=now,
                elapsed=clock or time.monotonic,
                closing=closing,
            )
            served = await _put_together(foundation, server)
            async with doing(foundation.chores, log):
                yield served
    finally:
        passwords.close()
        log.flush()


async def _put_together(foundation: Foundation, server: ServerRules) -> Served:
    """The server; its chores are gathered and not begun yet. Raises Fault."""
    configuration, store, log, now = foundation.configuration, foundation.store, foundation.log, foundation.now
    dialects = load_dialects(configuration)
    tokens = open_tokens(configuration, dialects, store, now, OtherIssuers(log).tell)
    await store.administration.bind_keys(tokens.keyring.fingerprint())
    recording = open_recording(foundation, tokens.keyring.audit_key())
    filled = await open_services(foundation, tokens, recording.audit, server.not_before)
    failpoints = open_failpoints(os.environ, log)
    shown = shown_key(tokens, configuration.signing_algorithm, now)
    services = failpoints.around_services(filled.services)
    mounts = build_mounts(configuration, dialects)
    plain = [Desk(mount=one, services=services, server=server, now=now, shared_key=shown) for one in mounts]
    desks, sentences = await _surround(foundation, plain)
    application = build_application(
        desks,
        _edge(configuration, log, recording),
        lambda: tokens.keyring.public_jwks(now()),
        lambda: is_ready(store, foundation.role.leaving),
    )
    if recording.tracing is not None:
        application = recording.tracing.around_application(application)
    return Served(
        application=failpoints.around_application(application),
        exposures=(*list_exposures(mounts, await all_clients(store)), *sentences),
        broken=lambda: store.broken,
        log=log,
        tally=foundation.role.tally,
        look=filled.look,
    )


async def _surround(foundation: Foundation, desks: Sequence[Desk]) -> tuple[Sequence[Desk], Sequence[str]]:
    """With what stands beside or behind them; and a sentence on each old server. Raises Fault."""
    configuration, store, log, closing = foundation.configuration, foundation.store, foundation.log, foundation.closing
    mirrored = await closing.enter_async_context(opened_mirror(configuration, desks, store, log))
    joined = await closing.enter_async_context(opened_old_servers(configuration, mirrored.desks, store, log))
    foundation.chores.extend(joined.chores)
    if foundation.role.purges:
        foundation.chores.extend((*mirrored.chores, *_shared_chores(foundation)))
    return joined.desks, joined.sentences


async def _count_on(now: Callable[[], int], store: Store, server: ServerRules) -> None:
    """Begin where the last server ended, and after whatever was restored."""
    if isinstance(now, SteadyClock):
        now.count_on_from(max(await store.installation.latest_time(), server.not_before), server.not_before)


def _shared_chores(foundation: Foundation) -> Iterator[Chore]:
    """What one process of a server does for all of them."""
    configuration, store, now, log = foundation.configuration, foundation.store, foundation.now, foundation.log
    kept = configuration.revocations_kept_days * 86400
    yield partial(purge, store, now, log, revocations_kept=kept)
    if isinstance(now, SteadyClock):
        yield partial(keep_time, store, now, partial(note_time, configuration.location()), log)


def _edge(configuration: Configuration, log: Log, recording: Recording) -> Edge:
    proxies = tuple(ipaddress.ip_network(one) for one in configuration.server.trusted_proxies)
    return Edge(
        body_limit=configuration.server.body_limit,
        trusted_proxies=proxies,
        log=log,
        new_request_id=request_ids(secrets.token_hex(6)),  # one for each process: this is after the fork
        observe=recording.observe,
        trace=None if recording.tracing is None else recording.tracing.trace,
    )
