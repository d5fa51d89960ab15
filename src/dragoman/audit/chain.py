"""A chain of lines: each ends with a MAC (HMAC-SHA-256, RFC 2104) over itself and the MAC of the line before it.

Who has not the key can change nothing in the middle of it without being found out: no byte, no line, no order. What
the last line was only somebody else can know, who has noted it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.mac import Mac

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_LENGTH = 64
"""Hexadecimal digits."""
_HASH = b',"hash":"'
_END = b'"}\n'
_TAIL_LENGTH = len(_HASH) + HASH_LENGTH + len(_END)
_NUMBERED = re.compile(rb',"chain":"([0-9a-z]{1,32})","number":([1-9][0-9]{0,18})$')


class Head(NamedTuple):
    """The last line of a chain: all that the next one needs to know."""

    number: int
    hash: bytes
    """In hexadecimal digits."""


START = Head(0, b"0" * HASH_LENGTH)
"""What stands before the first line."""


class Link(NamedTuple):
    """A line, taken apart."""

    body: bytes
    """What the MAC is over, besides the one before."""
    chain: str
    number: int
    hash: bytes

    @property
    def head(self) -> Head:
        """The chain's head as long as no line follows."""
        return Head(self.number, self.hash)


class Sealer:
    """Makes and checks lines with one key."""

    def __init__(self, key: bytes) -> None:
        self._mac = Mac(key)

    def seal(self, begun: bytes, chain: bytes, head: Head) -> tuple[bytes, Head]:
        """The next line, with its end, and the head that it makes.

        `begun` is a JSON object of facts without its closing brace.
        """
        return self.seal_all((begun,), chain, head)

    def seal_all(self, begun: Sequence[bytes], chain: bytes, head: Head) -> tuple[bytes, Head]:
        """The next lines, likewise: what `seal` does, for many at a time."""
        number, digest = head
        lines: list[bytes] = []
        for number, one in enumerate(begun, head.number + 1):
            body = b'%b,"chain":"%b","number":%d' % (one, chain, number)
            digest = self._mac.digest(digest + body).hex().encode()
            lines += (body, _HASH, digest, _END)
        return b"".join(lines), Head(number, digest)

    def follows(self, link: Link, previous: bytes) -> bool:
        """Whether this line was made after the one with this hash."""
        return self._mac.digest(previous + link.body).hex().encode() == link.hash


def take_apart(line: bytes) -> Link | None:
    """The line's parts, if it is one of a chain; whether it is genuine is another question."""
    body, tail = line[:-_TAIL_LENGTH], line[-_TAIL_LENGTH:]
    numbered = _NUMBERED.search(body)
    if numbered is None or not tail.startswith(_HASH) or not tail.endswith(_END):
        return None
    digest = tail[len(_HASH) : -len(_END)]
    return Link(body, numbered[1].decode(), int(numbered[2]), digest)
