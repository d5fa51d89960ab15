"""JSON as text: who writes it may differ, what it means does not."""

from __future__ import annotations

import json
from collections.abc import Callable

JsonWriter = Callable[[object], bytes]
"""Writes a value as JSON in UTF-8 without white space, members in order."""

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def write_json(value: object) -> bytes:
    """Escapes only what RFC 8259 §7 demands."""
    return _ENCODER.encode(value).encode()
