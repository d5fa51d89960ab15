"""Addresses of senders: one reading for all who count them."""

from __future__ import annotations

import pytest

from dragoman.core.ip_address import is_this_machine, network_of, read_ip_address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("not:an address", ""),
        ("", ""),
    ],
)
def test_a_sender_is_an_ipv4_address_in_whatever_spelling_or_a_64_of_ipv6(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("2001:DB8::0:1", "2001:db8::1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("fe80::1%\x1b[31m", "None"),
        ("192.0.2.1:4711", "None"),
        ("3221225985", "None"),
    ],
)
def test_an_address_has_one_spelling_and_nothing_beside_it(text: str, spelt: str) -> None:
    assert str(read_ip_address(text)) == spelt


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.9.0.1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("app.localhost", True),
        ("notlocalhost", False),
        ("192.0.2.1", False),
        ("localhost.example", False),
    ],
)
def test_loopback_is_told_by_address_and_by_the_names_that_never_leave_the_machine(host: str, own: bool) -> None:
    assert is_this_machine(host) is own
