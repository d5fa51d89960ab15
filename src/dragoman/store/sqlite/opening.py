"""The store on an SQLite file."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dragoman.store.sqlite.database import opened, prepare_for_server, prepare_for_tool
from dragoman.store.sqlite.file import exclusive, located
from dragoman.store.sqlite.time import note_time as write_note
from dragoman.store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

MOST_DESCRIPTORS = 12
"""Of one process: the file and its log, once for the reader and once for the writer, what they share, the lock, the
turn, the time; and a journal while the file is examined."""


@asynccontextmanager
async def open_server(path: Path) -> AsyncIterator[Store]:
    """The store for a server: it alone has the database, which is created or upgraded if need be. Raises StoreFault."""
    with hold(path):
        prepare(path)
        async with open_worker(path) as store:
            yield store


def hold(path: Path) -> AbstractContextManager[Callable[[], None]]:
    """What keeps other servers away from the database until the block ends (`exclusive`). Raises StoreFault."""
    return exclusive(located(path))


def prepare(path: Path) -> None:
    """Create, examine or upgrade the database, which must be held. Raises StoreFault."""
    prepare_for_server(located(path))


def note_time(path: Path, now: int) -> None:
    """Note the time that a server uses beside the database. Raises OSError."""
    write_note(located(path), now)


@asynccontextmanager
async def open_worker(path: Path) -> AsyncIterator[Store]:
    """The store for a worker: its parent holds the database and has prepared it. Raises StoreFault."""
    async with opened(located(path)) as database:
        yield Store(database)


@asynccontextmanager
async def open_tool(path: Path) -> AsyncIterator[Store]:
    """The store for a command, beside a running server or without one. Raises StoreFault."""
    path = located(path)
    prepare_for_tool(path)
    async with opened(path) as database:
        yield Store(database)
