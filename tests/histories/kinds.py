"""The deployments that every promise is checked on."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.histories.deployment import deploy
from tests.postgresql import cluster
from tests.processes import held_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.histories.deployment import Deployment
    from tests.postgresql import Cluster


@dataclass(frozen=True, slots=True)
class Kind:
    """How many processes over which database."""

    told: str
    servers: int
    workers: int
    postgresql: bool


KINDS = {
    "sqlite": Kind("one process on SQLite", 1, 1, postgresql=False),
    "sqlite-workers": Kind("4 workers on SQLite", 1, 4, postgresql=False),
    "postgresql-workers": Kind("4 workers on PostgreSQL", 1, 4, postgresql=True),
    "postgresql-servers": Kind("2 servers on one PostgreSQL", 2, 1, postgresql=True),
}


@contextmanager
def deployed(kind: Kind, running: Cluster | None = None) -> Iterator[Deployment]:
    """A deployment of this kind, not started yet; on this PostgreSQL, or one of its own. Killed at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = "dragoman.db"
        if kind.postgresql:
            one = running or stack.enter_context(cluster())
            database = one.url(stack.enter_context(one.new_database())).reveal()
        ports = [stack.enter_context(held_port()) for _ in range(kind.servers)]
        deployment = deploy(folder, ports, workers=kind.workers, database=database)
        stack.callback(deployment.kill)
        yield deployment
