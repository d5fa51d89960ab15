"""The store on PostgreSQL, or on whatever speaks its protocol and its SQL."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.store.postgresql.address import Address, read_address
from dragoman.store.postgresql.database import PostgresqlDatabase
from dragoman.store.postgresql.installation import prepare as prepare_address
from dragoman.store.postgresql.pool import Pool
from dragoman.store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from dragoman.core.secret import Secret

_CONNECTIONS_OF_A_TOOL = 2
_DESCRIPTORS_OF_A_LOOK = 4
"""For one connection that is being made or closed while all others are there."""


def most_descriptors(url: Secret) -> int:
    """Of one process: its connections, and what looking for the server takes. Raises StoreFault."""
    return read_address(url).connections + _DESCRIPTORS_OF_A_LOOK


@asynccontextmanager
async def open_server(url: Secret) -> AsyncIterator[Store]:
    """The store for a server, among others that share the database. It is created or upgraded if need be.

    Raises StoreFault, also if the database cannot be reached. Once open, the store survives that.
    """
    await prepare_address(read_address(url))
    async with open_worker(url) as store:
        yield store


async def prepare(url: Secret) -> None:
    """Create, examine or upgrade the database. Raises StoreFault."""
    await prepare_address(read_address(url))


def open_worker(url: Secret) -> AbstractAsyncContextManager[Store]:
    """The store for a worker: its parent has prepared the database. Raises StoreFault."""
    return _opened(read_address(url))


@asynccontextmanager
async def open_tool(url: Secret) -> AsyncIterator[Store]:
    """The store for a command, beside running servers or without one. Raises StoreFault."""
    address = read_address(url)
    await prepare_address(address)
    async with _opened(replace(address, connections=min(address.connections, _CONNECTIONS_OF_A_TOOL))) as store:
        yield store


@asynccontextmanager
async def _opened(address: Address) -> AsyncIterator[Store]:
    pool = Pool(address)
    try:
        yield Store(PostgresqlDatabase(pool))
    finally:
        await pool.close()
