"""A PostgreSQL of its own for a system: from a wheel, on this machine, with fsync on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.postgresql import cluster, for_the_driver

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database, as any driver reads it; it goes with its server at the end."""
    with cluster() as server, server.new_database() as name:
        yield for_the_driver(server.url(name))
