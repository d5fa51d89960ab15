"""One connection to the shared server: nothing that it does takes longer than it may, and whatever fails is `Away`."""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Protocol

from redis import exceptions
from redis.asyncio import Connection as PlainConnection
from redis.asyncio import SSLConnection

from dragoman.shared_server.address import tls_context
from dragoman.shared_server.faults import Away, SharedFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from dragoman.shared_server.address import Address

_RESP = 2
"""The protocol's version: it has messages and answers in one stream, which suits one reader."""
_FAILURES = (exceptions.RedisError, OSError, EOFError, ValueError, RecursionError)
"""Whatever the driver raises; the last two for a server that speaks something else."""


class _Wire(Protocol):
    """What is used of the driver's connection, which has no types of its own."""

    async def connect(self) -> None: ...

    async def disconnect(self, nowait: bool) -> None: ...

    async def send_command(self, *words: str | bytes) -> None: ...

    async def read_response(self, *, timeout: float | None, disconnect_on_error: bool) -> object: ...  # noqa: ASYNC109


class Connection:
    """For one task. Broken after the first `Away`, unless that says it refuses a command."""

    def __init__(self, wire: _Wire, seconds: float) -> None:
        """Each answer has to come within `seconds`."""
        self._wire = wire
        self._seconds = seconds

    async def ask(self, command: str, *words: str) -> object:
        """The answer to this command. Raises Away."""
        await self.send(command, *words)
        answer = await self.read(self._seconds, command)
        if answer is None:
            raise Away("no answer in time")
        return answer

    async def send(self, command: str, *words: str) -> None:
        """Send without waiting for an answer. Raises Away."""
        with _translated(command):
            async with asyncio.timeout(self._seconds):
                await self._wire.send_command(command, *words)

    async def read(self, seconds: float, command: str = "") -> object | None:
        """The next answer or message, or None if there is none within this time. Raises Away."""
        with _translated(command):
            return await self._wire.read_response(timeout=seconds, disconnect_on_error=True)


@asynccontextmanager
async def connected(address: Address, seconds: float) -> AsyncIterator[Connection]:
    """A connection that may be used, until the block ends. To make it, and each command, takes so long at most.

    Raises Away.
    """
    wire = _wire(address, seconds, await _context(address))
    try:
        with _translated("AUTH or SELECT"):
            async with asyncio.timeout(seconds):
                await wire.connect()
        yield Connection(wire, seconds)
    finally:
        await wire.disconnect(nowait=True)


async def _context(address: Address) -> ssl.SSLContext | None:
    """Made anew each time, so that a new certificate needs no restart; in a thread, because it reads many files."""
    try:
        return None if address.tls is None else await asyncio.to_thread(tls_context, address.tls)
    except SharedFault as fault:
        raise Away(str(fault)) from None


def _wire(address: Address, seconds: float, context: ssl.SSLContext | None) -> _Wire:
    kind = PlainConnection if context is None else SSLConnection
    wire = kind(
        host=address.host,
        port=address.port,
        db=address.database,
        username=address.username,
        password=address.password.reveal() if address.password else None,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        protocol=_RESP,
        driver_info=None,  # it would be told by a command that the user may not be allowed
    )
    if isinstance(wire, SSLConnection):
        wire.ssl_context.context = context
    return wire


@contextmanager
def _translated(command: str) -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        raise Away(_reason(error, command)) from None


def _reason(error: BaseException, command: str) -> str:
    """Never in the server's words: some repeat the command that they do not know, which may be AUTH with a password."""
    match error:
        case exceptions.AuthenticationError():
            return "it refuses the user name or the password"
        case exceptions.NoPermissionError():
            return f"its user may not {command}"
        case exceptions.TimeoutError() | TimeoutError():
            return "no answer in time"
        case exceptions.BusyLoadingError():
            return "it is loading its data"
        case exceptions.ResponseError():
            return f"it refuses {command}"
    return _network_reason(error.__context__ if isinstance(error.__context__, OSError) else error)


def _network_reason(error: BaseException) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not good: {error.verify_message}"
        case ssl.SSLError():
            return "there is no TLS between us"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number).lower()
        case OSError():
            return (error.strerror or "it cannot be reached").lower()
        case exceptions.ConnectionError():
            return "the connection was closed"
    return "what answers is neither Redis nor Valkey"
