"""What counters are kept by: digests that tell nobody what they stand for, and that nobody can choose."""

from __future__ import annotations

import ipaddress
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from dragoman.core.ip_address import network_of
from dragoman.core.value import value
from dragoman.throttle.table import KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.throttle import Attempt

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PLACE_BYTES = 12


@value
class Keys:
    """All counters of one attempt."""

    account: bytes
    known: bool
    address: bytes
    shared_address: bool
    client: bytes


class Namer:
    """Makes the digests, all under one key of the installation."""

    def __init__(self, key: bytes, shared_addresses: Sequence[Network]) -> None:
        """`shared_addresses` are networks in which many people have one address in common."""
        self._digest = blake2b(digest_size=KEY_BYTES, key=key)
        self._shared = tuple(shared_addresses)
        self.address = lru_cache(maxsize=4096)(self._address)
        """The digest of an address, and whether many people have it in common."""

    def keys(self, attempt: Attempt) -> Keys:
        """All counters of this attempt."""
        address, shared = self.address(attempt.address)
        return Keys(
            account=self._of("account", attempt.account),
            known=attempt.known,
            address=address,
            shared_address=shared,
            client=self._of("client", attempt.client_id),
        )

    def keys_of_client(self, address: str, client_id: str) -> Keys:
        """Those of who sends a client's secret; clients that nobody knows have the empty id, and one counter."""
        digest, shared = self.address(address)
        return Keys(
            account=b"", known=False, address=digest, shared_address=shared, client=self._of("client", client_id)
        )

    def place(self, account_id: str, address: str) -> str:
        """Of an address for one account: in two accounts the same address cannot be told to be the same."""
        digest = self._of("place", f"{network_of(address)} {account_id}")
        return urlsafe_b64encode(digest[:_PLACE_BYTES]).decode()

    def _address(self, address: str) -> tuple[bytes, bool]:
        network = network_of(address)
        return self._of("address", network), bool(self._shared and network) and self._is_shared(network)

    def _is_shared(self, network: str) -> bool:
        read = ipaddress.ip_network(network)
        return any(read.version == one.version and read.overlaps(one) for one in self._shared)

    def _of(self, kind: str, text: str) -> bytes:
        digest = self._digest.copy()
        digest.update(f"{kind}\0{text}".encode("utf-8", "surrogatepass"))
        return digest.digest()
