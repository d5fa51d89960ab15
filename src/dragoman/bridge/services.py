"""The services of a request, by whether it comes over the bridge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dragoman.bridge.directory import BridgeDirectory
from dragoman.bridge.sessions import BridgeSessions

if TYPE_CHECKING:
    from dragoman.bridge.sessions import Arrivals
    from dragoman.core.model import ClientCredentials, TokenRequest
    from dragoman.core.ports import Services
    from dragoman.http.mount import Mount


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
        """What is told when the server starts."""
        paths = ", ".join(self.mount.paths_of("token"))
        until = datetime.fromtimestamp(self.arrivals.bridge.until, tz=UTC).isoformat()
        return f"passwords that nobody here has are tried at another server, at {paths} until {until} (docs/bridge.md)"
