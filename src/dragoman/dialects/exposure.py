"""Secrets in a URL: only where nobody reads along, and never for a browser that was led there (RFC 9700 §2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.dialects.wire import WireRequest

_TELLING = frozenset(
    {
        b"origin",
        b"purpose",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-purpose",
        b"upgrade-insecure-requests",
        b"x-moz",
        b"x-purpose",
    }
)
"""Headers by which a browser shows itself. `Accept` is none of them: Java's own client, for one, asks for text/html."""
_LED_MODES = frozenset({b"navigate", b"nested-navigate", b"no-cors", b"websocket"})
"""`cors` and `same-origin` are a script's own doing, and Node's `fetch` says `cors` although it is no browser."""
_AHEAD = (b"prefetch", b"preview", b"prerender", b"instant")
"""How browsers said before `Sec-Purpose` that nobody has asked for the page yet."""


def check_exposure(wire: WireRequest) -> None:
    """Whether this request may hold secrets in its URL. Refuses `transport_not_secure`, `browser_navigation`."""
    if not wire.secure:
        raise OAuthError(Refusal.TRANSPORT_NOT_SECURE, "secrets in a URL over plain HTTP")
    told = {name: wire.headers[name].strip().lower() for name in _TELLING & wire.headers.keys()}
    if told and (reason := _why_browser(told, wire)):
        raise OAuthError(Refusal.BROWSER_NAVIGATION, f"a browser opened a URL that holds secrets: {reason}")


def _why_browser(told: Mapping[bytes, bytes], wire: WireRequest) -> str | None:
    """By what it is known that a link, a page or a prefetch led here (Fetch Metadata; HTML, navigation)."""
    if told.get(b"sec-fetch-mode") in _LED_MODES or b"upgrade-insecure-requests" in told:
        return "navigation"
    if told.get(b"sec-fetch-dest", b"empty") not in (b"empty", b""):
        return "part of a page"
    if b"sec-purpose" in told or any(
        told.get(name, b"").startswith(_AHEAD) for name in (b"purpose", b"x-purpose", b"x-moz")
    ):
        return "fetched ahead"
    # A POST says Origin even to its own site; a GET does so only to another's, or from no site at all.
    if wire.method == "GET" and b"origin" in told and not wire.origin_registered:
        return "a page of another origin"
    return None
