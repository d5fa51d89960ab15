"""What counters are kept by: digests that tell nobody what they stand for, and that nobody can choose."""

from __future__ import annotations

import ipaddress
import re
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
_WRITTEN = re.compile(rf"[0-9a-f]{{{6 * KEY_BYTES}}}(?:0[01]){{2}}")


@value
class Keys:
    """All counters of one attempt."""

    account: bytes
    known: bool
    address: bytes
    shared_address: bool
    client: bytes


def write_keys(keys: Keys) -> str:
    """The digests as one word; nobody without the installation's key can write those of anybody."""
    flags = bytes([keys.known, keys.shared_address])
    return (keys.account + keys.address + keys.client + flags).hex()


def read_keys(text: str) -> Keys | None:
    """The keys that were written so; None where they were not."""
    if not _WRITTEN.fullmatch(text):
        return None
    whole = bytes.fromhex(text)
    account, address, client = (whole[at : at + KEY_BYTES] for at in range(0, 3 * KEY_BYTES, KEY_BYTES))
    known, shared = whole[3 * KEY_BYTES :]
    return Keys(account=account, known=bool(known), address=address, shared_address=bool(shared), client=client)


class Namer:
    """Makes the digests, all under one key of the installation."""

    def __init__(self, key: bytes, shared_addresses: Sequence[Network]) -> None:
        """`shared_addresses` are networks in which many people have one address in common."""
        self._digest = blake2b(digest_size=KEY_BYTES, key=key)
        self._shared = tuple(shared_addresses)
        self.address = lru_cache(maxsize=4096)(self._address)
        """The digest of an address, and whether many people have it in common."""

    def keys(self, attempt: Attempt) -> Keys:
        """The names of all counters that this attempt is counted by; nobody can be read from them."""
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
