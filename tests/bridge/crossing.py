"""A server with a bridge to an old one, spoken to over real sockets, and what is in its database."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dragoman.config.old_servers import BridgeTable
from dragoman.config.settings import MountTable
from dragoman.store.opening import open_tool
from tests.old_servers import CLIENT
from tests.serving import configure, provision, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dragoman.config.settings import Configuration
    from dragoman.core.model import ResourceOwner
    from dragoman.verification.cast import Cast

UNTIL = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """Our server."""

    url: str
    configuration: Configuration

    def owner(self, login: str) -> ResourceOwner | None:
        """The account with this login name."""

        async def find() -> ResourceOwner | None:
            async with open_tool(self.configuration.location()) as store:
                return await store.find_resource_owner_by_login(login)

        return asyncio.run(find())

    def rows(self, table: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"file:{self.configuration.folder}/dragoman.db?mode=ro", uri=True)) as database:
            return database.execute(f"SELECT * FROM {table}").fetchall()

    def forget_grants(self) -> None:
        """Nothing was issued, for the next test."""
        with closing(sqlite3.connect(f"{self.configuration.folder}/dragoman.db")) as database, database:
            database.execute("DELETE FROM grants")

    def events(self) -> list[dict]:
        """The audit."""
        lines = [
            line for one in (self.configuration.path("audit")).glob("*.jsonl") for line in one.read_text().splitlines()
        ]
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def crossing(
    folder: Path, dialect: str, cast: Cast, url: str, *, further: dict | None = None, **settings: object
) -> Iterator[Crossed]:
    """It runs until the block ends."""
    folder.mkdir(exist_ok=True)
    given = {"until": UNTIL, "clients": (CLIENT.id,), "seconds": 30, **settings}
    configuration = configure(
        folder, MountTable(dialect=dialect, bridge=BridgeTable(old_server_url=url, **given)),
        scopes=dict.fromkeys(("read", "write"), ""), **(further or {}),
    )  # fmt: skip
    if not (folder / "dragoman.db").exists():
        provision(configuration, dialect, cast)
    with serving(configuration) as address:
        yield Crossed(url=address, configuration=configuration)
