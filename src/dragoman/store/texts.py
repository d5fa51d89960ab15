"""What columns hold as JSON: names, scopes, facts, senders and places, to text and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from dragoman.core.model import Sender
from dragoman.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEPT = 256
"""Of names, scopes and facts, which are the same in most rows of a client; each is read once, and written once."""
_write_json = msgspec.json.Encoder().encode
_read_pair = msgspec.json.Decoder(tuple[str, str]).decode
_read_places = msgspec.json.Decoder(tuple[str, ...]).decode
"""For texts of our own making and for those of headers, in which there is no half of a surrogate pair: that would be
refused."""


@lru_cache(_KEPT)
def names_of(text: str) -> tuple[str, ...]:
    """The names that are stored so."""
    return tuple(json.loads(text))


@lru_cache(_KEPT)
def scope_of(text: str) -> Scope:
    """The scope that is stored so."""
    return Scope(names_of(text))


@lru_cache(_KEPT)
def facts_of(text: str) -> Mapping[str, str]:
    """The facts that are stored so."""
    return MappingProxyType(json.loads(text))


def array(names: Iterable[str]) -> str:
    """What is stored of names: an array of JSON."""
    return _array_of(tuple(names))


@lru_cache(_KEPT)
def _array_of(names: tuple[str, ...]) -> str:
    return json.dumps(names, separators=(",", ":"))


def scope_text(scope: Scope | None) -> str | None:
    """What is stored of a scope that may not be known."""
    return None if scope is None else array(scope)


@lru_cache(_KEPT)
def facts_text(facts: tuple[tuple[str, str], ...]) -> str:
    """What is stored of facts, given as names with what they hold."""
    return json.dumps(dict(facts), separators=(",", ":"))


def sender_text(sender: Sender | None) -> str | None:
    """What is stored of a sender."""
    return None if sender is None else _write_json((sender.address, sender.agent)).decode()


def sender_of(text: str | None) -> Sender | None:
    """The sender that is stored so, if one is."""
    if text is None:
        return None
    address, agent = _read_pair(text)
    return Sender(address=address, agent=agent)


def places_text(known_places: tuple[str, ...]) -> str:
    """What is stored of from where somebody has logged in."""
    return json.dumps(known_places, separators=(",", ":"))


def places_of(text: str | None) -> tuple[str, ...]:
    """The places that are stored so."""
    return _read_places(text) if text else ()
