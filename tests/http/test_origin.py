"""Who sent a request, and how: what a trusted proxy itself has written, and nothing that passed through it."""

from __future__ import annotations

import ipaddress

import pytest

from dragoman.http.exchange import read_wire
from dragoman.http.request import Request, RequestHead

PROXY, STRANGER = "10.0.0.1", "203.0.113.9"
TRUSTED = (ipaddress.ip_network("10.0.0.0/8"),)


def wire(*headers: tuple[str, str], peer: str = PROXY, scheme: str = "http"):
    sent = tuple((name.encode(), value.encode("latin-1")) for name, value in headers)
    head = RequestHead(method="POST", path="/", query=b"", headers=sent, peer=peer, encrypted=scheme == "https")
    return read_wire(Request(head=head), TRUSTED)


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        ([], PROXY),
        (["198.51.100.1"], "198.51.100.1"),
        (["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
        (["192.0.2.66", "198.51.100.1"], "198.51.100.1"),
        (["192.0.2.66,192.0.2.67", " 192.0.2.68 ,\t198.51.100.1 "], "198.51.100.1"),
        (["2001:DB8::1"], "2001:db8::1"),
        (["unknown"], PROXY),
        ([""], PROXY),
        (["192.0.2.66, "], PROXY),
        (["192.0.2.66", "not an address"], PROXY),
        (["198.51.100.1:4711"], "198.51.100.1"),
        (["fe80::1%\x1b[31m"], PROXY),
        (["\xb9.1.1.1"], PROXY),
        (["3221225985"], PROXY),
        (["::ffff:198.51.100.1"], "198.51.100.1"),
    ],
)
def test_the_address_is_the_last_that_the_proxy_told_or_the_proxys_own(lines: list[str], address: str):
    assert wire(*(("x-forwarded-for", line) for line in lines)).address == address


def test_on_a_socket_of_both_families_an_ipv4_peer_is_who_it_is_on_one_of_its_own():
    told = [("x-forwarded-for", "198.51.100.1")]
    assert wire(*told, peer=f"::ffff:{PROXY}").address == "198.51.100.1"
    assert wire(*told, peer=f"::ffff:{STRANGER}").address == STRANGER
    assert wire(peer="::ffff:127.0.0.1").secure


def test_a_stranger_tells_no_address_and_no_scheme():
    told = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-proto", "https")]
    seen = wire(*told, peer=STRANGER)
    assert (seen.address, seen.secure) == (STRANGER, False)


@pytest.mark.parametrize(
    ("lines", "secure"),
    [
        ([], False),
        (["https"], True),
        (["HTTPS"], True),
        (["http"], False),
        (["https", "http"], False),
        (["https, http"], False),
        (["http", "https"], True),
        (["https", ""], False),
    ],
)
def test_the_scheme_is_the_last_that_the_proxy_told(lines: list[str], secure: bool):
    assert wire(*(("x-forwarded-proto", line) for line in lines)).secure is secure


@pytest.mark.parametrize(
    ("lines", "secure"), [([], False), (["https"], True), (["http"], False), (["https", "http"], False)]
)
def test_loopback_behind_a_proxy_is_as_private_as_the_proxy_says(lines: list[str], secure: bool):
    seen = wire(*(("x-forwarded-proto", line) for line in lines), ("x-forwarded-for", "192.0.2.66"), peer="127.0.0.1")
    assert (seen.address, seen.secure) == ("127.0.0.1", secure)


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_a_proxy_on_loopback_that_tells_no_scheme_makes_nothing_private(name: str):
    assert wire(peer="127.0.0.1").secure
    assert not wire((name, "198.51.100.1"), peer="127.0.0.1").secure
    assert wire((name, "198.51.100.1"), peer="127.0.0.1", scheme="https").secure


UNBELIEVED = (
    ("x_forwarded_for", "198.51.100.1"),
    ("x_forwarded_proto", "https"),
    ("forwarded", "for=198.51.100.1;proto=https"),
    ("x-real-ip", "198.51.100.1"),
    ("x-forwarded-ssl", "on"),
    ("x-forwarded-scheme", "https"),
    ("front-end-https", "on"),
    ("x-url-scheme", "https"),
    ("x-forwarded-host", "login.example.com"),
    ("true-client-ip", "198.51.100.1"),
)


@pytest.mark.parametrize("header", UNBELIEVED)
@pytest.mark.parametrize("peer", [PROXY, STRANGER])
def test_t21_no_other_header_is_believed_not_even_from_a_trusted_proxy(header: tuple[str, str], peer: str):
    seen = wire(header, peer=peer)
    assert (seen.address, seen.secure) == (peer, False)


@pytest.mark.parametrize("header", UNBELIEVED)
def test_t21_no_other_header_takes_anything_from_what_a_trusted_proxy_says(header: tuple[str, str]):
    own = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https")]
    for lines in ([header, *own], [*own, header]):
        seen = wire(*lines)
        assert (seen.address, seen.secure) == ("192.0.2.1", True)


def test_a_proxy_is_trusted_on_a_socket_for_both_families_too():
    """There it is told as IPv6; not believed, all who come through it would be one address to the throttle."""
    told = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-proto", "https")]
    seen = wire(*told, peer=f"::ffff:{PROXY}")
    assert (seen.address, seen.secure) == ("198.51.100.1", True)


@pytest.mark.parametrize("peer", ["127.0.0.1", "::ffff:127.0.0.1", "::1"])
def test_loopback_is_private_on_a_socket_for_both_families_too(peer: str):
    assert wire(peer=peer).secure


@pytest.mark.parametrize("lines", [[], ["::ffff:203.0.113.9"]])
def test_an_address_of_ipv4_has_one_spelling(lines: list[str]):
    """Written as IPv6, all of them would be in one network, and have one turn together at the password hashes."""
    peer = PROXY if lines else f"::ffff:{STRANGER}"
    assert wire(*(("x-forwarded-for", line) for line in lines), peer=peer).address == STRANGER
