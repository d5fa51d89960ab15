"""Whom a request really comes from, where a client speaks for its people: a back end on one address of its own."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.model import Client, TokenRequest


def from_end_user(request: TokenRequest, client: Client) -> TokenRequest:
    """The request with the address that this client tells of its end user, once it has shown who it is.

    Only a confidential client is believed, only in the header registered for it, and only one IP address without zone
    or port; of several lines or a list, the last. Whatever else stands there, the sender stays who sent it.
    """
    if client.end_user_address_header is None or not client.confidential:
        return request
    told = request.header(client.end_user_address_header)
    address = None if told is None else read_address(told.rpartition(",")[2].strip())
    return request if address is None else replace(request, sender=replace(request.sender, address=address))


def read_address(text: str) -> str | None:
    """The IP address in its one spelling, which of IPv4 written as IPv6 is IPv4's; None for anything else.

    None for one with a zone, too, which may hold any text.
    """
    try:
        return None if "%" in text else str(unmapped(ipaddress.ip_address(text)))
    except ValueError:
        return None


def unmapped(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """What is IPv4 as IPv4: a socket for both tells it as IPv6 (RFC 4291 §2.5.5.2)."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped
