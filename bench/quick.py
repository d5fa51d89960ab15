"""Client credentials beside bare ASGI, start-up time and idle memory of the demo: `make bench-quick`.

Both servers run at once and are loaded in turns, so that a slow moment of the machine hits both. What counts is the
ratio.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench.load import Request, check_generator, run
from bench.machine import Tree, free_port, started
from bench.systems.bare import bare
from bench.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROUNDS = 5
SECONDS = 4
CONNECTIONS = 16


def main() -> None:
    """Measure and print."""
    check_generator()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = _start_seconds(folder)
        again = [_start_seconds(folder) for _ in range(ROUNDS)]
        with (
            _demo(folder) as (base, tree),
            bare(silent=False).start(folder / "bare") as limit,
            bare(silent=True).start(folder / "silent") as silent,
        ):
            idle = tree.resident_mib()
            request, beside = _request(folder), limit.requests[Work.BARE]()
            rounds = [
                (_rate(base, request), _rate(limit.base, beside), _rate(silent.base, beside)) for _ in range(ROUNDS)
            ]
            loaded = tree.resident_mib()
    print(f"cores {os.cpu_count()}, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s in turns")
    ours, limits, silent_limits = zip(*rounds, strict=True)
    print(f"client_credentials, ES256, one worker: {statistics.median(ours):.0f} requests/s")
    _tell("bare ASGI on uvicorn as it comes, with its log:", ours, limits)
    _tell("bare ASGI on uvicorn that writes no log:", ours, silent_limits)
    print(f"start to answering: first time {first:.2f} s, later median {statistics.median(again):.2f} s")
    print(f"resident memory: idle {idle:.0f} MiB, after load {loaded:.0f} MiB")


def _tell(what: str, ours: Sequence[float], limits: Sequence[float]) -> None:
    ratios = [rate / limit for rate, limit in zip(ours, limits, strict=True)]
    print(
        f"{what} {statistics.median(limits):.0f} requests/s; beside it "
        f"{statistics.median(ratios):.3f} (median), from {min(ratios):.3f} to {max(ratios):.3f}"
    )


@contextmanager
def _demo(folder: Path) -> Iterator[tuple[str, Tree]]:
    """The demo, once it has written what it is: the port alone is open before anything is loaded."""
    port, told = free_port(), folder / "data" / "demo.json"
    told.unlink(missing_ok=True)
    command = (str(Path(sys.executable).with_name("dragoman")), "demo", "--port", str(port), "--data", str(told.parent))
    with started(*command, log=folder / "demo.log") as process:
        while not told.exists():
            time.sleep(0.002)
        yield f"http://127.0.0.1:{port}", Tree(process.pid)


def _start_seconds(folder: Path) -> float:
    """From the command to demo.json."""
    began = time.perf_counter()
    with _demo(folder):
        return time.perf_counter() - began


def _request(folder: Path) -> Request:
    """A client_credentials request of the standard dialect."""
    one = json.loads((folder / "data" / "demo.json").read_bytes())["dialects"]["standard"]
    form = {"grant_type": "client_credentials", "scope": "read"}
    form |= {name: one[name] for name in ("client_id", "client_secret")}
    return Request(path="/oauth2/token", body=urlencode(form))


def _rate(base: str, request: Request) -> float:
    """Requests a second; any answer that is not a success ends the bench."""
    measured = run(base, request, CONNECTIONS, SECONDS)
    if measured.failed:
        sys.exit(f"bench: {measured.failed} answers under load were refused")
    return measured.requests_per_second


if __name__ == "__main__":
    main()
