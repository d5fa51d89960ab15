"""What payloads and claims say, read strictly: whatever is of another type than its server writes is refused."""

from __future__ import annotations

_LATEST = 253402300799  # 9999-12-31
_LONGEST = 512


class Unclaimed(Exception):
    """A payload that is not what the server writes into its refresh tokens."""


def text_in(claims: dict[str, object], name: str) -> str:
    """A text that is there and not empty."""
    found = claims.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST:
        raise Unclaimed(name)
    return found


def key_in(claims: dict[str, object], name: str) -> str:
    """An identifier, which may be written as a number."""
    found = claims.get(name)
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**63:
        return str(found)
    return text_in(claims, name)


def time_in(claims: dict[str, object], name: str) -> int:
    """Epoch seconds."""
    found = claims.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= _LATEST:
        raise Unclaimed(name)
    return found


def names_in(claims: dict[str, object], name: str) -> tuple[str, ...]:
    """A list of texts, which may be empty."""
    found = claims.get(name)
    if not isinstance(found, list):
        raise Unclaimed(name)
    names = tuple(one for one in found if isinstance(one, str) and one and " " not in one)
    if len(names) < len(found):
        raise Unclaimed(name)
    return names
