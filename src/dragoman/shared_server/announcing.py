"""Telling all processes of an installation what they should look at again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.shared_server.connection import connected
from dragoman.shared_server.hints import channel_of, encode

if TYPE_CHECKING:
    from dragoman.shared_server.address import Address
    from dragoman.shared_server.hints import Hint

_SECONDS = 0.5
"""For the connection, and again for the command: an operator waits for it, and it is only a hint."""


async def announce(address: Address, prefix: str, hint: Hint) -> None:
    """Send this hint to whoever listens now, after what it is about has been committed. Raises Away."""
    async with connected(address, _SECONDS) as connection:
        await connection.ask("PUBLISH", channel_of(prefix), encode(hint))
