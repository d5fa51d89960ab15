"""Bytes as base64url without padding (RFC 4648 §5, RFC 7515 §2)."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def base64url(value: bytes) -> bytes:
    """The text in ASCII, four characters for three bytes and no padding at the end."""
    return b2a_base64(value, newline=False).rstrip(b"=").translate(_URL_SAFE)


def from_base64url(text: bytes) -> bytes:
    """What was written so. Anything else gives something else, or ValueError: whoever did not write it compares."""
    return a2b_base64(text.translate(_STANDARD) + b"=" * (-len(text) % 4))
