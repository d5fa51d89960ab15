"""What may come in: everything privileged only where the operator named it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_HARMLESS = frozenset({"authorization_code", "client_credentials", "refresh_token"})
"""Grant types that RFC 9700 has nothing against. Every other one is a privilege."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What the command line said."""

    dialects: tuple[str, ...] = ()
    """What imported clients are spoken to in; without any, new ones in `standard`."""
    scope: tuple[str, ...] = ()
    """What clients may ask for where the source does not say."""
    grant_types: frozenset[str] = field(default_factory=frozenset)
    scopes: frozenset[str] = field(default_factory=frozenset)
    """Wildcards that may come in."""
    authorities: frozenset[str] = field(default_factory=frozenset)
    without_password: bool = False
    """Whether an account whose password hash cannot be used comes in without one."""
    without_second_factor: bool = False
    """Whether an account that had one comes in, to be opened with its password alone."""
    without_email: bool = False
    """Whether addresses stay out."""
    shared_ids: bool = False
    """Whether a client and a resource owner may have the same id."""
    update: bool = False
    """Whether what is here is made as the source has it."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """What the source gives somebody that did not come in."""

    what: str
    """With the reason, where there is no option."""
    option: str | None = None
    """What lets it in, as a shell reads it whatever the name is."""

    def __str__(self) -> str:
        return self.what if self.option is None else f"{self.what}: {self.option}"


def sort_grant_types(
    permissions: Permissions, known: Iterable[str], wanted: Iterable[str]
) -> tuple[tuple[str, ...], tuple[Withheld, ...]]:
    """The grant types that come in, and why the others do not; `known` are those of this server."""
    here = frozenset(known)
    kept, withheld = [], []
    for name in sorted(set(wanted)):
        if name not in here:
            withheld.append(Withheld(f"grant type {name}: not offered by this server"))
        elif name in _HARMLESS or name in permissions.grant_types:
            kept.append(name)
        else:
            withheld.append(Withheld(f"grant type {name}", f"--allow-grant {shlex.quote(name)}"))
    return tuple(kept), tuple(withheld)


def sort_scope(permissions: Permissions, wanted: Iterable[str]) -> tuple[tuple[str, ...], tuple[Withheld, ...]]:
    """The scope names that come in, and why the others do not: a wildcard only where it is allowed by name."""
    names = tuple(dict.fromkeys(wanted))
    withheld = tuple(name for name in names if "*" in name and name not in permissions.scopes)
    kept = tuple(name for name in names if name not in withheld)
    return kept, tuple(Withheld(f"scope {name}", f"--allow-scope {_quoted(name)}") for name in withheld)


def sort_authorities(permissions: Permissions, wanted: Iterable[str]) -> tuple[tuple[str, ...], tuple[Withheld, ...]]:
    """The authorities that come in, and why the others do not: only the operator knows which makes an administrator."""
    names = tuple(dict.fromkeys(wanted))
    kept = tuple(name for name in names if name in permissions.authorities)
    withheld = (name for name in names if name not in permissions.authorities)
    return kept, tuple(Withheld(f"authority {name}", f"--allow-authority {_quoted(name)}") for name in withheld)


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "'\"'\"'") + "'"
