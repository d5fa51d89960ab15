"""Sessions of the other server that began while it was watched: what ours would be, by its refresh tokens' digests.

They are in memory alone, so that a refresh can be compared without a row. A restart forgets them, and so does each
beyond the bound, the oldest first; then a refresh cannot be compared, and is counted as such.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING

from dragoman.core.model import RefreshHandle

if TYPE_CHECKING:
    from dragoman.core.model import Grant, GrantId
    from dragoman.core.secret import Secret

MOST = 10_000


class Sessions:
    """By a keyed digest of the other server's refresh token; the key is of this process and never leaves it."""

    def __init__(self, most: int = MOST) -> None:
        """At most so many sessions are kept; the one that was used the longest ago makes room."""
        self._key = secrets.token_bytes(32)
        self._most = most
        self._handles: dict[bytes, RefreshHandle] = {}
        self._grants: dict[GrantId, Grant] = {}

    def remember(self, refresh_token: str, grant: Grant) -> None:
        """The other server's token stands for our grant, as it is now."""
        self._grants.pop(grant.id, None)
        self._grants[grant.id] = grant
        digest = self._digest(refresh_token)
        self._handles.pop(digest, None)
        self._handles[digest] = RefreshHandle(grant_id=grant.id, generation=grant.generation)
        if len(self._grants) > self._most:
            del self._grants[next(iter(self._grants))]
        if len(self._handles) > 2 * self._most:
            del self._handles[next(iter(self._handles))]

    def read(self, presented: Secret) -> RefreshHandle | None:
        """What ours would say in place of this token, if its session is remembered."""
        handle = self._handles.get(self._digest(presented.reveal()))
        return handle if handle is not None and handle.grant_id in self._grants else None

    def find(self, grant_id: GrantId) -> Grant | None:
        """Our grant, as it would stand."""
        return self._grants.get(grant_id)

    def _digest(self, token: str) -> bytes:
        return hmac.digest(self._key, token.encode("utf-8", "surrogatepass"), sha256)
