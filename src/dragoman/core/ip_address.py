"""The addresses that requests come from: read strictly, spelt in one way, and what counts as one of them."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NETWORK_BITS = 64


def read_ip_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address, of IPv4 also where it is written as IPv6 (RFC 4291 §2.5.5.2).

    None for anything else, and for one with a zone, which may hold any text.
    """
    try:
        address = None if "%" in text else ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def is_this_machine(host: str) -> bool:
    """Whether a host of a URL is loopback: such an address, or a name that never leaves the machine (RFC 6761 §6.3)."""
    address = read_ip_address(host.strip("[]"))
    return host == "localhost" or host.endswith(".localhost") if address is None else address.is_loopback


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """What counts as one sender: an IPv4 address, or of IPv6 the /64 that everybody has at least (RFC 6177 §2).

    Nothing for what is no address.
    """
    read = read_ip_address(address.partition("%")[0])
    if read is None:
        return ""
    return str(IPv6Network((int(read), _NETWORK_BITS), strict=False)) if isinstance(read, IPv6Address) else str(read)
