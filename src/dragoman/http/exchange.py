"""One HTTP exchange: a bounded request in, an answer or a refusal out, one log line, nothing else."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.ip_address import read_ip_address
from dragoman.dialects.wire import WireRequest
from dragoman.http.log import Line
from dragoman.http.request import ClientGone

if TYPE_CHECKING:
    from dragoman.dialects.wire import WireResponse
    from dragoman.http.log import Log
    from dragoman.http.request import Request, RequestHead

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_RETRY_AFTER_SECONDS = 1
_OF_PROXIES = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-real-ip"})
"""By which something in between leaves its name, or that of whoever it speaks for."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
"""Those that are told; a method is any text."""
_NOT_COMPRESSED = frozenset({b"identity", b"utf-8"})
"""Some clients take Content-Encoding for the place of the charset (RFC 9110 §8.4); no coding has that name."""
_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}|\[([0-9a-f:.]+)\](?::[0-9]{1,5})?")
"""An address as some load balancers tell it."""
_SHUT_DOWN = "shut_down"
_NO_PARAMETERS: Mapping[str, str] = {}


class _Answered(Line, frozen=True, gc=False):
    """What the log says of an exchange."""

    request_id: str
    endpoint: str
    dialect: str
    method: str
    status: int
    outcome: str
    address: str
    ms: float


class _CutOff(Line, frozen=True, gc=False):
    """What the log says of a request whose body never ended."""

    request_id: str
    endpoint: str
    dialect: str
    path: str
    method: str
    because: str
    address: str
    bytes: int
    ms: float


class Exchanged(NamedTuple):
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
    """Gets each exchange just before its answer is sent, where somebody traces them. Must not wait or fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One function from request to answer, and all that is the same around each."""

    edge: Edge
    name: str
    """What the log calls it."""
    dialect: str
    answer: Callable[[WireRequest], Awaitable[WireResponse]]
    refuse: Callable[[OAuthError, WireRequest, int | None], WireResponse]
    """How an OAuthError is told; the last argument is Retry-After in seconds, where there is one."""
    path: str
    """As it was mounted, with its placeholders: what stands there in their place is the sender's."""
    record: Callable[[WireRequest, OAuthError], None] | None = None
    """Writes down a refusal that `answer` does not know of; None where that is nobody's business."""

    async def __call__(self, request: Request, path_parameters: Mapping[str, str]) -> WireResponse:
        """One exchange. Raises ClientGone, once it has left its line in the log."""
        edge, began = self.edge, time.perf_counter()
        wire, request_id = None, edge.new_request_id()
        try:
            _refuse_compressed(request.head)
            body = await request.read_body(edge.body_limit)
            wire = read_wire(request, edge.trusted_proxies, request_id, body, path_parameters)
            response = await self.answer(wire)
            outcome = "ok"
        except OAuthError as refused:
            outcome = refused.refusal.value
            unread, wire = wire is None, wire or read_wire(request, edge.trusted_proxies, request_id)
            response = self._refusal(refused, wire, unread=unread)
        except (ClientGone, asyncio.CancelledError) as ended:
            if wire is None:
                self._tell_cut_off(request, request_id, str(ended) or _SHUT_DOWN, time.perf_counter() - began)
            raise
        except Exception as fault:  # noqa: BLE001 (the one place: the edge)
            outcome = Refusal.SERVER_ERROR.value
            wire = wire or read_wire(request, edge.trusted_proxies, request_id)
            response = self._fault(fault, wire, request_id)
        seconds = time.perf_counter() - began
        if edge.observe is not None:
            edge.observe(self.name, self.dialect, outcome, seconds)
        known = (request_id, self.name, self.dialect, _told_method(request), response.status, outcome, wire.address)
        edge.log.tell(_Answered(round(time.time(), 3), "info", "request", *known, round(seconds * 1000, 2)))
        if edge.trace is not None:
            traceparent = _told_traceparent(request.head, edge.trusted_proxies)
            edge.trace(Exchanged(*known, seconds, traceparent))
        return response

    def _refusal(self, refused: OAuthError, wire: WireRequest, *, unread: bool) -> WireResponse:
        """The refusal; where the body was not read to its end, the connection goes with it."""
        busy = refused.refusal in (Refusal.TEMPORARILY_UNAVAILABLE, Refusal.TOO_MANY_REQUESTS)
        retry_after = int(refused.values.get("retry_after", _RETRY_AFTER_SECONDS)) if busy else None
        response = self.refuse(refused, wire, retry_after)
        if not unread:
            return response
        if self.record is not None:
            self.record(wire, refused)
        return replace(response, headers=(*response.headers, (b"Connection", b"close")))

    def _fault(self, fault: Exception, wire: WireRequest, request_id: str) -> WireResponse:
        """An unexpected exception: its traceback for the operator, nothing of it for the client."""
        self.edge.log.fault(fault, endpoint=self.name, dialect=self.dialect, request_id=request_id)
        refused = OAuthError(Refusal.SERVER_ERROR, "a fault: the log has it")
        if self.record is not None:
            self.record(wire, refused)
        response = self.refuse(refused, wire, None)
        return replace(response, headers=(*response.headers, (b"X-Request-Id", request_id.encode())))

    def _tell_cut_off(self, request: Request, request_id: str, because: str, seconds: float) -> None:
        address, _ = _origin(request.head, self.edge.trusted_proxies)
        where = (request_id, self.name, self.dialect, self.path, _told_method(request), because, address)
        told = _CutOff(
            round(time.time(), 3), "info", "request_cut_off", *where, request.received, round(seconds * 1000, 2)
        )
        self.edge.log.tell(told)


