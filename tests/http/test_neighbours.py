"""Connections are counted by the address they come from, which of IPv6 is a whole network."""

from __future__ import annotations

import ipaddress

import pytest

from dragoman.serving.neighbours import Neighbours

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8:ffff::/48")]


def admitted(neighbours: Neighbours, *hosts: str) -> list[bool]:
    return [neighbours.admit(host) for host in hosts]


def test_an_address_has_so_many_and_no_more_until_one_has_gone():
    neighbours = Neighbours(2, [])
    assert admitted(neighbours, *["203.0.113.1"] * 3, "203.0.113.2") == [True, True, False, True]
    neighbours.release("203.0.113.1")
    assert admitted(neighbours, *["203.0.113.1"] * 2) == [True, False]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("203.0.113.1", "::ffff:203.0.113.1"),
        ("fe80::1%eth0", "fe80::2%eth0"),
    ],
)
def test_these_are_one_address(first: str, second: str):
    assert admitted(Neighbours(1, []), first, second) == [True, False]


@pytest.mark.parametrize(("first", "second"), [("2001:db8:1:2::1", "2001:db8:1:3::1"), ("0.0.0.1", "::1:0:0:0:1")])
def test_these_are_two(first: str, second: str):
    assert admitted(Neighbours(1, []), first, second) == [True, True]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "::ffff:127.0.0.9", "10.1.2.3", "::ffff:10.1.2.3", "2001:db8:ffff::1"]
)
def test_who_speaks_for_many_is_not_counted(host: str):
    neighbours = Neighbours(1, PROXIES)
    assert all(admitted(neighbours, *[host] * 100))
    neighbours.release(host)


def test_none_is_any_number():
    assert all(admitted(Neighbours(0, []), *["203.0.113.1"] * 100))
