"""JSON as different servers write it: the same value, to the byte."""

from __future__ import annotations

import json
from enum import StrEnum


class JsonStyle(StrEnum):
    """How JSON text is escaped. No style writes white space."""

    PLAIN = "plain"
    """Only what RFC 8259 §7 demands."""
    ESCAPED = "escaped"
    """Also every solidus (`\\/`) and every character outside ASCII (`\\uXXXX`)."""


_ENCODERS = {
    JsonStyle.PLAIN: json.JSONEncoder(separators=(",", ":"), ensure_ascii=False),
    JsonStyle.ESCAPED: json.JSONEncoder(separators=(",", ":")),
}


def write_json(value: object, style: JsonStyle = JsonStyle.PLAIN) -> bytes:
    """The value as JSON text in UTF-8, without white space."""
    text = _ENCODERS[style].encode(value)
    return (text.replace("/", "\\/") if style is JsonStyle.ESCAPED else text).encode()
