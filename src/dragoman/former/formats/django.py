"""django-oauth-toolkit: random texts, kept as they are in `oauth2_provider_refreshtoken`."""

from __future__ import annotations

from dragoman.former.format import FormerKey, OpaqueReader

LISTED = True


def open_format(key: FormerKey) -> OpaqueReader:
    """Without a key."""
    return OpaqueReader(key, str)
