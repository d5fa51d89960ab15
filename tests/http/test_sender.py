"""Whom a request comes from, as the edge reads it."""

import ipaddress

from dragoman.http.exchange import read_wire
from dragoman.http.request import Request, RequestHead


def test_a_connection_without_an_address_is_nobodys_and_not_private():
    head = RequestHead(method="GET", path="/", query=b"", headers=(), peer="", encrypted=False)
    seen = read_wire(Request(head=head), (ipaddress.ip_network("10.0.0.0/8"),))
    assert (seen.address, seen.secure) == ("", False)
