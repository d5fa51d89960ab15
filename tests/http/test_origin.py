"""Who sent a request, and how: what a trusted proxy itself has written, and nothing that passed through it."""

from __future__ import annotations

import ipaddress

import pytest

from dragoman.http.exchange import read_wire

PROXY, STRANGER = "10.0.0.1", "203.0.113.9"
TRUSTED = (ipaddress.ip_network("10.0.0.0/8"),)


def wire(*headers: tuple[str, str], peer: str = PROXY, scheme: str = "http"):
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    scope = {
        "method": "POST", "path": "/", "query_string": b"", "scheme": scheme, "client": (peer, 4000), "headers": sent,
    }  # fmt: skip
    return read_wire(scope, TRUSTED)


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
        (["198.51.100.1:4711"], PROXY),
        (["fe80::1%\x1b[31m"], PROXY),
        (["\xb9.1.1.1"], PROXY),
        (["3221225985"], PROXY),
    ],
)
def test_the_address_is_the_last_that_the_proxy_told_or_the_proxys_own(lines: list[str], address: str):
    assert wire(*(("x-forwarded-for", line) for line in lines)).address == address


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
    ("lines", "secure"), [([], True), (["https"], True), (["http"], False), (["https", "http"], False)]
)
def test_loopback_is_private_unless_a_proxy_there_says_otherwise(lines: list[str], secure: bool):
    seen = wire(*(("x-forwarded-proto", line) for line in lines), ("x-forwarded-for", "192.0.2.66"), peer="127.0.0.1")
    assert (seen.address, seen.secure) == ("127.0.0.1", secure)
