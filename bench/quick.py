"""Client credentials beside bare ASGI, start-up time and idle memory: `make bench-quick`.

Both servers run at once and are loaded in turns by wrk (https://github.com/wg/wrk), so that a slow moment of the
machine hits both. What counts is the ratio.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 5
SECONDS = 4
CONNECTIONS = 16
_HERE = Path(__file__).parent


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process, ended afterwards."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 (ours)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Until somebody answers at the port."""
    for _ in range(2000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.005)
    sys.exit(f"nothing answers at port {port}")


def wait_until_answering(demo_file: Path) -> None:
    """Until the demo has written what it is: the port alone is open before anything is loaded."""
    while not demo_file.exists():
        time.sleep(0.002)


def measure_start(data: Path) -> float:
    """Seconds from the command to demo.json."""
    demo_file = data / "demo.json"
    demo_file.unlink(missing_ok=True)
    began = time.perf_counter()
    with running(*_demo(data, free_port())):
        wait_until_answering(demo_file)
        return time.perf_counter() - began


def _demo(data: Path, port: int) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name("dragoman")), "demo", "--port", str(port), "--data", str(data))


def load(port: int, path: str, script: Path) -> float:
    """Requests per second; any answer that is not a success ends the run."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "-s", str(script), f"http://127.0.0.1:{port}{path}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 (ours)
    if "Non-2xx" in told:
        sys.exit(f"refused answers under load:\n{told}")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    return float(found[1]) if found else 0.0


def resident_mib(process: subprocess.Popen[bytes]) -> float:
    """Resident memory."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def write_script(data: Path) -> Path:
    """What wrk sends: a client_credentials request of the standard dialect."""
    one = json.loads((data / "demo.json").read_bytes())["dialects"]["standard"]
    body = f"grant_type=client_credentials&client_id={one['client_id']}&client_secret={one['client_secret']}&scope=read"
    script = data / "client_credentials.lua"
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = "{body}"\n'
        'wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"\n',
        encoding="ascii",
    )
    return script


def main() -> None:
    """Measure and print."""
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is not installed; on Debian: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        first = measure_start(data)
        again = [measure_start(data) for _ in range(ROUNDS)]
        (data / "demo.json").unlink()
        port, bare_port = free_port(), free_port()
        bare_command = (sys.executable, str(_HERE / "bare.py"), str(bare_port))
        with running(*_demo(data, port)) as server, running(*bare_command):
            wait_until_answering(data / "demo.json")
            wait_for(bare_port)
            idle = resident_mib(server)
            script = write_script(data)
            pairs = [(load(port, "/oauth2/token", script), load(bare_port, "/", script)) for _ in range(ROUNDS)]
            loaded = resident_mib(server)
    ratios = [ours / bare for ours, bare in pairs]
    print(f"cores {os.cpu_count()}, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s in turns")
    print(f"client_credentials, ES256, one worker: {statistics.median(ours for ours, _ in pairs):.0f} requests/s")
    print(f"bare ASGI on the same HTTP server:     {statistics.median(bare for _, bare in pairs):.0f} requests/s")
    print(f"ratio: median {statistics.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}")
    print(f"start to answering: first time {first:.2f} s, later median {statistics.median(again):.2f} s")
    print(f"resident memory: idle {idle:.0f} MiB, after load {loaded:.0f} MiB")


if __name__ == "__main__":
    main()
