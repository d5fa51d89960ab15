"""What an error of PostgreSQL or of the way to it means for those who wait."""

from __future__ import annotations

import asyncpg

from dragoman.core.errors import OAuthError, Refusal

CERTAINLY_UNDONE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""The server has taken back all of it and asks to try again: the only errors after which something is done twice."""

ANY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, EOFError)
"""Whatever the driver raises; the third, if a connection is used while the server is just closing it. A timeout is an
OSError; so is a name that cannot be resolved and a failed handshake."""

_PASSING = ("08", "53", "55", "57", "58", "XX")
"""Classes and codes (PostgreSQL, appendix A): connection, resources, an object that is in use or locked, intervention,
system error, damage."""
_TAKEN_AWAY = ("42501", "42P01")
"""A right and a table."""
_LOSING = ("08", "57P", "25P", "25006", "26")
"""Those after which the connection is of no use: it is closed, the server ends, it has become a standby, or has
forgotten what was prepared."""
_REFUSING = ("25P", "25006", "26", "40")


def is_lost(error: BaseException) -> bool:
    """Whether the connection cannot be used again, even if the server answered."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_LOSING)
    return isinstance(error, ANY)


def refusal_of(error: BaseException) -> OAuthError | None:
    """The refusal that it comes to; None if the statement itself is at fault, which no waiting would mend."""
    if isinstance(error, asyncpg.PostgresError):
        passing = (error.sqlstate or "").startswith(_PASSING + _REFUSING)
        return refusal(told(error)) if passing else None
    return refusal(told(error)) if isinstance(error, ANY) else None


def refusal_of_ours(error: BaseException) -> OAuthError | None:
    """As `refusal_of`, for statements that no operator wrote: what they lack was taken away, and may be given back."""
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate in _TAKEN_AWAY:
        return refusal(told(error))
    return refusal_of(error)


def refusal(detail: str) -> OAuthError:
    """503 for whoever asked; the detail is for the audit."""
    return OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, detail)


def told(error: BaseException) -> str:
    """One line without the values of a row."""
    if isinstance(error, asyncpg.PostgresError):
        return f"{error.args[0] if error.args else type(error).__name__} ({error.sqlstate})"
    return str(error).partition("\n")[0] or type(error).__name__
