"""Clients never take the descriptors that the rest of a server needs."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from dragoman.serving.descriptors import most_connections
from dragoman.throttle.script_server import MOST_CONNECTIONS
from tests.serving import configure

if TYPE_CHECKING:
    from pathlib import Path

_HINTS = 2


def test_f24_a_shared_server_has_descriptors_for_hints_and_for_all_that_count_guesses(tmp_path: Path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        alone, shared = (
            most_connections(configure(tmp_path, shared=url), 0) for url in (None, "redis://127.0.0.1:6379")
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert alone - shared >= MOST_CONNECTIONS + _HINTS
