"""Listening for hints for as long as a process lives, whatever becomes of the shared server meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from dragoman.shared_server.connection import connected
from dragoman.shared_server.faults import Away
from dragoman.shared_server.hints import channel_of, decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.circuit import Circuit
    from dragoman.shared_server.address import Address
    from dragoman.shared_server.connection import Connection
    from dragoman.shared_server.hints import Hint

_SECONDS = 1.0
"""For a connection, for a command, and for a sign of life when nothing has been heard."""
_MOST_AT_ONCE = 100
_MOST_A_SECOND = 20


class Hearer(Protocol):
    """Who is told of hints; never called from two places at once."""

    def began(self) -> None:
        """From now on every hint is heard. What was said before this is not known."""
        ...

    def ended(self, reason: str) -> None:
        """From now on nothing is heard; also where it could not begin."""
        ...

    def hear(self, hint: Hint) -> None:
        """Take in one hint: this should be looked at again."""
        ...


async def listen(
    address: Address, prefix: str, hearer: Hearer, circuit: Circuit, monotonic: Callable[[], float]
) -> None:
    """Never returns. A silent server is noticed within two seconds; more hints than anyone has reason to send end it.

    `monotonic` gives seconds.
    """
    while True:
        await asyncio.sleep(circuit.wait_seconds())
        try:
            async with connected(address, _SECONDS) as connection:
                await connection.ask("SUBSCRIBE", channel_of(prefix))
                circuit.succeeded()
                hearer.began()
                await _hear_all(connection, hearer, monotonic)
        except Away as away:
            circuit.failed()
            hearer.ended(str(away))


async def _hear_all(connection: Connection, hearer: Hearer, monotonic: Callable[[], float]) -> None:
    """Raises Away in the end."""
    allowance, since, asked = float(_MOST_AT_ONCE), monotonic(), False
    while True:
        answer = await connection.read(_SECONDS)
        if answer is None and asked:
            raise Away("no answer in time")
        asked = answer is None
        if asked:
            await connection.send("PING")
        message = _message_in(answer)
        if message is None:
            continue
        now = monotonic()
        allowance, since = min(allowance + _MOST_A_SECOND * (now - since), _MOST_AT_ONCE) - 1, now
        if allowance < 0:
            raise Away("somebody sends too many hints")
        hint = decode(message)
        if hint is not None:
            hearer.hear(hint)


def _message_in(answer: object) -> bytes | None:
    match answer:
        case [b"message", _, bytes(message)]:
            return message
    return None
