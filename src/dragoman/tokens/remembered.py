"""Tokens that a key vouches for and that were read before: what they say does not change while their key is good."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.model import AccessToken
    from dragoman.tokens.keys import Key

MOST = 4096
"""Each takes about a kilobyte."""


@dataclass(frozen=True, slots=True)
class _Read:
    key: Key
    token: AccessToken


class RememberedTokens:
    """The tokens read last, by the digest of their exact text: an API that asks about one asks again.

    Only what a signature or a seal stands for is remembered. Whether the token has expired or was revoked is asked each
    time. Nothing here outlives its keyring: another set of keys gets a memory of its own.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._read: dict[bytes, _Read] = {}

    def find(self, text: str, now: int) -> AccessToken | None:
        """What this token says, if it was found good before and its key still is."""
        read = self._read.get(_digest(text))
        return read.token if read is not None and read.key.is_good(now) else None

    def keep(self, text: str, key: Key, token: AccessToken) -> None:
        """This key signed or sealed it; the oldest gives way."""
        if len(self._read) >= self._most:
            del self._read[next(iter(self._read))]
        self._read[_digest(text)] = _Read(key, token)


def _digest(text: str) -> bytes:
    """The tokens themselves are not kept: memory may end up in a core file."""
    return sha256(text.encode()).digest()
