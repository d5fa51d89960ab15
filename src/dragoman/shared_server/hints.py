"""Hints: what somebody else should look at again. They carry identifiers, never a value, and nobody believes more.

A hint on the wire is a word and, where the word needs one, an id: `client shop-app`, `keys`. Other words are for later
versions and are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

_CLIENT = "client"
_KEYS = "keys"
_LONGEST = 1024
"""Bytes. No id is as long; what is longer was not sent by us."""


@dataclass(frozen=True, slots=True)
class ClientChanged:
    """A client was changed, made or deleted."""

    client_id: str


@dataclass(frozen=True, slots=True)
class KeysChanged:
    """A key was added or retired."""


Hint: TypeAlias = ClientChanged | KeysChanged


def channel_of(prefix: str) -> str:
    """The channel on which hints go from one process of an installation to the others."""
    return f"{prefix}:hints"


def encode(hint: Hint) -> str:
    """The hint as it is sent."""
    match hint:
        case ClientChanged(client_id=client_id):
            return f"{_CLIENT} {client_id}"
        case KeysChanged():
            return _KEYS


def decode(message: bytes) -> Hint | None:
    """The hint in this message; None where there is none that this version knows."""
    if len(message) > _LONGEST:
        return None
    word, _, rest = message.decode("utf-8", "replace").partition(" ")
    if word == _CLIENT and rest:
        return ClientChanged(rest)
    return KeysChanged() if word == _KEYS and not rest else None
