"""Whom JWTs with our keys name that this server does not accept: told to the log, since nobody may have meant it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.http.log import Log

_MOST = 16


class OtherIssuers:
    """Each is told once: after a change of the issuer, every client comes with such tokens."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._told: set[str] = set()

    def tell(self, named: str) -> None:
        """A token of ours, by its signature, names this one."""
        if named not in self._told and len(self._told) < _MOST:
            self._told.add(named)
            self._log.write("warning", "other_issuer", issuer=named)
