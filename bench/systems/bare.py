"""The HTTP server's own limit: `bench/bare.py`, which reads the form and answers a constant."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine import Tree, free_port, started, wait_for
from bench.systems.system import Running, System, client_credentials
from bench.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

_BARE = Path(__file__).parents[1] / "bare.py"


def bare(*, silent: bool) -> System:
    """Bare ASGI on uvicorn: as it comes, with a line in its log for each request, or without."""
    about = f"uvicorn, httptools, uvloop, 1 process, {'no log' if silent else 'a line for each request'}"
    return System(name="bare ASGI", about=about, start=lambda folder: _start(folder, silent), missing=lambda: None)


@contextmanager
def _start(folder: Path, silent: bool) -> Iterator[Running]:
    port, log = free_port(), folder.with_suffix(".log")
    began = time.perf_counter()
    with started(sys.executable, str(_BARE), str(port), *(["--silent"] if silent else []), log=log) as process:
        wait_for(port, process, log)
        taken = time.perf_counter() - began
        request = client_credentials("/")
        yield Running(
            base=f"http://127.0.0.1:{port}",
            tree=Tree(process.pid),
            requests={Work.BARE: lambda: request},
            start_seconds=taken,
        )
