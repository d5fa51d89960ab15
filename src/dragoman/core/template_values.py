"""The values that claims, answers and resource bodies may name in a dialect file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from struct import Struct

from dragoman.core.base64url import base64url
from dragoman.core.model import ResourceOwner, TokenFacts, TokenId

TokenGetter = Callable[[TokenFacts], object]
_GUID = Struct(">IHHHHI")
_SETS_KEPT = 1024
"""Different sets of authorities whose order is remembered: many people have the same, and each refresh prints it."""


@lru_cache(maxsize=_SETS_KEPT)
def hash_set_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names in the order in which a chained hash table with 31-polynomial string hashes would list them.

    The table is made for as many names as there are and doubles once it is more than three quarters full; names go in
    alphabetically. Servers on such tables print sets in this order, and clients have come to see it as the order.
    """
    ordered = sorted(set(names))
    buckets = 1
    while len(ordered) > buckets * 0.75:
        buckets *= 2
    return tuple(sorted(ordered, key=lambda name: _bucket(name, buckets)))


def _bucket(name: str, buckets: int) -> int:
    code = 0
    units = name.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (code * 31 + (high << 8 | low)) & 0xFFFFFFFF
    return (code ^ (code >> 16)) & (buckets - 1)


def _owner(read: Callable[[ResourceOwner], object]) -> TokenGetter:
    return lambda facts: None if facts.resource_owner is None else read(facts.resource_owner)


def _authorities(facts: TokenFacts) -> tuple[str, ...]:
    return facts.client.authorities if facts.resource_owner is None else facts.resource_owner.authorities


def _refresh_expires_at(facts: TokenFacts) -> int | None:
    return None if facts.grant is None else facts.grant.expires_at


def _refresh_issued_at(facts: TokenFacts) -> int | None:
    return None if facts.grant is None else facts.grant.rotated_at or facts.grant.created_at


def print_guid(token_id: TokenId) -> str:
    """128 bits, printed as UUIDs are (RFC 9562 §4): 8-4-4-4-12. All of them count; a version 4 has only 122."""
    return "{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}".format(*_GUID.unpack(token_id))


def print_long_hex(token_id: TokenId) -> str:
    """80 hexadecimal characters: the identifier, and a digest of it to fill them."""
    return (token_id + sha256(token_id).digest()[:24]).hex()


def print_base64url(token_id: TokenId) -> str:
    """As base64url without padding (RFC 4648 §5): 22 characters for its 16 bytes."""
    return base64url(token_id).decode()


IDENTIFIER_SPELLINGS: Mapping[str, Callable[[TokenId], str]] = {
    "guid": print_guid,
    "long_hex": print_long_hex,
    "base64url": print_base64url,
}
"""What stands after `token_id.` in a dialect file, and what it writes."""


def _token_id(spell: Callable[[TokenId], str]) -> TokenGetter:
    return lambda facts: spell(facts.token_id)


def _refresh_id(spell: Callable[[TokenId], str]) -> TokenGetter:
    return lambda facts: None if facts.refresh_id is None else spell(facts.refresh_id)


def _number_or_text(text: str) -> int | str:
    """A number only where its one spelling is the text: two ids must not become one number."""
    return int(text) if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") else text


def _one_or_list(names: tuple[str, ...]) -> object:
    match names:
        case ():
            return None
        case (only,):
            return only
        case _:
            return list(names)


FIELDS = ("issuer", "client.id", "client.name", "grant_type", "issued_at", "expires_at")
"""Values that are a field, and are called by its path."""

TOKEN_VALUES: Mapping[str, TokenGetter] = {
    **{path: attrgetter(path) for path in FIELDS},
    "resource_owner.id": _owner(lambda owner: owner.id),
    "resource_owner.number": _owner(lambda owner: _number_or_text(owner.id)),
    "resource_owner.username": _owner(lambda owner: owner.username),
    "resource_owner.email": _owner(lambda owner: owner.email or ""),
    "resource_owner.first_name": _owner(lambda owner: owner.first_name),
    "resource_owner.last_name": _owner(lambda owner: owner.last_name),
    "subject": lambda facts: facts.client.id if facts.resource_owner is None else facts.resource_owner.id,
    "authorities": lambda facts: list(_authorities(facts)),
    "authorities.hash_set": lambda facts: hash_set_order(_authorities(facts)),
    "scope": lambda facts: str(facts.scope),
    "scope.list": lambda facts: list(facts.scope),
    "audience": lambda facts: _one_or_list(facts.audience),
    "audience.list": lambda facts: list(facts.audience),
    **{f"token_id.{name}": _token_id(spell) for name, spell in IDENTIFIER_SPELLINGS.items()},
    **{f"refresh_token_id.{name}": _refresh_id(spell) for name, spell in IDENTIFIER_SPELLINGS.items()},
    "refresh_token_issued_at": _refresh_issued_at,
    "refresh_token_expires_at": _refresh_expires_at,
}
"""Each value by the name that dialect files use."""

ALGORITHM_MARK = "\x00algorithm"
KEY_ID_MARK = "\x00key_id"

KEY_VALUES: Mapping[str, TokenGetter] = {
    "algorithm": lambda _facts: ALGORITHM_MARK,
    "key_id": lambda _facts: KEY_ID_MARK,
}
"""What a JOSE header may name besides: marks that the token format replaces once it has chosen the key."""

HEADER_VALUES: Mapping[str, TokenGetter] = {**TOKEN_VALUES, **KEY_VALUES}
