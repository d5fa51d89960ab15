"""The URL of a database: what of it may be shown, and what is said where it leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from dragoman.importers.record import SourceFault

if TYPE_CHECKING:
    from dragoman.core.secret import Secret

MYSQL = frozenset({"mysql", "mariadb"})
POSTGRESQL = frozenset({"postgresql", "postgres"})


def scheme_of(url: Secret) -> str:
    """What stands before `://`."""
    return url.reveal().partition("://")[0].lower()


def split(url: Secret) -> SplitResult:
    """Its parts, of which host and port can be read. Raises SourceFault, with nothing of the address in it."""
    try:
        parts = urlsplit(url.reveal())
        _ = parts.hostname, parts.port
    except ValueError:
        raise SourceFault("the source is no address; write scheme://user@host/database") from None
    return parts


def shown(url: Secret) -> str:
    """Scheme, host and database, never user and password. Raises SourceFault."""
    parts = split(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def unreachable(shown_as: str, why: str) -> SourceFault:
    """What to say where nothing answers there, or lets nobody in."""
    return SourceFault(f"{shown_as}: cannot be reached: {why}; see that it runs, and that the address is right")


def unreadable(shown_as: str, why: str) -> SourceFault:
    """What to say of a connection that gives no rows."""
    return SourceFault(f"{shown_as}: cannot be read: {why}; see that its user may read the tables, and run this again")
