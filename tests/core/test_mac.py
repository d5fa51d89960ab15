"""The prepared MAC is HMAC-SHA-256, whatever key, prefix and message."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.mac import Mac


@given(key=st.binary(max_size=200), prefix=st.binary(max_size=80), messages=st.lists(st.binary(max_size=300)))
def test_each_mac_is_what_the_standard_library_makes_of_it(key: bytes, prefix: bytes, messages: list[bytes]):
    mac = Mac(key, prefix)
    for message in messages:
        assert mac.digest(message) == hmac.digest(key, prefix + message, "sha256")


def test_it_does_not_print_its_key():
    assert "key" not in repr(Mac(b"key"))
