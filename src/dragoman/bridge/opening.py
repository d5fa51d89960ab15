"""The bridge as configured, and its way into the services of a request."""

from __future__ import annotations

import random
import time
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dragoman.bridge.asking import OldServer
from dragoman.bridge.bridge import Bridge, Named
from dragoman.bridge.directory import BridgeDirectory
from dragoman.bridge.sessions import Arrivals, BridgeSessions
from dragoman.core.errors import Fault
from dragoman.directories.guard import Guard
from dragoman.outgoing.server import OtherServer
from dragoman.shared.circuit import Circuit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from dragoman.config.old_servers import BridgeTable
    from dragoman.config.settings import Configuration
    from dragoman.core.model import ClientCredentials, TokenRequest
    from dragoman.core.ports import Services
    from dragoman.http.log import Log
    from dragoman.http.mount import Mount
    from dragoman.store.store import Store

PATIENCE_SECONDS = 60
"""How long the old server may take over a refresh token, whoever still waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBridge:
    """A bridge that is open, and where it begins."""

    mount: Mount
    arrivals: Arrivals

    def shut(self, services: Services) -> Services:
        """The services of requests that do not come over it: accounts of the old server are known, and nobody asks."""
        dialect = self.mount.dialect.name
        return replace(
            services, directory=BridgeDirectory(bridge=self.arrivals.bridge, services=services, dialect=dialect)
        )

    def around(self, services: Services, credentials: ClientCredentials, request: TokenRequest | None) -> Services:
        """The services of one request of its mount: for tokens, or to revoke one."""
        dialect = self.mount.dialect.name
        directory = BridgeDirectory(bridge=self.arrivals.bridge, services=services, dialect=dialect, request=request)
        sessions = BridgeSessions(
            arrivals=self.arrivals,
            services=services,
            dialect=dialect,
            client=credentials,
            counted=request is not None,
        )
        return replace(services, directory=directory, former_sessions=(*services.former_sessions, sessions))

    @property
    def sentence(self) -> str:
        """For whoever starts the server."""
        paths = ", ".join(self.mount.paths_of("token"))
        until = datetime.fromtimestamp(self.arrivals.bridge.until, tz=UTC).isoformat()
        return f"passwords that nobody here has are tried at another server, at {paths} until {until} (docs/bridge.md)"


@asynccontextmanager
async def opened_bridge(
    configuration: Configuration, mounts: tuple[Mount, ...], store: Store, now: Callable[[], int], log: Log
) -> AsyncIterator[OpenBridge | None]:
    """The bridge, until the block ends; None where there is none. Raises Fault."""
    for table, mount in zip(configuration.mounts, mounts, strict=True):
        url, until = table.bridge.legacy_url, table.bridge.until
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
    return Guard(seconds=seconds, at_once=table.at_once, circuit=circuit, tell=tell)
