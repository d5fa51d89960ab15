"""What of a request goes on to another server, and what of its answer comes back (RFC 9110 §7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec.structs import replace

from dragoman.http.answers import stays_in_its_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.dialects.wire import Headers, WireRequest, WireResponse

_HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization", b"te",
        b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip
"""Of one connection (RFC 9110 §7.6.1), beside those that `Connection` names."""
_OURS_TO_SAY = frozenset(
    {
        b"host", b"content-length", b"expect", b"accept-encoding", b"forwarded", b"via", b"x-real-ip",
        b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-prefix",
    }
)  # fmt: skip
"""Of requests: nobody may speak for us to a server that believes us, and ours is what we know ourselves."""
_OURS_TO_WRITE = frozenset({b"content-length", b"date"})
"""Of answers."""
_IN_A_PATH = "/:@!$&'()*+,;=~"


def target_of(wire: WireRequest, prefix: str) -> bytes:
    """Path and query without the mount's prefix."""
    path = quote(wire.path.removeprefix(prefix), safe=_IN_A_PATH).encode()
    return path + b"?" + wire.query if wire.query else path


def headers_to_pass(wire: WireRequest, address_header: str | None) -> Headers:
    """The request's own, less those of the connection; whom it comes from and how, as we know it."""
    told = None if address_header is None else address_header.lower().encode()
    dropped = _OURS_TO_SAY if told is None else _OURS_TO_SAY | {told}
    passed = [(name, value) for name, value in _of_the_message(wire.header_lines) if _plain(name) not in dropped]
    passed.append((b"accept-encoding", b"identity"))
    passed.append((b"x-forwarded-proto", b"https" if wire.secure else b"http"))
    if told is not None:
        passed.append((told, wire.address.encode()))
    return tuple(passed)


def answer_to_pass(answer: WireResponse) -> WireResponse:
    """The answer less what belongs to the connection that it came by, what this server writes, and what it cannot."""
    ours = (line for line in _of_the_message(answer.headers) if line[0].lower() not in _OURS_TO_WRITE)
    return replace(answer, headers=tuple(line for line in ours if stays_in_its_line(*line)))


def _plain(name: bytes) -> bytes:
    """The name without case; to many servers behind a gateway an underscore is a hyphen."""
    return name.lower().replace(b"_", b"-")


def _of_the_message(lines: Headers) -> Iterator[tuple[bytes, bytes]]:
    named = {name.strip().lower() for line in lines if line[0].lower() == b"connection" for name in line[1].split(b",")}
    dropped = _HOP_BY_HOP | named
    return (line for line in lines if line[0].lower() not in dropped)
