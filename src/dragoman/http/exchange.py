"""One HTTP exchange: a bounded request in, an answer or a refusal out, one log line, nothing else."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.ip_address import read_ip_address
from dragoman.core.value import value
from dragoman.dialects.wire import WireRequest

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from dragoman.dialects.wire import WireResponse
    from dragoman.http.log import Log

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_RETRY_AFTER_SECONDS = 1
ALL_SAID = "all_said"
"""In the scope's state: tells whether nothing more comes from the client, which may still wait for its answer."""
_OF_PROXIES = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-real-ip"})
"""By which something in between leaves its name, or that of whoever it speaks for."""


class ClientGone(Exception):
    """The client hung up before its request was whole."""


@value
class Exchanged:
    """An exchange that has been answered, for whoever traces it: words of closed sets, ids of our own, and numbers."""

    request_id: str
    endpoint: str
    dialect: str
    method: str
    status: int
    outcome: str
    address: str
    seconds: float
    traceparent: bytes | None
    """As sent, where a trusted proxy has sent it, and else None: a stranger must not choose its trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What every endpoint shares."""

    body_limit: int
    """Bytes."""
    trusted_proxies: tuple[Network, ...]
    log: Log
    new_request_id: Callable[[], str]
    """Names the next request for the log."""
    observe: Callable[[str, str, str, float], None] | None = None
    """Gets endpoint, dialect, outcome and seconds of each answer just before it is sent, where somebody counts them."""
    trace: Callable[[Exchanged], None] | None = None
    """Gets each exchange once its answer is sent, where somebody traces them. Must not wait, and must not fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An ASGI application around one function from request to answer."""

    edge: Edge
    name: str
    """What the log calls it."""
    dialect: str
    answer: Callable[[WireRequest], Awaitable[WireResponse]]
    refuse: Callable[[OAuthError, WireRequest, int | None], WireResponse]
    """How an OAuthError is told; the last argument is Retry-After in seconds, where there is one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange."""
        began = time.perf_counter()
        wire, request_id = None, self.edge.new_request_id()
        try:
            body = await read_body(scope, receive, self.edge.body_limit)
            wire = read_wire(scope, self.edge.trusted_proxies, body, partial(wait_for_hang_up, scope, receive))
            response = await self.answer(wire)
            outcome = "ok"
        except ClientGone:
            return
        except OAuthError as refused:
            outcome = refused.refusal.value
            unread, wire = wire is None, wire or read_wire(scope, self.edge.trusted_proxies)
            response = self._refusal(refused, wire, unread=unread)
        except Exception as fault:  # noqa: BLE001 (the one place: the edge)
            outcome = Refusal.SERVER_ERROR.value
            wire = wire or read_wire(scope, self.edge.trusted_proxies)
            response = self._fault(fault, wire, request_id)
        if self.edge.observe is not None:  # before the answer: whoever has it finds it counted
            self.edge.observe(self.name, self.dialect, outcome, time.perf_counter() - began)
        await send_response(response, send, keep_body=wire.method != "HEAD")
        seconds = time.perf_counter() - began
        self.edge.log.write(
            "info",
            "request",
            request_id=request_id,
            endpoint=self.name,
            dialect=self.dialect,
            method=_told_method(wire),
            status=response.status,
            outcome=outcome,
            address=wire.address,
            ms=round(seconds * 1000, 2),
        )
        if self.edge.trace is not None:
            self.edge.trace(self._exchanged(scope, wire, response.status, outcome, request_id, seconds))

    def _exchanged(  # noqa: PLR0913, PLR0917 - all that is known of it
        self, scope: Scope, wire: WireRequest, status: int, outcome: str, request_id: str, seconds: float
    ) -> Exchanged:
        return Exchanged(
            request_id=request_id,
            endpoint=self.name,
            dialect=self.dialect,
            method=_told_method(wire),
            status=status,
            outcome=outcome,
            address=wire.address,
            seconds=seconds,
            traceparent=_told_traceparent(scope, self.edge.trusted_proxies),
        )

    def _refusal(self, refused: OAuthError, wire: WireRequest, *, unread: bool) -> WireResponse:
        """The refusal; where the body was not read to its end, the connection goes with it."""
        busy = refused.refusal in (Refusal.TEMPORARILY_UNAVAILABLE, Refusal.TOO_MANY_REQUESTS)
        retry_after = int(refused.values.get("retry_after", _RETRY_AFTER_SECONDS)) if busy else None
        response = self.refuse(refused, wire, retry_after)
        if not unread:
            return response
        return replace(response, headers=(*response.headers, (b"Connection", b"close")))

    def _fault(self, fault: Exception, wire: WireRequest, request_id: str) -> WireResponse:
        """An unexpected exception: its traceback for the operator, nothing of it for the client."""
        self.edge.log.fault(fault, endpoint=self.name, dialect=self.dialect, request_id=request_id)
        response = self.refuse(OAuthError(Refusal.SERVER_ERROR), wire, None)
        return replace(response, headers=(*response.headers, (b"X-Request-Id", request_id.encode())))


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


