"""One request to a server, written as it is, and its response."""

from __future__ import annotations

import ssl
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from io import BufferedReader, RawIOBase
from time import monotonic
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from socket import socket

LONGEST_BODY = 4 * 1024 * 1024
"""How many bytes of a response's body are read."""

Headers = tuple[tuple[str, str], ...]


class BadBaseUrlError(ValueError):
    """A text that cannot be a server's address."""


class UnreachableError(Exception):
    """Nobody answers at the server's address."""


class NoResponseError(Exception):
    """The server took the connection and gave no response that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where a server is: `http` or `https`, host, port, and what stands before every path."""

    scheme: str
    host: str
    port: int | None
    authority: str
    """Host and port as the address writes them."""
    prefix: str

    @property
    def url(self) -> str:
        """The address as a URL without a final slash."""
        return f"{self.scheme}://{self.authority}{self.prefix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request, as it is to be written."""

    method: str
    target: str
    """Path and query, below the server's prefix."""
    version: str = "HTTP/1.1"
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a server answered. Bytes of headers that are no UTF-8 are surrogates."""

    status: int
    headers: Headers
    body: bytes

    def values_of(self, name: str) -> tuple[str, ...]:
        """The values of a header, whose name has no case (RFC 9110 §5.1)."""
        return tuple(value for other, value in self.headers if other.lower() == name.lower())


def parse_base_url(text: str) -> ServerAddress:
    """A server's address from its URL, which may have a path. Raises BadBaseUrlError."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadBaseUrlError(f"{text!r} is no URL: {error}") from error
    if "@" in parts.netloc:
        raise BadBaseUrlError("the URL holds credentials; leave them out, requests carry their own")
    if parts.scheme not in ("http", "https") or not host:
        raise BadBaseUrlError(f"{text!r} is no address of a server; write it like https://auth.example.com")
    if parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise BadBaseUrlError(f"{text!r} has a query, a fragment or a space; leave it out")
    return ServerAddress(
        scheme=parts.scheme, host=host, port=port, authority=parts.netloc, prefix=parts.path.rstrip("/")
    )


def send(address: ServerAddress, request: HttpRequest, timeout: float) -> Response:
    """Send a request over a connection of its own and read the response. Raises UnreachableError, NoResponseError.

    Host comes first unless the request has it; Content-Length comes last when there is a body or the method is POST,
    unless the request says how long its body is.
    """
    connection = _connect(address, timeout)
    with closing(connection):
        try:
            connection.send(_write(address, request))
        except (BrokenPipeError, ConnectionResetError):
            pass  # a server may answer and hang up before it read a body that is too long for it
        except OSError as error:
            raise NoResponseError(str(error)) from error
        try:
            return _read(_Clocked(connection.sock, monotonic() + timeout), request.method)
        except (OSError, HTTPException) as error:
            raise NoResponseError(str(error) or type(error).__name__) from error


def _connect(address: ServerAddress, timeout: float) -> HTTPConnection:
    if address.scheme == "https":
        context = ssl.create_default_context()
        connection: HTTPConnection = HTTPSConnection(address.host, address.port, timeout=timeout, context=context)
    else:
        connection = HTTPConnection(address.host, address.port, timeout=timeout)
    try:
        connection.connect()
    except OSError as error:
        connection.close()
        raise UnreachableError(f"cannot reach {address.url}: {error}") from error
    return connection


def _write(address: ServerAddress, request: HttpRequest) -> bytes:
    given = {name.lower() for name, _ in request.headers}
    headers = list(request.headers)
    if "host" not in given:
        headers.insert(0, ("Host", address.authority))
    if (request.body or request.method == "POST") and not given & {"content-length", "transfer-encoding"}:
        headers.append(("Content-Length", str(len(request.body))))
    lines = [f"{request.method} {address.prefix}{request.target} {request.version}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + request.body


class _Clocked(RawIOBase):
    """What comes from a socket until some moment, by the monotonic clock: one that drips would never time out."""

    def __init__(self, connected: socket, deadline: float) -> None:
        self._socket, self._deadline = connected, deadline

    def makefile(self, _mode: str) -> BufferedReader:
        """As a socket is asked for it by its reader."""
        return BufferedReader(self)

    def readable(self) -> bool:
        """True: nothing is ever written through it."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        """Read what has come, within what is left of the time. Raises TimeoutError."""
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left)
        return self._socket.recv_into(buffer)


def _read(clocked: _Clocked, method: str) -> Response:
    with closing(HTTPResponse(cast("socket", clocked), method=method)) as response:
        response.begin()
        headers = tuple((name, decode_header(value)) for name, value in response.getheaders())
        return Response(status=response.status, headers=headers, body=response.read(LONGEST_BODY))


def decode_header(value: str) -> str:
    """A header's value, read as ISO 8859-1, as the UTF-8 it may be."""
    return value.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