def read_wire(
    request: Request,
    trusted_proxies: tuple[Network, ...],
    request_id: str = "",
    body: bytes = b"",
    path_parameters: Mapping[str, str] = _NO_PARAMETERS,
) -> WireRequest:
    """The request as the dialects see it."""
    head = request.head
    if head.origin is None:
        head.origin = _origin(head, trusted_proxies)
    address, secure = head.origin
    return WireRequest(
        method=head.method,
        path=head.path,
        query=head.query,
        headers=head.fields,
        header_lines=head.headers,
        body=body,
        path_parameters=path_parameters,
        address=address,
        secure=secure,
        hung_up=request.hung_up,
        request_id=request_id,
    )


def _told_method(request: Request) -> str:
    return request.head.method if request.head.method in _METHODS else "other"


def _origin(head: RequestHead, trusted_proxies: tuple[Network, ...]) -> tuple[str, bool]:
    """The sender's address, and whether nobody could read the URL on the way.

    Forwarding headers count only from a trusted proxy, and of them only the last value: whatever stands before it may
    be the client's own. Loopback is private, unless a proxy shows itself there and does not say that it speaks TLS.
    """
    peer, loopback, trusted = _standing_of(head.peer, trusted_proxies)
    encrypted, fields = head.encrypted, head.fields
    if not loopback and not trusted:
        return peer, encrypted
    told_scheme = _last_told(b"x-forwarded-proto", head.headers) if b"x-forwarded-proto" in fields else None
    if not trusted:
        unproxied = told_scheme is None and _OF_PROXIES.isdisjoint(fields)
        return peer, encrypted or unproxied or told_scheme == "https"
    told = _last_told(b"x-forwarded-for", head.headers) or ""
    with_port = _WITH_PORT.fullmatch(told)
    told_address = read_ip_address(told if with_port is None else with_port[1] or with_port[2])
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


def _told_traceparent(head: RequestHead, trusted_proxies: tuple[Network, ...]) -> bytes | None:
    """The request's one `traceparent` (W3C Trace Context §3.2), where its sender is a trusted proxy."""
    *_, trusted = _standing_of(head.peer, trusted_proxies)
    if not trusted:
        return None
    told = [value for name, value in head.headers if name == b"traceparent"]
    return told[0] if len(told) == 1 else None


def _refuse_compressed(head: RequestHead) -> None:
    """Refuses `unsupported_media_type` for what nobody here unpacks."""
    if b"content-encoding" in head.fields and any(
        name == b"content-encoding" and value.lower() not in _NOT_COMPRESSED for name, value in head.headers
    ):
        raise OAuthError(Refusal.UNSUPPORTED_MEDIA_TYPE, "compressed body")
