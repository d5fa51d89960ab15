"""A PostgreSQL of its own for a system: from a wheel, on this machine, with fsync on.

Unlike the tests', it looks after its tables as PostgreSQL does, and soon: a plan that was made while a table was empty
would otherwise be kept for as long as the bench runs.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.postgresql import cluster, for_the_driver

if TYPE_CHECKING:
    from collections.abc import Iterator

_SETTINGS = {"autovacuum": "on", "autovacuum_naptime": "5s"}


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database, as any driver reads it; it goes with its server at the end."""
    with cluster(**_SETTINGS) as server, server.new_database() as name:
        yield for_the_driver(server.url(name))
