"""A PostgreSQL of its own for a system: from a wheel, on this machine, with fsync on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.postgresql import cluster

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database, which goes with its server at the end."""
    with cluster() as server, server.new_database() as name:
        yield server.url(name).reveal()
