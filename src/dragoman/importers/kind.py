"""What a kind of source is, and how it is found."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from dragoman.importers import kinds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from dragoman.core.secret import Secret
    from dragoman.importers.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where to read."""

    location: Path | Secret
    """A file, or the URL of a database that may hold a password."""
    mapping: Path | None = None
    """The file that says what the columns mean, for kinds that leave it open."""
    now: int = 0
    """Epoch seconds, for what ends at a time that the source names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutover:
    """What is known of a kind of server besides its rows: for `dragoman migrate plan`. Sentences, for a person."""

    dialects: tuple[str, ...] = ()
    """Those that its clients may speak, the likeliest first."""
    keys: tuple[str, ...] = ()
    """Which keys it has, and what becomes of them."""
    key_files: tuple[str, ...] = ()
    """Where those are that sign its access tokens, as its own manual names them: what `dragoman key import` brings."""
    sessions: tuple[str, ...] = ()
    """What becomes of who is logged in."""
    apis: tuple[str, ...] = ()
    """What APIs need that share its database, before the switch."""
    notes: tuple[str, ...] = ()
    """What else is different afterwards."""
    guide: str = ""
    """The page under docs/migrating, without its ending."""


class Kind(Protocol):
    """One kind of source. A module of the folder may also have a constant `CUTOVER`."""

    SUMMARY: str
    """What it reads, for the help."""

    def read(self, source: Source) -> AsyncIterator[Record]:
        """All clients, then all resource owners, each in an order that does not change. Raises SourceFault."""
        ...


class SessionKind(Kind, Protocol):
    """A kind of source that knows which refresh tokens are outstanding."""

    SESSION_FORMAT: str
    """What its tokens are, as the setting `former.format` names it."""

    def read_sessions(self, source: Source) -> AsyncIterator[Record]:
        """All of them, those that are over too, in an order that does not change. Raises SourceFault."""
        ...


def list_kinds() -> tuple[str, ...]:
    """The names of all kinds in the folder."""
    return tuple(sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(kinds.__path__)))


def load_session_kind(name: str) -> SessionKind | None:
    """The kind of this name, if it knows of refresh tokens."""
    kind = load_kind(name)
    return cast("SessionKind", kind) if hasattr(kind, "read_sessions") else None


def load_kind(name: str) -> Kind:
    """The kind of this name, one of those that `list_kinds` gives."""
    return cast("Kind", importlib.import_module(f"{kinds.__name__}.{name.replace('-', '_')}"))


def cutover_of(kind: Kind) -> Cutover:
    """What the kind says of moving away from its servers; nothing where it says nothing."""
    found = getattr(kind, "CUTOVER", None)
    return found if isinstance(found, Cutover) else Cutover()
