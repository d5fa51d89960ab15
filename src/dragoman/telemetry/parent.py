"""The `traceparent` of a request (W3C Trace Context §3.2): of which trace the exchange is a part."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_SAMPLED = 0x01


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The span that called us."""

    trace_id: int
    span_id: int
    sampled: bool


def read_parent(text: bytes | None) -> Parent | None:
    """The parent that the header names; None where it is missing or malformed: a new trace begins (§3.2.2.3, §4.3).

    Of a later version the known fields are read (§3.2.4).
    """
    found = None if text is None else _TRACEPARENT.fullmatch(text.strip(b" \t"))
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    parent = Parent(
        trace_id=int(trace_id, 16), span_id=int(span_id, 16), sampled=bool(int(flags, 16) & _SAMPLED)
    )  # fmt: skip
    malformed = version == b"ff" or (version == b"00" and more is not None)
    return None if malformed or not parent.trace_id or not parent.span_id else parent
