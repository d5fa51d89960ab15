"""Whom a request really comes from, where a client speaks for its people: a back end on one address of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.core.ip_address import read_ip_address

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
    address = None if told is None else read_ip_address(told.rpartition(",")[2].strip())
    return request if address is None else replace(request, sender=replace(request.sender, address=str(address)))
