"""Clients, read once and kept for a moment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.model import Client
    from dragoman.core.ports import Clients

_LONGEST_ID = 256


class CachedClients:
    """Clients at most `staleness` seconds old, whoever changed them meanwhile and in whatever process.

    What is forgotten is read again when it is next asked for, also where a look-up was under way that may have come too
    early. Unknown ids are remembered too, apart from the known: inventing ids pushes no client out. At most `size` of
    each.
    """

    def __init__(
        self, clients: Clients, monotonic: Callable[[], float], *, staleness: float = 1.0, size: int = 1024
    ) -> None:
        self._clients = clients
        self._monotonic = monotonic
        self._staleness = staleness
        self._size = size
        self._known: dict[str, tuple[float, Client]] = {}
        self._unknown: dict[str, float] = {}
        self._forgotten: dict[str, float] = {}
        self._all_forgotten = -math.inf

    def keep_for(self, seconds: float) -> None:
        """From now on clients are at most so many seconds old, those that are kept already among them."""
        self._staleness = seconds

    def forget(self, client_id: str) -> None:
        """Read this client again when it is next asked for: it may have changed."""
        self._drop(client_id)
        if len(client_id) <= _LONGEST_ID:
            self._forgotten.pop(client_id, None)
            self._forgotten[client_id] = self._monotonic()
            _drop_oldest(self._forgotten, self._size)

    def forget_all(self) -> None:
        """Read every client again when it is next asked for: any of them may have changed."""
        self._known.clear()
        self._unknown.clear()
        self._forgotten.clear()
        self._all_forgotten = self._monotonic()

    async def find_client(self, client_id: str) -> Client | None:
        """The client with exactly this id, byte for byte. Refuses as what is behind it, and remembers no refusal."""
        now = self._monotonic()
        known = self._known.get(client_id)
        if known is not None and now - known[0] < self._staleness:
            return known[1]
        unknown_since = self._unknown.get(client_id)
        if unknown_since is not None and now - unknown_since < self._staleness:
            return None
        client = await self._clients.find_client(client_id)
        self._remember(client_id, client, now)
        return client

    def _remember(self, client_id: str, client: Client | None, now: float) -> None:
        """Under the time before the look-up, so that what is kept is never older than it seems."""
        self._drop(client_id)
        if now <= max(self._all_forgotten, self._forgotten.get(client_id, -math.inf)):
            return
        if client is not None:
            self._known[client_id] = (now, client)
            _drop_oldest(self._known, self._size)
        elif len(client_id) <= _LONGEST_ID:
            self._unknown[client_id] = now
            _drop_oldest(self._unknown, self._size)

    def _drop(self, client_id: str) -> None:
        self._known.pop(client_id, None)
        self._unknown.pop(client_id, None)


def _drop_oldest(entries: dict[str, tuple[float, Client]] | dict[str, float], size: int) -> None:
    if len(entries) > size:
        del entries[next(iter(entries))]
