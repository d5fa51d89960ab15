"""Bytes as base64url without padding (RFC 4648 §5, RFC 7515 §2)."""

from __future__ import annotations

from binascii import b2a_base64

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def base64url(value: bytes) -> bytes:
    """The text, in ASCII."""
    return b2a_base64(value, newline=False).rstrip(b"=").translate(_URL_SAFE)
