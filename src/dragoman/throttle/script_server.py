"""The shared server that runs the throttle's script: asked over a few connections, and not waited for while away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from dragoman.shared_server.connection import connected
from dragoman.shared_server.faults import Away
from dragoman.throttle.script import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from dragoman.core.circuit import Circuit
    from dragoman.shared_server.address import Address
    from dragoman.shared_server.connection import Connection

SECONDS: Final = 0.25
"""For one command, while a request waits."""
MOST_CONNECTIONS: Final = 8
"""Of one process, at once; `serving.descriptors` keeps so many back."""


class ScriptServer:
    """A few connections, used by turns; one that failed once is not used again."""

    def __init__(
        self, address: Address, circuit: Circuit, tell: Callable[[str | None], None], seconds: float = SECONDS
    ) -> None:
        """`tell` gets the reason when it is of no use, and None when it is back; `seconds` are for one command."""
        self._address = address
        self._seconds = seconds
        self._circuit = circuit
        self._tell = tell
        self._told: str | None = None
        self._turns = asyncio.Semaphore(MOST_CONNECTIONS)
        self._idle: list[_Open] = []

    async def ask(self, words: Sequence[str]) -> object:
        """What the script answers, or None; after a failure nobody tries for a moment."""
        if self._circuit.wait_seconds() > 0:
            return None
        try:
            async with asyncio.timeout(2 * self._seconds):
                answer = await self._ask(words)
        except (Away, TimeoutError) as away:
            self._circuit.failed()
            self._say(str(away) or "no answer in time")
            return None
        self._circuit.succeeded()
        self._say(None)
        return answer

    async def close(self) -> None:
        """Let go of the connections at rest."""
        while self._idle:
            await self._idle.pop().close()

    async def _ask(self, words: Sequence[str]) -> object:
        async with self._turns:
            one = self._idle.pop() if self._idle else await _open(self._address, self._seconds)
            try:
                answer = await one.connection.ask("EVALSHA", one.script, *words)
            except BaseException:
                await one.close()
                raise
            self._idle.append(one)
            return answer

    def _say(self, reason: str | None) -> None:
        if (reason is None) is not (self._told is None):
            self._tell(reason)
        self._told = reason


class _Open:
    """One connection, and what the script is called on it."""

    def __init__(self, entered: AbstractAsyncContextManager[Connection], connection: Connection, script: str) -> None:
        self._entered = entered
        self.connection = connection
        self.script = script

    async def close(self) -> None:
        await self._entered.__aexit__(None, None, None)


async def _open(address: Address, seconds: float) -> _Open:
    """Raises Away."""
    entering = connected(address, seconds)
    connection = await entering.__aenter__()
    try:
        script = await connection.ask("SCRIPT", "LOAD", SCRIPT)
    except BaseException:
        await entering.__aexit__(None, None, None)
        raise
    if not isinstance(script, bytes):
        await entering.__aexit__(None, None, None)
        raise Away("what answers is neither Redis nor Valkey")
    return _Open(entering, connection, script.decode("ascii", "replace"))
