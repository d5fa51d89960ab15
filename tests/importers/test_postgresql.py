"""PostgreSQL as a source: what is promised of the connection, whatever becomes of the server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from dragoman.core.secret import Secret
from dragoman.importers.record import SourceFault
from dragoman.importers.sources.tables import open_tables
from tests.postgresql import ENCODED, PASSWORD, for_the_driver

if TYPE_CHECKING:
    from tests.postgresql import Cluster

_END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"


def test_a_connection_that_is_cut_while_it_is_read_is_one_sentence(postgresql: Cluster, other_database: str):
    filled = "CREATE TABLE users AS SELECT id, repeat('x', 100) AS filler FROM generate_series(1, 5000) AS id"
    postgresql.run(filled, database=other_database)

    async def read() -> None:
        async with open_tables(Secret(for_the_driver(postgresql.url(other_database)))) as tables:
            async for _row in tables.rows("SELECT * FROM users ORDER BY id"):
                await postgresql.query(_END_ALL.format(other_database))

    with pytest.raises(SourceFault, match="cannot be read") as refused:
        asyncio.run(read())
    assert not any(secret in str(refused.value) for secret in (PASSWORD, ENCODED))
