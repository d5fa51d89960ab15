"""What an exchange needs, and why it may have to be left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dragoman.verification.cast import SECRET_MEMBERS, with_basic
from dragoman.verification.contract import Contract
from dragoman.verification.curl import curl_is_installed
from dragoman.verification.exchange import Exchange
from dragoman.verification.message import CurlText, without_placeholders
from dragoman.verification.placeholder import members_of

_VALUES = frozenset({"id", "name", "username", "email", "first_name", "last_name", *SECRET_MEMBERS})
"""Members that stand in exchanges as they are."""
_LISTS = frozenset({"scope", "scopes", "authorities", "audience"})
"""Members that stand in exchanges entry by entry."""
_MAIN_PARTS = frozenset({"server", "client", "user"})
"""Of these an exchange may speak without naming them."""


def reason_to_skip(
    contract: Contract, exchange: Exchange, settings: frozenset[str], members: Mapping[str, str]
) -> str | None:
    """Why an exchange cannot be judged with these settings and these members of the cast; None when it can."""
    needed = (*contract.chain(exchange), exchange)
    missing = sorted({setting for one in needed for setting in one.when} - settings)
    if missing:
        return f"holds only with the setting {_list(missing)}"
    hindering = sorted({setting for one in needed for setting in one.unless} & settings)
    if hindering:
        return f"does not hold with the setting {_list(hindering)}"
    unknown = sorted({name for one in needed for pieces in one.texts() for name in members_of(pieces)} - {*members})
    if unknown:
        return f"needs {_list(unknown)}, not given"
    if any(isinstance(one.request, CurlText) for one in needed) and not curl_is_installed():
        return "needs curl, which is not installed"
    spelt_out = next(_spelt_out(needed, with_basic(contract.cast.members(), contract.cast), members), None)
    return None if spelt_out is None else f"speaks of {spelt_out}, which was not given"


def _spelt_out(exchanges: tuple[Exchange, ...], cast: Mapping[str, str], members: Mapping[str, str]) -> Iterator[str]:
    """Facts of the cast that exchanges spell out and the members do not share, without those that are secret."""
    text = "\0".join(without_placeholders(pieces) for one in exchanges for pieces in one.texts())
    spoken_of = {name.partition(".")[0] for one in exchanges for pieces in one.texts() for name in members_of(pieces)}
    told = [(fact, name) for name, value in cast.items() for fact in dict.fromkeys(_facts(name, value))]
    all_owners: dict[str, list[str]] = {}
    for fact, name in told:
        all_owners.setdefault(fact, []).append(name)
    for fact, in_list in dict.fromkeys((fact, name.rpartition(".")[2] in _LISTS) for fact, name in told):
        owners = all_owners[fact]
        owners = [name for name in owners if name.partition(".")[0] in {*spoken_of, *_MAIN_PARTS}] or owners
        shared = any(fact in _facts(name, members.get(name, "")) for name in owners)
        if not shared and _stands_in(text, fact, in_list=in_list):
            secret = any(name.rpartition(".")[2] in SECRET_MEMBERS for name in owners)
            yield " or ".join(owners) + ("" if secret else f" {fact!r}")


def _facts(name: str, value: str) -> tuple[str, ...]:
    member = name.rpartition(".")[2]
    if member in _LISTS:
        return tuple(value.split())
    return (value,) if member in _VALUES and value else ()


def _stands_in(text: str, fact: str, *, in_list: bool) -> bool:
    """Whether a fact stands in a text: an entry of a list as a word, anything else as a whole value."""
    if in_list:
        return re.search(rf"(?<![\w.:/-]){re.escape(fact)}(?![\w.:/-])", text) is not None
    return re.search(rf'(?:["=]|[Bb]asic ){re.escape(fact)}(?:["&\n\0]|\Z)', text) is not None


def _list(names: list[str]) -> str:
    return ", ".join(names)
