"""What is open before the rest of a server is put together, and the chores that are gathered meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from contextlib import AsyncExitStack

    from dragoman.config.settings import Configuration
    from dragoman.hashing.pool import PasswordHasher
    from dragoman.http.log import Log
    from dragoman.metrics.tally import Tally
    from dragoman.store.store import Store
    from dragoman.wiring.chores import Chore
    from dragoman.wiring.shared_memory import SharedMemory


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What one process of a server does and is given. By default it is the only one."""

    alone: bool = True
    """Whether it locks and prepares the database; else somebody did, who keeps the lock."""
    purges: bool = True
    """Whether it takes away what has ended; one process of a server is enough for that."""
    leaving: Callable[[], bool] = _never
    """Whether it is on its way out, and so no longer ready."""
    tally: Tally | None = None
    """Where it counts, if anywhere."""
    memory: SharedMemory | None = None
    """What it shares with the other processes, if there are any."""
    hashing: socket.socket | None = None
    """Where it asks the hash processes that it shares with them; without one it has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What is open before anything else, and stays open until the server ends."""

    configuration: Configuration
    role: Role
    log: Log
    store: Store
    passwords: PasswordHasher
    now: Callable[[], int]
    """Epoch seconds."""
    elapsed: Callable[[], float]
    """Seconds since any moment."""
    closing: AsyncExitStack
    """Closes what is still open, in order."""
    chores: list[Chore] = field(default_factory=list)
    """What is to be done beside answering: begun when all is put together."""
