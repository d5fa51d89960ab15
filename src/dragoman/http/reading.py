"""From bytes to requests: what httptools reads (RFC 9112), within bounds that hold before any work is done."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, parse_url

from dragoman.http.bounds import Unacceptable, too_long
from dragoman.http.continued import continued_parser
from dragoman.http.phase import Phase
from dragoman.http.request import Request, RequestHead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dragoman.http.bounds import Bounds

_NOTHING, _HEAD, _BODY, _WHOLE = Phase  # a look-up of each would cost more than what it is for
_HOST = re.compile(rb"(?:[\w.~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
"""RFC 9110 §7.2, RFC 3986 §3.2.2."""
_LONGEST_KNOWN = 2048
"""Bytes; of longer messages the head is not kept."""
_NOT_KNOWN = frozenset({b"expect", b"upgrade", b"transfer-encoding"})
"""What makes more of a message than its bytes after the head."""
_OTHER_PROTOCOL = re.compile(rb"[A-Z] +(\S+) +(?:RTSP|ICE)/")
"""A request line of what the parser reads besides, as if it were HTTP (RFC 2326 §6.1)."""
_OF_THE_CONNECTION = frozenset({b"connection", b"proxy-connection"})
"""What the parser would take at its word in a trailer too: it answers nothing that follows, and nobody is told."""
_SLASH = re.compile("%2f", re.IGNORECASE)


class _Known(NamedTuple):
    """A head that may come again, as it does from most clients that keep their connection.

    To the parser each message is a new beginning. So the same head with a body of the same length, and nothing behind
    it, comes to what it came to before, and needs no parser.
    """

    text: bytes
    """As it came, with its end."""
    length: int
    """Bytes of the whole message."""
    head: RequestHead

    def begins(self, data: bytes) -> bool:
        """Whether this is a whole message with this head."""
        return len(data) == self.length and data.startswith(self.text)


class Reader:
    """Reads the requests of one connection, one after the other."""

    def __init__(
        self, bounds: Bounds, begin: Callable[[Request], None], ask: Callable[[], None], peer: str, *, encrypted: bool
    ) -> None:
        """`begin` gets each request with its head; `ask` tells the client to go on (RFC 9110 §10.1.1)."""
        self.phase = Phase.NOTHING
        self.latest: Request | None = None
        """The one whose head came last."""
        self.moved = False
        """Whether the phase has changed; to be reset by whoever looks."""
        self._bounds = bounds
        self._begin = begin
        self._ask = ask
        self._peer = peer
        self._encrypted = encrypted
        self._parser = HttpRequestParser(self)
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)  # what follows is ignored, not refused
        self._url = b""
        self._host: bytes | None = b""
        """The last that was looked at, which is mostly the next one too."""
        self._headers: list[tuple[bytes, bytes]] = []
        self._upgrades = False
        self._fresh = False
        self._read = 0
        self._begun = 0
        """Messages, of those that were parsed."""
        self._known: _Known | None = None
        """The latest, if it may come again."""
        self._unended = b""
        """The last line, of a head that comes in pieces."""
        self._other: re.Match[bytes] | None = None

    def feed(self, data: bytes) -> None:
        """Take what has arrived. Raises Unacceptable."""
        known = self._known
        if known is not None and self.phase is _NOTHING and known.begins(data):
            self.latest = request = Request.whole(known.head, data[len(known.text) :])
            self.phase = _WHOLE
            self._begin(request)
            return
        between, begun = self.phase is _NOTHING, self._begun
        self._parse(data)
        if between and self.phase is _WHOLE and self._begun == begun + 1 and self.latest is not None:
            self._known = _known_of(self.latest, data)

    def _parse(self, data: bytes) -> None:
        """Raises Unacceptable."""
        text = self._unended + data if self._unended else data
        self._other = _OTHER_PROTOCOL.search(text) if b" RTSP/" in text or b" ICE/" in text else None
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            if not self._upgrades:
                raise Unacceptable(HTTPStatus.BAD_REQUEST, "this is no tunnel") from None  # CONNECT (RFC 9110 §9.3.6)
            self._upgrades = False
            self._parser = continued_parser(self, self._headers)
            self._parse(data[upgrade.args[0] :])
        except HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, Unacceptable):
                raise cause from None
            raise Unacceptable(HTTPStatus.BAD_REQUEST, "the message is not HTTP/1.1") from None
        else:
            self._unended = text[text.rfind(b"\n") + 1 :] if self.phase is _HEAD else b""
            if self.phase is not _WHOLE:
                self._bound_what_comes_in_pieces(len(data))

    def answered(self) -> None:
        """The latest request has its answer; what still comes of it is nobody's."""
        if self.phase is _WHOLE:
            self.phase, self.moved = _NOTHING, True

    def end(self) -> None:
        """Nothing more comes. Parser and reader would keep each other alive for a while."""
        del self._parser

    def _bound_what_comes_in_pieces(self, size: int) -> None:
        """Raises Unacceptable. The piece in which a message begins is not counted: others may lie before it."""
        if self._fresh or self.phase is _NOTHING:
            self._fresh = False
            return
        self._read += size
        if self.phase is _HEAD and self._read > self._bounds.head_bytes:
            raise too_long()
        if self._read > self._bounds.message_bytes:
            raise Unacceptable(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too long")

    def on_message_begin(self) -> None:
        """The first byte of a request is here."""
        self.phase = _HEAD
        self._url = b""
        self._headers = []
        self._read = 0
        self._fresh = self.moved = True
        self._begun += 1

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field of the head. None of the trailer is taken for one (RFC 9110 §6.5.1). Raises Unacceptable."""
        if self.phase is _HEAD:
            self._headers.append((name.lower(), value.rstrip()))  # the parser leaves what is behind it (§5.5)
        elif name.lower() in _OF_THE_CONNECTION:
            raise Unacceptable(HTTPStatus.BAD_REQUEST, "a trailer says nothing of the connection")

    def on_headers_complete(self) -> None:
        """Begin, if the head is acceptable."""
        parser = self._parser
        version = parser.get_http_version()
        target = parse_url(self._url)
        path = target.path.decode("ascii")
        head = RequestHead(
            method=parser.get_method().decode("ascii"),
            path=_decoded(path) if "%" in path else path,
            query=target.query or b"",
            headers=tuple(self._headers),
            peer=self._peer,
            encrypted=self._encrypted,
        )
        self._check_head(head.fields, version)
        request = Request(head=head, last=version != "1.1" or not parser.should_keep_alive())
        fields = head.fields
        if b"expect" in fields and fields[b"expect"].lower() == b"100-continue" and version == "1.1":
            request.ask = self._ask
        self._upgrades = b"upgrade" in fields and parser.should_upgrade()
        self.latest = request
        self.phase = _BODY
        self.moved = True
        self._begin(request)

    def _check_head(self, fields: Mapping[bytes, bytes], version: str) -> None:
        """Raises Unacceptable, which the parser takes as its own error."""
        number, bounds = len(self._headers), self._bounds
        host = fields.get(b"host")
        if host != self._host or number != len(fields):
            self._check_host(host, version)
        if b"#" in self._url:
            raise Unacceptable(HTTPStatus.BAD_REQUEST, "a target has no fragment")
        if b"transfer-encoding" in fields:
            _refuse_codings(self._headers, version)
        if len(self._url) > bounds.url_bytes:
            raise Unacceptable(HTTPStatus.REQUEST_URI_TOO_LONG, "the URL is too long")
        if number > bounds.fields:
            raise Unacceptable(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too many header fields")
        if not self._fresh:  # else all of it is in one piece
            size = len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._headers)
            if size > bounds.head_bytes:
                raise too_long()
        if version not in ("1.1", "1.0") or (self._other is not None and self._other[1] == self._url):
            raise Unacceptable(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "only HTTP/1.1 is spoken here")

    def _check_host(self, host: bytes | None, version: str) -> None:
        """Raises Unacceptable (RFC 9112 §3.2)."""
        if [name for name, _ in self._headers].count(b"host") > 1 or (host is None and version == "1.1"):
            raise Unacceptable(HTTPStatus.BAD_REQUEST, "there must be one Host")
        if host is not None and not _HOST.fullmatch(host):
            raise Unacceptable(HTTPStatus.BAD_REQUEST, "the Host is none")
        self._host = host

    def on_body(self, body: bytes) -> None:
        """A piece of the latest request's body is here."""
        if self.latest is not None:
            self.latest.take(body)

    def on_message_complete(self) -> None:
        """All of it is here; unless it asks for another protocol: then its body is still to come (RFC 9110 §7.8)."""
        if self._upgrades or self.latest is None:
            return
        self.phase = _WHOLE
        if self.latest.answered:
            self.answered()
        else:
            self.latest.end()


def _known_of(request: Request, message: bytes) -> _Known | None:
    """The head of this request, which was the whole message, if it may come again.

    A line break before or behind it (RFC 9112 §2.2) is no part of it: what has one is read anew each time.
    """
    if request.last or len(message) > _LONGEST_KNOWN or not _NOT_KNOWN.isdisjoint(request.head.fields):
        return None
    end = message.find(b"\r\n\r\n") + 4
    if end + request.received != len(message):
        return None
    return _Known(message[:end], len(message), request.head)


def _decoded(path: str) -> str:
    """Without percent-encoding, but for that of a slash, which would be another path (RFC 3986 §2.2)."""
    return unquote(_SLASH.sub("%252F", path))


def _refuse_codings(headers: Iterable[tuple[bytes, bytes]], version: str) -> None:
    """Raises Unacceptable for any but the one that is known, and for that where it is not (RFC 9112 §6.1)."""
    if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in headers):
        raise Unacceptable(HTTPStatus.NOT_IMPLEMENTED, "the only Transfer-Encoding is chunked")
    if version == "1.0":
        raise Unacceptable(HTTPStatus.NOT_IMPLEMENTED, "HTTP/1.0 has no Transfer-Encoding")
