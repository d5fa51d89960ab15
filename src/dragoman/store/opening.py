"""The store wherever the setting says it is: a file, or a URL. Only the database in use is loaded."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from dragoman.core.secret import Secret
    from dragoman.store.store import Store

# ruff: noqa: PLC0415


def open_server(location: Path | Secret) -> AbstractAsyncContextManager[Store]:
    """The store for a server of one process. It is created or upgraded if need be. Raises StoreFault."""
    if isinstance(location, Path):
        from dragoman.store.sqlite import opening as sqlite

        return sqlite.open_server(location)
    from dragoman.store.postgresql import opening as postgresql

    return postgresql.open_server(location)


def hold(location: Path | Secret) -> AbstractContextManager[Callable[[], None]]:
    """For the parent of workers: what keeps other servers away from a file. A shared database needs nothing of it.

    The block gets what is to be called now and then, and raises StoreFault where another server has the file after all.
    """
    if isinstance(location, Path):
        from dragoman.store.sqlite import opening as sqlite

        return sqlite.hold(location)
    return nullcontext(_look_at_nothing)


def _look_at_nothing() -> None:
    """Nobody can take away what nobody holds."""


def prepare(location: Path | Secret) -> None:
    """For the parent of workers: create, examine or upgrade the database, which must be held. Raises StoreFault."""
    if isinstance(location, Path):
        from dragoman.store.sqlite import opening as sqlite

        sqlite.prepare(location)
    else:
        from dragoman.store.postgresql import opening as postgresql

        asyncio.run(postgresql.prepare(location))


def open_worker(location: Path | Secret) -> AbstractAsyncContextManager[Store]:
    """The store for a worker: its parent holds and has prepared it. Raises StoreFault."""
    if isinstance(location, Path):
        from dragoman.store.sqlite import opening as sqlite

        return sqlite.open_worker(location)
    from dragoman.store.postgresql import opening as postgresql

    return postgresql.open_worker(location)


def note_time(location: Path | Secret, now: int) -> None:
    """Note the time that a server uses where an older database could not take it away again. Raises OSError."""
    if isinstance(location, Path):
        from dragoman.store.sqlite import opening as sqlite

        sqlite.note_time(location, now)


def open_tool(location: Path | Secret) -> AbstractAsyncContextManager[Store]:
    """The store for a command, beside a running server or without one. Raises StoreFault."""
    if isinstance(location, Path):
        from dragoman.store.sqlite import opening as sqlite

        return sqlite.open_tool(location)
    from dragoman.store.postgresql import opening as postgresql

    return postgresql.open_tool(location)


def most_descriptors(location: Path | Secret) -> int:
    """How many file descriptors the store of one process has open at most. Raises StoreFault."""
    if isinstance(location, Path):
        from dragoman.store.sqlite import opening as sqlite

        return sqlite.MOST_DESCRIPTORS
    from dragoman.store.postgresql import opening as postgresql

    return postgresql.most_descriptors(location)


def shown(location: Path | Secret) -> str:
    """What messages call the database; never with a password. Raises StoreFault."""
    if isinstance(location, Path):
        return str(location)
    from dragoman.store.postgresql.address import read_address

    return read_address(location).shown
