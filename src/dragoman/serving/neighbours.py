"""Connections counted by where they come from, so that one address cannot have them all."""

from __future__ import annotations

import ipaddress
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.http.exchange import Network

_KNOWN = 4096
_HOST_BITS = 64
"""Of an IPv6 address: whoever has one has a whole /64 of them."""


class Neighbours:
    """How many connections each address has here."""

    def __init__(self, most: int, trusted_proxies: Sequence[Network]) -> None:
        """No address gets more than `most`, 0 for any number; but proxies and this machine speak for many."""
        self._most = most
        self._trusted = trusted_proxies
        self._counts: Counter[int] = Counter()
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
        """One that was admitted has gone."""
        key = self._key(host)
        if key is None:
            return
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]

    def _read(self, host: str) -> int | None:
        """What connections from there are counted under; None where nobody counts."""
        if not self._most:
            return None
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return None
        if isinstance(address, ipaddress.IPv6Address):
            mapped = address.ipv4_mapped
            if mapped is None:
                return None if self._is_spared(address) else -1 - (int(address) >> _HOST_BITS)
            address = mapped
        return None if self._is_spared(address) else int(address)

    def _is_spared(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return address.is_loopback or any(address in network for network in self._trusted)