def _told_method(wire: WireRequest) -> str:
    """One of a closed set: a method is any text."""
    return wire.method if wire.method in _METHODS else "other"


async def wait_for_hang_up(scope: Scope, receive: Receive) -> bool:
    """Wait until the client has said all, and may be gone; for after the body, when ASGI has nothing else to tell.

    False if it tells more.
    """
    has_said_all = scope.get("state", {}).get(ALL_SAID, _never)
    if has_said_all():
        return True
    message = await receive()
    return bool(message["type"] == "http.disconnect" or has_said_all())


def _never() -> bool:
    return False


def read_wire(
    scope: Scope,
    trusted_proxies: tuple[Network, ...],
    body: bytes = b"",
    hung_up: Callable[[], Awaitable[bool]] | None = None,
) -> WireRequest:
    """The request as the dialects see it."""
    headers = tuple(scope["headers"])
    peer = scope["client"][0] if scope.get("client") else ""
    address, secure = _origin(peer, scope["scheme"] == "https", headers, trusted_proxies)
    return WireRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"],
        headers=dict(headers[::-1]),
        header_lines=headers,
        body=body,
        path_parameters=scope.get("path_params") or {},
        address=address,
        secure=secure,
        hung_up=hung_up,
    )


def _origin(
    peer: str, encrypted: bool, headers: tuple[tuple[bytes, bytes], ...], trusted_proxies: tuple[Network, ...]
) -> tuple[str, bool]:
    """The sender's address, and whether nobody could read the URL on the way.

    Forwarding headers count only from a trusted proxy, and of them only the last value: whatever stands before it may
    be the client's own. Loopback is private, unless a proxy shows itself there and does not say that it speaks TLS.
    """
    peer, loopback, trusted = _standing_of(peer, trusted_proxies)
    if not loopback and not trusted:
        return peer, encrypted
    named = dict(headers)
    told_scheme = _last_told(b"x-forwarded-proto", headers) if b"x-forwarded-proto" in named else None
    if not trusted:
        unproxied = told_scheme is None and _OF_PROXIES.isdisjoint(named)
        return peer, encrypted or unproxied or told_scheme == "https"
    told_address = read_ip_address(_last_told(b"x-forwarded-for", headers) or "")
    return peer if told_address is None else str(told_address), encrypted or told_scheme == "https"


def _last_told(name: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> str | None:
    """The last value of all lines of this header, which is what the nearest proxy added (RFC 9110 §5.3)."""
    lines = [value for sent, value in headers if sent == name]
    return b",".join(lines).rpartition(b",")[2].strip().decode("latin-1").lower() if lines else None


@lru_cache(maxsize=4096)
def _standing_of(peer: str, trusted_proxies: tuple[Network, ...]) -> tuple[str, bool, bool]:
    """The peer's address in its one spelling, whether it is this machine, and whether it is a trusted proxy."""
    address = read_ip_address(peer.partition("%")[0])
    if address is None:
        return peer, False, False
    return str(address), address.is_loopback, any(address in network for network in trusted_proxies)


def _told_traceparent(scope: Scope, trusted_proxies: tuple[Network, ...]) -> bytes | None:
    """The request's one `traceparent` (W3C Trace Context §3.2), where its sender is a trusted proxy."""
    peer = scope["client"][0] if scope.get("client") else ""
    *_, trusted = _standing_of(peer, trusted_proxies)
    if not trusted:
        return None
    told = [value for name, value in scope["headers"] if name == b"traceparent"]
    return told[0] if len(told) == 1 else None


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body. Refuses `body_too_large`, and `unsupported_media_type` for compressed bodies."""
    headers = scope["headers"]
    if b"content-encoding" in dict(headers) and any(
        name == b"content-encoding" and value != b"identity" for name, value in headers
    ):
        raise OAuthError(Refusal.UNSUPPORTED_MEDIA_TYPE, "compressed body")
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise OAuthError(Refusal.BODY_TOO_LARGE, f"more than {limit} bytes")
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


async def send_response(response: WireResponse, send: Send, *, keep_body: bool = True) -> None:
    """Write the answer with its length."""
    length = (b"Content-Length", str(len(response.body)).encode())
    await send({"type": "http.response.start", "status": response.status, "headers": [*response.headers, length]})
    await send({"type": "http.response.body", "body": response.body if keep_body else b""})
