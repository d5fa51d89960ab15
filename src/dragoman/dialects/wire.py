"""Requests and answers as they are on the wire, free of any server or framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from msgspec import Struct, field

Headers = tuple[tuple[bytes, bytes], ...]
PHRASES: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus} | {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""By status, as RFC 9110 §15 names them on every Python: before 3.13 Python has older names for the four."""


class WireRequest(Struct, frozen=True, kw_only=True):
    """One HTTP request with its whole, bounded body."""

    method: str
    path: str
    """The path without the query; what may be told and logged."""
    query: bytes = b""
    headers: Mapping[bytes, bytes] = field(default_factory=dict)
    """The first line of each name (RFC 9110 §5.3); names in lower case."""
    header_lines: Headers = ()
    """All lines as they came."""
    body: bytes = b""
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    secure: bool = True
    """Whether nobody on the network can read the URL: TLS, a trusted proxy's word, or loopback."""
    origin_registered: bool = False
    """Whether a page sent it whose origin the mount registers."""
    hung_up: Callable[[], Awaitable[bool]] | None = None
    """Returns once nobody waits for the answer any more; False if that cannot be known."""
    request_id: str = ""
    """What the log calls it: drawn here, and nothing that was sent."""

    def header(self, name: bytes) -> str | None:
        """The first header of this name, as Latin-1 text (RFC 9110 §5.5)."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def repeats(self, name: bytes) -> bool:
        """Whether there are several lines of this header, in lower case."""
        if len(self.header_lines) <= len(self.headers):
            return False
        return sum(key == name for key, _ in self.header_lines) > 1

    def joined_header(self, name: str) -> str | None:
        """All values of this header in one list (RFC 9110 §5.3); None where it is not there."""
        sought = name.encode("latin-1", "replace")
        lines = [value.decode("latin-1") for key, value in self.header_lines if key == sought]
        return ", ".join(lines) if lines else None


class WireResponse(Struct, frozen=True, kw_only=True):
    """One HTTP answer."""

    status: int
    headers: Headers
    body: bytes
