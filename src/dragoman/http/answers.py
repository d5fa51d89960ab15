"""Answers as bytes: a whole one in one piece, which costs one packet and wakes its reader once."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dragoman.dialects.wire import PHRASES

if TYPE_CHECKING:
    from dragoman.dialects.wire import Headers

GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
"""An interim answer (RFC 9110 §15.2.1)."""
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


class Head(NamedTuple):
    """What many answers have in common (RFC 9112 §4)."""

    status: bytes
    """The line."""
    fields: bytes
    """The lines, names spelled as given: some clients look for no other spelling, whatever RFC 9110 §5.1 says."""
    closing: bool
    """Whether they say that the connection ends with the answer (RFC 9112 §9.6)."""

    def with_body(self, date: bytes, body: bytes, *, sent: bool, closing: bool) -> bytes:
        """The whole answer; `date` is the line of that header, and the body itself may be left out (HEAD)."""
        closes = b"Connection: close\r\n" if closing and not self.closing else b""
        return b"%b%b%bContent-Length: %d\r\n%b\r\n%b" % (
            self.status, date, self.fields, len(body), closes, body if sent else b""
        )  # fmt: skip


def stays_in_its_line(name: bytes, value: bytes) -> bool:
    """Whether this can be a header (RFC 9110 §5.1, §5.5)."""
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value))


@lru_cache(maxsize=512)
def head_of(status: int, headers: Headers) -> Head:
    """Raises ValueError for a header that would not stay in its line."""
    if not all(stays_in_its_line(*header) for header in headers):
        raise ValueError("a header that does not stay in its line")
    line = f"HTTP/1.1 {status} {PHRASES.get(status, '')}\r\n".encode()
    closing = any(name.lower() == b"connection" and value.lower() == b"close" for name, value in headers)
    return Head(line, b"".join(b"%b: %b\r\n" % header for header in headers), closing)
