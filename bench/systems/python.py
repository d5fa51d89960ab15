"""What the two Python peers share: a virtual environment of their own, gunicorn, and a PostgreSQL."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.database import postgresql
from bench.machine import Tree, done, free_port, started, wait_for
from bench.systems.node import SETTINGS
from bench.systems.system import Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.load import Request
    from bench.work import Work

PEERS = Path(__file__).parents[1] / "peers"
_BIN = PEERS / ".venv" / "bin"
_GUNICORN = (
    "--workers",
    "2",
    "--worker-class",
    "gthread",
    "--threads",
    "4",
    "--log-level",
    "error",
    "--keep-alive",
    "30",
)


def missing() -> str | None:
    """Why the peers cannot be started, if they cannot."""
    return None if (_BIN / "gunicorn").is_file() else "not installed: make bench-peers"


@contextmanager
def under_gunicorn(
    folder: Path, module: str, application: str, requests: Callable[[int], Mapping[Work, Callable[[], Request]]]
) -> Iterator[Running]:
    """The peer of this module, with a database of its own."""
    with postgresql() as url:
        environment = {**SETTINGS, "BENCH_DATABASE": url, "PYTHONPATH": str(PEERS)}
        _set_up(module, environment)
        port, log = free_port(), folder.with_suffix(".log")
        began = time.perf_counter()
        command = (str(_BIN / "gunicorn"), *_GUNICORN, "--bind", f"127.0.0.1:{port}", f"{module}:{application}")
        with started(*command, log=log, environment=environment, folder=PEERS) as process:
            wait_for(port, process, log)
            taken = time.perf_counter() - began
            yield Running(
                base=f"http://127.0.0.1:{port}", tree=Tree(process.pid), requests=requests(port), start_seconds=taken
            )


def _set_up(module: str, environment: Mapping[str, str]) -> None:
    done(str(_BIN / "python"), "-c", f"import {module}; {module}.set_up()", environment=environment)
