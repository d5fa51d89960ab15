"""A server that cannot be put together leaves nothing open."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dragoman.config.settings import MountTable
from dragoman.store.opening import open_tool
from dragoman.wiring.foundation import Role
from dragoman.wiring.parts import create_keys, read_keyring
from dragoman.wiring.server import open_server
from tests.serving import configure

if TYPE_CHECKING:
    from pathlib import Path


def _audits() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name == "dragoman-audit"}


def test_a_start_that_fails_half_way_closes_the_audit_that_it_opened(tmp_path: Path):
    configuration = configure(tmp_path, MountTable(dialect="standard"))
    create_keys(configuration)
    path = configuration.path(configuration.database)

    async def prepare() -> None:
        async with open_tool(path) as store:
            await store.administration.bind_keys(read_keyring(configuration.path(configuration.keys)).fingerprint())

    async def start() -> None:
        async with open_server(configuration, role=Role(alone=False)):
            pass

    asyncio.run(prepare())
    asyncio.run(start())
    before = _audits()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE clients")
    with pytest.raises(Exception, match="clients"):
        asyncio.run(start())
    assert _audits() <= before
