"""The bridge of a server, as the configuration has it."""

from __future__ import annotations

import random
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dragoman.bridge.asking import OldServer
from dragoman.bridge.bridge import Bridge, Named
from dragoman.bridge.services import OpenBridge
from dragoman.bridge.sessions import Arrivals
from dragoman.core.circuit import Circuit
from dragoman.core.errors import Fault
from dragoman.elsewhere.guard import Guard
from dragoman.outgoing.server import OtherServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from dragoman.config.old_servers import BridgeTable
    from dragoman.config.settings import Configuration
    from dragoman.http.log import Log
    from dragoman.http.mount import Mount
    from dragoman.store.store import Store

PATIENCE_SECONDS = 60
"""How long the old server may take over a refresh token, whoever still waits for it."""


@asynccontextmanager
async def opened_bridge(
    configuration: Configuration, mounts: tuple[Mount, ...], store: Store, now: Callable[[], int], log: Log
) -> AsyncIterator[OpenBridge | None]:
    """The bridge, until the block ends; None where there is none. Raises Fault."""
    for table, mount in zip(configuration.mounts, mounts, strict=True):
        url, until = table.bridge.old_server_url, table.bridge.until
        if url is not None and until is not None:
            server = OtherServer(url, seconds=PATIENCE_SECONDS, most_at_once=2 * table.bridge.at_once)
            header = table.bridge.address_header
            old = OldServer(server=server, dialect=mount.dialect, path=_token_path(mount), address_header=header)
            bridge = _bridge(table.bridge, int(until.timestamp()), old, now, log)
            arrivals = Arrivals(bridge, store.former_sessions, log)
            try:
                yield OpenBridge(mount=mount, arrivals=arrivals)
            finally:
                await arrivals.close()
                await server.close()
            return
    yield None


def _token_path(mount: Mount) -> str:
    """Where the old server is asked: as clients ask there. Raises Fault."""
    for path in mount.paths_of("token"):
        if "{" not in path:
            return path.removeprefix(mount.prefix)
    raise Fault("mounts.bridge: the token endpoint has no path without a placeholder; give the mount one")


def _bridge(table: BridgeTable, until: int, old: OldServer, now: Callable[[], int], log: Log) -> Bridge:
    return Bridge(
        name=table.name,
        clients=frozenset(table.clients),
        until=until,
        named=Named(subject=table.subject, username=table.username, email=table.email, authorities=table.authorities),
        authorities_allowed=frozenset(table.authorities_allowed),
        old=old,
        guard=_guard(table, table.seconds, log),
        patient=_guard(table, PATIENCE_SECONDS, log),
        seconds=table.seconds,
        now=now,
        new_id=lambda: str(uuid.uuid4()),
    )


def _guard(table: BridgeTable, seconds: float, log: Log) -> Guard:
    def tell(why_away: str | None) -> None:
        if why_away is None:
            log.write("info", "old_server_back", bridge=table.name)
        else:
            log.write("error", "old_server_away", bridge=table.name, reason=why_away)

    circuit = Circuit(time.monotonic, random.SystemRandom().random)
    return Guard(seconds=seconds, at_once=table.at_once, circuit=circuit, tell=tell, asked="old server")
