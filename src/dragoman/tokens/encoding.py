"""Bytes as text: base64url (RFC 4648 §5, no padding), lower-case hexadecimal, and 8-4-4-4-12.

Reading is strict: every value has exactly one spelling, and any other is refused.
"""

from __future__ import annotations

import re

from dragoman.core.base64url import base64url, from_base64url
from dragoman.core.model import TokenId
from dragoman.core.template_values import print_guid

_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
GUID_BYTES = 16


def spell(value: bytes, encoding: str) -> str:
    """The value as text; `guid` holds 16 bytes, no more and no less."""
    match encoding:
        case "base64url":
            return base64url(value).decode()
        case "hex":
            return value.hex()
        case "guid" if len(value) == GUID_BYTES:
            return print_guid(TokenId(value))
        case _:
            raise ValueError(f"{len(value)} bytes cannot be spelled as {encoding}")


def unspell(text: str, encoding: str) -> bytes | None:
    """The value, if the text is its one spelling."""
    match encoding:
        case "base64url":
            return _unspell_base64url(text)
        case "hex":
            return bytes.fromhex(text) if _HEX.fullmatch(text) else None
        case "guid":
            return bytes.fromhex(text.replace("-", "")) if _GUID.fullmatch(text) else None
        case _:
            return None


def spelled_length(size: int, encoding: str) -> int:
    """How many characters that many bytes take."""
    match encoding:
        case "base64url":
            return (size * 8 + 5) // 6
        case "hex":
            return size * 2
        case _:
            return 36


def _unspell_base64url(text: str) -> bytes | None:
    """What the library reads over, strange characters and the last one's spare bits, is not written again so."""
    try:
        written = text.encode()
        value = from_base64url(written)
    except ValueError:
        return None
    return value if base64url(value) == written else None
