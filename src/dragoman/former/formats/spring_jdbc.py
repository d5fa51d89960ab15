"""Spring Security OAuth 2.x with a JDBC store (JdbcTokenStore): random texts, whose MD5 is the key of their row.

What else it knows of a token is serialised Java, which is never read here.
"""

from __future__ import annotations

from hashlib import md5

from dragoman.former.format import FormerKey, OpaqueReader

LISTED = True


def _key_of(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def open_format(key: FormerKey) -> OpaqueReader:
    """Without a key."""
    return OpaqueReader(key, _key_of)
