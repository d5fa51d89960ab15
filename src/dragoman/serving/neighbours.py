"""Connections counted by where they come from, so that one address cannot have them all."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from dragoman.core.ip_address import network_of, read_ip_address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address, IPv6Address

    from dragoman.http.exchange import Network

_KNOWN = 4096


class Neighbours:
    """How many connections each address has here."""

    def __init__(self, most: int, trusted_proxies: Sequence[Network]) -> None:
        """No address gets more than `most`, 0 for any number; but proxies and this machine speak for many."""
        self._most = most
        self._trusted = trusted_proxies
        self._counts: Counter[str] = Counter()
        self._key = lru_cache(maxsize=_KNOWN)(self._read)

    def admit(self, host: str) -> bool:
        """Whether there is room for one more from there; if so, it is counted."""
        key = self._key(host)
        if key is None:
            return True
        if self._counts[key] >= self._most:
            return False
        self._counts[key] += 1
        return True

    def release(self, host: str) -> None:
        """Note that a connection which was admitted has gone."""
        key = self._key(host)
        if key is None:
            return
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]

    def _read(self, host: str) -> str | None:
        """What connections from there are counted under; None where nobody counts."""
        if not self._most:
            return None
        address = read_ip_address(host.partition("%")[0])
        return None if address is None or self._is_spared(address) else network_of(host)

    def _is_spared(self, address: IPv4Address | IPv6Address) -> bool:
        return address.is_loopback or any(address in network for network in self._trusted)
