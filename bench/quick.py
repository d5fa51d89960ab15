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
    from collections.abc import Iterator

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
        with _demo(folder) as (base, tree), bare().start(folder / "bare") as limit:
            idle = tree.resident_mib()
            request, beside = _request(folder), limit.requests[Work.BARE]()
            pairs = [(_rate(base, request), _rate(limit.base, beside)) for _ in range(ROUNDS)]
            loaded = tree.resident_mib()
    ratios = [ours / theirs for ours, theirs in pairs]
    print(f"cores {os.cpu_count()}, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s in turns")
    print(f"client_credentials, ES256, one worker: {statistics.median(ours for ours, _ in pairs):.0f} requests/s")
    print(f"bare ASGI on the same HTTP server:     {statistics.median(theirs for _, theirs in pairs):.0f} requests/s")
    print(f"ratio: median {statistics.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}")
    print(f"start to answering: first time {first:.2f} s, later median {statistics.median(again):.2f} s")
    print(f"resident memory: idle {idle:.0f} MiB, after load {loaded:.0f} MiB")


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
