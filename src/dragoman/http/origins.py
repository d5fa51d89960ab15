"""Which pages of other origins may read an answer (CORS, in the Fetch standard): those that the mount registers.

No cookie and no other standing of a browser counts at these endpoints, so a request from an origin that is not
registered is answered like any other; the browser keeps the answer from its page. What needs a preflight is not sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dragoman.core.ip_address import is_this_machine
from dragoman.dialects.wire import Headers, WireResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.core.errors import OAuthError
    from dragoman.dialects.wire import WireRequest

    Answer = Callable[[WireRequest], Awaitable[WireResponse]]
    Refuse = Callable[[OAuthError, WireRequest, int | None], WireResponse]

SHARED_ENDPOINTS = frozenset({"token", "revocation", "jwks", "metadata"})
"""What a client in a browser speaks to itself (RFC 9700 §2.6); introspection is for resource servers."""

_VARY = (b"Vary", b"Origin")
_READABLE = (b"Access-Control-Expose-Headers", b"Retry-After, WWW-Authenticate, X-Request-Id")
_PREFLIGHT_SECONDS = b"600"
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:]+\])(?::(?P<port>[1-9][0-9]*))?"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_SHARED_BY_ALL = frozenset({"file", "data", "blob", "about", "javascript"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """One endpoint's answers, and who may read them."""

    origins: frozenset[str]
    methods: tuple[str, ...]

    def around_answer(self, answer: Answer) -> Answer:
        """What answers, with registered origins let in: their preflights are answered here, for they name no client."""

        async def share(wire: WireRequest) -> WireResponse:
            origin = self._registered(wire)
            if origin is None:
                return _marked(await answer(wire), None)
            if wire.method == "OPTIONS" and wire.header(b"access-control-request-method") is not None:
                return self._preflight(origin)
            return _marked(await answer(msgspec.structs.replace(wire, origin_registered=True)), origin)

        return share

    def around_refusal(self, refuse: Refuse) -> Refuse:
        """What refuses, so that a page of a registered origin may read why."""

        def share(refused: OAuthError, wire: WireRequest, retry_after: int | None) -> WireResponse:
            return _marked(refuse(refused, wire, retry_after), self._registered(wire))

        return share

    def _registered(self, wire: WireRequest) -> str | None:
        origin = wire.header(b"origin")
        return origin if origin in self.origins else None

    def _preflight(self, origin: str) -> WireResponse:
        """What may be sent; never an echo of what was asked for."""
        headers: Headers = (
            _VARY,
            (b"Access-Control-Allow-Origin", origin.encode()),
            (b"Access-Control-Allow-Methods", ", ".join(self.methods).encode()),
            (b"Access-Control-Allow-Headers", b"Authorization, Content-Type"),
            (b"Access-Control-Max-Age", _PREFLIGHT_SECONDS),
        )
        return WireResponse(status=200, headers=headers, body=b"")


def _marked(response: WireResponse, origin: str | None) -> WireResponse:
    """The answer; caches are told that it hangs on the origin, whichever it is (RFC 9110 §12.5.5)."""
    shown = () if origin is None else ((b"Access-Control-Allow-Origin", origin.encode()), _READABLE)
    return msgspec.structs.replace(response, headers=(*response.headers, _VARY, *shown))


def why_no_origin(text: str) -> str | None:
    """Why this cannot be registered; None for an origin as browsers write it (RFC 6454 §6.2)."""
    if text == "*":
        return "anyone's page could read tokens; name each origin"
    if text == "null":
        return "every sandboxed page is of that origin; serve yours from an origin of its own"
    found = _ORIGIN.fullmatch(text)
    scheme = found["scheme"] if found else text.partition(":")[0].lower()
    if scheme in _SHARED_BY_ALL:
        return f"every {scheme}: page is of that origin; serve yours from an origin of its own"
    if found is None or _DEFAULT_PORTS.get(scheme, "") == found["port"] or int(found["port"] or 1) > 65535:  # noqa: PLR2004
        return (
            "no origin as browsers send it; write https://app.example.com: lower case, a port only if it is not the "
            "scheme's own, no path and no slash at the end"
        )
    if scheme == "http" and not is_this_machine(found["host"]):
        return "whoever is on the network can put a page there; only https, and http on loopback"
    return None
