"""What a server does about hints: it looks again. While it cannot hear any, it keeps clients for a second only."""

from __future__ import annotations

import random
import time
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.circuit import Circuit
from dragoman.shared_server.address import read_address, tls_context
from dragoman.shared_server.hints import ClientChanged, KeysChanged

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration
    from dragoman.http.log import Log
    from dragoman.shared_server.address import Address
    from dragoman.shared_server.hints import Hint
    from dragoman.store.cache.clients import CachedClients
    from dragoman.wiring.chores import Chore

_STALENESS_WITHOUT_HINTS = 1.0


def hint_chores(
    configuration: Configuration, clients: CachedClients, look_at_keys: asyncio.Event, log: Log
) -> Iterator[Chore]:
    """The chore of listening for hints; none where `shared` names no server for them. Raises SharedFault."""
    url = configuration.shared_location()
    if url is None:
        return
    address = read_address(url)
    if address.tls is not None:
        tls_context(address.tls)
    hearer = Hearing(clients, configuration.client_cache_seconds, look_at_keys, log, address.shown)
    yield partial(_listen, address, configuration.shared_prefix, hearer)


async def _listen(address: Address, prefix: str, hearer: Hearing) -> None:
    from dragoman.shared_server.listening import listen  # noqa: PLC0415 (a server without hints needs no such driver)

    circuit = Circuit(time.monotonic, random.SystemRandom().random)
    try:
        await listen(address, prefix, hearer, circuit, time.monotonic)
    finally:
        hearer.keep_briefly()


class Hearing:
    """Drops clients and wakes who looks after the keys (`shared.listening.Hearer`); one line when hints end or return.

    A hint makes this process read again what is true, and nothing else.
    """

    def __init__(
        self, clients: CachedClients, staleness: float, look_at_keys: asyncio.Event, log: Log, shown: str
    ) -> None:
        """Clients may be `staleness` seconds old while every hint is heard, and else one second at most."""
        self._clients = clients
        self._staleness = staleness
        self._look_at_keys = look_at_keys
        self._log = log
        self._shown = shown
        self._told = False
        self.keep_briefly()

    def began(self) -> None:
        """What was read before is forgotten: its hint may have come when nobody listened."""
        self._clients.forget_all()
        self._clients.keep_for(self._staleness)
        self._look_at_keys.set()
        if self._told:
            self._log.write("info", "shared_back", server=self._shown)
        self._told = False

    def ended(self, reason: str) -> None:
        """A change of a client is noticed after a second at the latest."""
        self.keep_briefly()
        if not self._told:
            self._log.write("warning", "shared_away", server=self._shown, reason=reason)
        self._told = True

    def hear(self, hint: Hint) -> None:
        """Look again."""
        match hint:
            case ClientChanged(client_id=client_id):
                self._clients.forget(client_id)
            case KeysChanged():
                self._look_at_keys.set()

    def keep_briefly(self) -> None:
        """Nothing is heard: what was read a second ago is read again."""
        self._clients.keep_for(min(self._staleness, _STALENESS_WITHOUT_HINTS))
