"""HMAC-SHA-256 (RFC 2104) by a key that stays: both halves are prepared once, and each MAC is two copies of them."""

from __future__ import annotations

from hashlib import sha256

_BLOCK = 64


class Mac:
    """Authenticates messages with one key."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes, prefix: bytes = b"") -> None:
        """`prefix` stands before each message, so that one key serves several purposes apart."""
        padded = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded) + prefix)
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    def digest(self, message: bytes) -> bytes:
        """The MAC of the message, 32 bytes; whoever checks one compares with `hmac.compare_digest`."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()

    def __repr__(self) -> str:
        return "Mac(…)"
