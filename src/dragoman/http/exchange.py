"""One HTTP exchange: a bounded request in, an answer or a refusal out, one log line, nothing else."""

from __future__ import annotations

import ipaddress
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dragoman.core.errors import OAuthError, Refusal
from dragoman.dialects.wire import WireRequest, WireResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    import structlog

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_RETRY_AFTER_SECONDS = 1


class ClientGone(Exception):
    """The client hung up before its request was whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What every endpoint shares."""

    body_limit: int
    """Bytes."""
    trusted_proxies: tuple[Network, ...]
    log: structlog.typing.FilteringBoundLogger


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
        wire = read_head(scope, self.edge.trusted_proxies)
        try:
            wire = await _with_body(wire, receive, self.edge.body_limit)
            response = await self.answer(wire)
            outcome = "ok"
        except ClientGone:
            return
        except OAuthError as refused:
            outcome = refused.refusal.value
            response = self._refusal(refused, wire)
        except Exception:
            outcome = Refusal.SERVER_ERROR.value
            response = self._fault(wire)
        await send_response(response, send, keep_body=wire.method != "HEAD")
        self.edge.log.info(
            "request",
            endpoint=self.name,
            dialect=self.dialect,
            method=wire.method if wire.method in _METHODS else "other",
            status=response.status,
            outcome=outcome,
            address=wire.address,
            ms=round((time.perf_counter() - began) * 1000, 2),
        )

    def _refusal(self, refused: OAuthError, wire: WireRequest) -> WireResponse:
        busy = refused.refusal in (Refusal.TEMPORARILY_UNAVAILABLE, Refusal.TOO_MANY_REQUESTS)
        return self.refuse(refused, wire, _RETRY_AFTER_SECONDS if busy else None)

    def _fault(self, wire: WireRequest) -> WireResponse:
        """An unexpected exception: its traceback for the operator, nothing of it for the client."""
        request_id = secrets.token_hex(8)
        self.edge.log.exception("fault", endpoint=self.name, dialect=self.dialect, request_id=request_id)
        response = self.refuse(OAuthError(Refusal.SERVER_ERROR), wire, None)
        headers = (*response.headers, (b"X-Request-Id", request_id.encode()))
        return WireResponse(status=response.status, headers=headers, body=response.body)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


def read_head(scope: Scope, trusted_proxies: tuple[Network, ...]) -> WireRequest:
    """The request without its body."""
    headers = tuple(scope["headers"])
    peer = scope["client"][0] if scope.get("client") else ""
    parameters: Mapping[str, str] = scope.get("path_params") or {}
    address, secure = _origin(peer, scope["scheme"] == "https", headers, trusted_proxies)
    return WireRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"],
        headers=headers,
        path_parameters=parameters,
        address=address,
        secure=secure,
    )


def _origin(
    peer: str, encrypted: bool, headers: tuple[tuple[bytes, bytes], ...], trusted_proxies: tuple[Network, ...]
) -> tuple[str, bool]:
    """The sender's address, and whether nobody could read the URL on the way.

    Forwarding headers count only from a trusted proxy. Loopback is private, unless a proxy there says otherwise.
    """
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer, encrypted
    forwarded = dict(headers) if trusted_proxies or address.is_loopback else {}
    told_scheme = forwarded.get(b"x-forwarded-proto")
    if not any(address in network for network in trusted_proxies):
        return peer, encrypted or (address.is_loopback and told_scheme in (None, b"https"))
    told_address = forwarded.get(b"x-forwarded-for", b"").rpartition(b",")[2].strip().decode("latin-1")
    return told_address or peer, encrypted or told_scheme == b"https"


async def _with_body(wire: WireRequest, receive: Receive, limit: int) -> WireRequest:
    """The request with its body. Refuses `body_too_large`, `unsupported_media_type` for compressed bodies."""
    if wire.header(b"content-encoding") not in (None, "identity"):
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
    if not size:
        return wire
    return WireRequest(
        method=wire.method,
        path=wire.path,
        query=wire.query,
        headers=wire.headers,
        body=b"".join(chunks),
        path_parameters=wire.path_parameters,
        address=wire.address,
        secure=wire.secure,
    )


async def send_response(response: WireResponse, send: Send, *, keep_body: bool = True) -> None:
    """Write the answer with its length."""
    length = (b"Content-Length", str(len(response.body)).encode())
    await send({"type": "http.response.start", "status": response.status, "headers": [*response.headers, length]})
    await send({"type": "http.response.body", "body": response.body if keep_body else b""})
