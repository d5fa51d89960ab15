"""What a span says of an exchange: words of closed sets, ids of our own and of registered clients, nothing else."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from dragoman.telemetry.parent import read_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dragoman.core.ports import Audit, Event
    from dragoman.dialects.wire import WireResponse
    from dragoman.http.exchange import Exchanged
    from dragoman.http.log import Log
    from dragoman.http.paths import Application
    from dragoman.http.request import Request
    from dragoman.telemetry.parent import Parent

OTHER = "other"
_TOKEN_ANSWERS = frozenset({"token_issued", "token_refused", "dialect_refused"})
_NAMING = _TOKEN_ANSWERS | {"token_revoked"}
"""Events that name a client only where it is registered."""
_LONGEST_CLIENT_ID = 256
_LEAST_FAILURE = 500


class Outlet(Protocol):
    """Where spans go."""

    def put(
        self, name: str, attributes: Mapping[str, str | int], *, parent: Parent | None, seconds: float, failed: bool
    ) -> None:
        """A span that ends now and took so long. Must not wait."""
        ...

    def close(self) -> None:
        """Send what waits, within a bound."""
        ...


class Tracing:
    """A span for each exchange, and an audit that passes everything on and remembers whose exchange it is."""

    def __init__(self, outlet: Outlet, audit: Audit, grant_types: Iterable[str], log: Log, *, addresses: bool) -> None:
        """`grant_types` are those that the server has; `addresses` says whether spans tell where a request is from."""
        self._outlet = outlet
        self._audit = audit
        self._grant_types = frozenset(grant_types)
        self._log = log
        self._addresses = addresses
        self._noted: ContextVar[Mapping[str, str]] = ContextVar("what the audit says of this exchange")

    def record(self, event: Event) -> None:
        """Pass the event on (core.ports.Audit), then note its grant type and its client."""
        self._audit.record(event)
        if event.name in _NAMING:
            self._noted.set(dict(self._told(event)))

    def _told(self, event: Event) -> Iterable[tuple[str, str]]:
        if event.name in _TOKEN_ANSWERS:
            named = event.facts.get("grant_type")
            yield "dragoman.grant_type", named if isinstance(named, str) and named in self._grant_types else OTHER
        if event.client_id is not None and len(event.client_id) <= _LONGEST_CLIENT_ID:
            yield "dragoman.client_id", event.client_id

    def around_application(self, application: Application) -> Application:
        """The same application, where no exchange sees what was noted in another.

        A request that was pipelined begins in the context of the one before it.
        """

        async def answer(request: Request) -> WireResponse:
            self._noted.set({})
            return await application(request)

        return answer

    def trace(self, exchanged: Exchanged) -> None:
        """The exchange's span. Never fails: the answer is still to be sent."""
        try:
            self._put(exchanged)
        except Exception as fault:  # noqa: BLE001 (of a library that is beside the point of this server)
            self._log.fault(fault, request_id=exchanged.request_id)

    def _put(self, exchanged: Exchanged) -> None:
        failed = exchanged.status >= _LEAST_FAILURE
        attributes: dict[str, str | int] = {
            "http.request.method": "_OTHER" if exchanged.method == OTHER else exchanged.method,
            "http.response.status_code": exchanged.status,
            "dragoman.endpoint": exchanged.endpoint,
            "dragoman.dialect": exchanged.dialect,
            "dragoman.outcome": exchanged.outcome,
            "dragoman.request_id": exchanged.request_id,
            **self._noted.get({}),
        }
        if failed:
            attributes["error.type"] = exchanged.outcome
        if self._addresses:
            attributes["client.address"] = exchanged.address
        self._outlet.put(
            f"{exchanged.endpoint} {exchanged.dialect}",
            attributes,
            parent=read_parent(exchanged.traceparent),
            seconds=exchanged.seconds,
            failed=failed,
        )

    @property
    def close(self) -> Callable[[], None]:
        """Ends the outlet."""
        return self._outlet.close
