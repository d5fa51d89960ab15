"""What differs between what is here and what the source has, as texts that anybody may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.core.model import Client, ResourceOwner

_SECRET = {"secrets": "secrets", "password_hash": "password"}
_DIFFERS = "differs"
PASSWORD_DIFFERS = f"{_SECRET['password_hash']}: {_DIFFERS}"
"""What is told of a password, whatever it is."""


def list_differences(
    known: Client | ResourceOwner | None, new: Client | ResourceOwner, members: Iterable[str]
) -> tuple[str, ...]:
    """One text for each member that the source speaks of and that is not the same here; all of it where none is."""
    return tuple(_told(known, new, name) for name in members if known is None or _differs(known, new, name))


def _differs(known: Client | ResourceOwner, new: Client | ResourceOwner, name: str) -> bool:
    old, wanted = getattr(known, name), getattr(new, name)
    if isinstance(wanted, Scope) or name in ("authorities", "audience"):
        return sorted(old) != sorted(wanted)  # other servers keep these as sets
    return bool(old != wanted)


def _told(known: Client | ResourceOwner | None, new: Client | ResourceOwner, name: str) -> str:
    wanted = getattr(new, name)
    if name in _SECRET:
        label = _SECRET[name]
        if known is not None:
            return f"{label}: {_DIFFERS}"
        return f"{label}: {'yes' if wanted else 'none'}"
    shown = _shown(wanted)
    return (
        f"{name}: {shown}" if known is None else f"{name}: {_shown(getattr(known, name))} here, {shown} in the source"
    )


def _shown(value: object) -> str:
    match value:
        case None | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case frozenset():
            return " ".join(sorted(value)) or "none"
        case tuple() | Scope():
            return " ".join(value) or "none"
        case _:
            return repr(value) if isinstance(value, str) else str(value)
