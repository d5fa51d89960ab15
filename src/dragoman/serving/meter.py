"""The port and the memory of a server's metrics: opened before the workers, and handed out to each."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.metrics.memory import Memory
from dragoman.serving.listening import listen

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one process gets of it: any of them answers for all, and each counts in its own place."""

    listening: socket.socket
    memory: int
    """The descriptor of the memory of the counts."""
    place: int


class Meter:
    """Knows which process counts where."""

    def __init__(self, listening: socket.socket, memory: Memory) -> None:
        self._listening = listening
        self._memory = memory

    @property
    def port(self) -> int:
        """Where metrics are told."""
        port: int = self._listening.getsockname()[1]
        return port

    def share(self) -> Share:
        """The share of the process that is started next."""
        return Share(listening=self._listening, memory=self._memory.descriptor, place=self._memory.free_place())

    def given(self, share: Share, process: int) -> None:
        """Note that this process has this share, until `bury`."""
        self._memory.take(share.place, process)

    def bury(self, process: int) -> None:
        """Note that this process has ended."""
        self._memory.bury(process)

    def leave(self) -> None:
        """Take no more connections here."""
        self._listening.close()


@contextmanager
def opened_meter(configuration: Configuration) -> Iterator[Meter | None]:
    """The meter, as configured, until the block ends; None where no port is set. Raises Fault."""
    table = configuration.metrics
    if table.port is None:
        yield None
        return
    memory = Memory()
    try:
        with listen(table.host, table.port) as listening:
            yield Meter(listening, memory)
    finally:
        memory.close()
