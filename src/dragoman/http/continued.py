"""A request that asks for another protocol (RFC 9110 §7.8) is answered as if it had not; its body is still its body.

The parser takes what follows such a head for the other protocol's, and a body would be read as the next request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from httptools import HttpRequestParser

if TYPE_CHECKING:
    from collections.abc import Iterable

_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class Listener(Protocol):
    """Who hears of the parts of requests."""

    def on_message_begin(self) -> None: ...
    def on_url(self, url: bytes) -> None: ...
    def on_header(self, name: bytes, value: bytes) -> None: ...
    def on_headers_complete(self) -> None: ...
    def on_body(self, body: bytes) -> None: ...
    def on_message_complete(self) -> None: ...


def continued_parser(listener: Listener, headers: Iterable[tuple[bytes, bytes]]) -> HttpRequestParser:
    """A parser that stands after a head with these fields; all that follows goes to the listener."""
    framing = b"".join(name + b": " + value + b"\r\n" for name, value in headers if name in _FRAMING)
    after = _AfterHead(listener)
    parser = HttpRequestParser(after)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)  # it is ignored, not refused
    parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n")
    return parser


class _AfterHead:
    """Keeps the head that the listener knows already to itself."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._known = True
        self.on_body = listener.on_body
        self.on_message_complete = listener.on_message_complete

    def on_message_begin(self) -> None:
        if not self._known:
            self._listener.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._known:
            self._listener.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._known:
            self._listener.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._known:
            self._known = False
        else:
            self._listener.on_headers_complete()
