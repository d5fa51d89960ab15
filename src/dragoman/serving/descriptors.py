"""File descriptors: how many connections a process may take without the rest of it ever going short."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault
from dragoman.hashing.cores import hash_slots
from dragoman.store.opening import most_descriptors

if TYPE_CHECKING:
    from dragoman.config.settings import Configuration

_OTHERS = 24
"""What a worker has open besides its store and its clients (some 12), and what it opens now and then: keys, names."""
_SHARED = 12
"""For the server that processes share: one that listens for hints, one that is tried meanwhile, and eight that count
guesses, without which each machine would go on by itself just when all connections are taken."""
_COLLECTOR = 4
"""For the collector of traces, where one is named."""
_HASH = 2
"""For each hash that is asked for: both ends of the way on which the answer comes."""
_MIRROR = 2
"""For the mirror, where one is named, beside its connections: one that tells it what ended, and one that is tried."""
_MOST_OF_ALL = 65536
"""Connections of one process, where the system sets no limit."""
_LEAST = 8
"""With fewer it could not be called a server."""


def most_connections(configuration: Configuration, scraping: int) -> int:
    """How many clients this process may have at once, and `scraping` connections of metrics beside them.

    Raises Fault where the system's limit leaves next to nothing.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST_OF_ALL
    kept = _OTHERS + most_descriptors(configuration.location()) + scraping
    kept += _HASH * hash_slots(configuration.passwords.slots)
    kept += 0 if configuration.shared is None else _SHARED
    kept += 0 if configuration.mirror.url is None else configuration.mirror.connections + _MIRROR
    kept += 0 if configuration.telemetry.endpoint is None else _COLLECTOR
    if soft - kept < _LEAST:
        raise Fault(
            f"a process may have {soft} files open, and {kept} are kept for the database and the rest: let it have "
            f"{kept + _LEAST} or more (ulimit -n, LimitNOFILE=), or give the database fewer connections"
        )
    return min(soft - kept, _MOST_OF_ALL)
