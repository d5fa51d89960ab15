"""Processes under measurement: starting them, and what they cost in time and memory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PATIENCE_SECONDS = 120
_LAST_CHARACTERS = 3000
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Tree:
    """A process with all that it has started."""

    root: int

    def members(self) -> tuple[int, ...]:
        """The process ids, as of now."""
        parents: dict[int, list[int]] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            if fields := _stat(int(entry.name)):
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
        found, waiting = [], [self.root]
        while waiting:
            one = waiting.pop()
            found.append(one)
            waiting.extend(parents.get(one, ()))
        return tuple(found)

    def cpu_seconds(self) -> float:
        """What its living members, and those they have waited for, have used so far."""
        return sum(sum(map(int, fields[11:15])) for one in self.members() if (fields := _stat(one))) / _TICKS

    def resident_mib(self) -> float:
        """Resident memory; pages that members share count for each of them."""
        return sum(int(fields[21]) for one in self.members() if (fields := _stat(one))) * _PAGE / 2**20

    def peak_mib(self) -> float:
        """The most that each living member ever had, together; pages that members share count for each of them."""
        return sum(_peak_kib(one) for one in self.members()) / 2**10


@contextmanager
def on_one_core(*trees: Tree) -> Iterator[None]:
    """Meanwhile all threads of these, and whatever this thread starts, share one core.

    One connection keeps no core busy: its generator and its server wait for each other. On two cores that measures how
    long a virtual core takes to wake, twice for each request, or not at all where the system puts both on one.
    """
    all_cores = os.sched_getaffinity(0)
    try:
        _hold(trees, {min(all_cores)})
        yield
    finally:
        _hold(trees, all_cores)


def _hold(trees: Sequence[Tree], cores: set[int]) -> None:
    os.sched_setaffinity(0, cores)
    threads = (Path(f"/proc/{one}/task").glob("*") for tree in trees for one in tree.members())
    for thread in chain.from_iterable(threads):
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), cores)


def _stat(process: int) -> list[str]:
    """The fields of /proc/…/stat after the name, which may hold spaces; none where the process has gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(") ")[2].split()
    except OSError:
        return []


def _peak_kib(process: int) -> int:
    """0 where the process has gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def done(*command: str, environment: Mapping[str, str], given: str = "") -> None:
    """Run a program to its end; ends the bench with what it said last where it fails."""
    ended = subprocess.run(  # noqa: S603 (commands are the bench's own)
        command, input=given, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    if ended.returncode != 0:
        said = (ended.stdout + ended.stderr)[-_LAST_CHARACTERS:]
        sys.exit(f"bench: {' '.join(command[:2])} failed: {said}")


@contextmanager
def started(
    *command: str, log: Path, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its output in a file, ended afterwards with all that it has started."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 (commands are the bench's own)
            command, stdout=output, stderr=output, env={**os.environ, **(environment or {})}, cwd=folder
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until somebody answers at the port, whatever the answer is; ends the bench where that never happens.

    A connection alone says little: some servers listen before they have loaded what answers.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(port):
            return
        time.sleep(0.005)
    sys.exit(f"bench: {' '.join(map(str, process.args[:3]))} … does not answer; see {log}")  # type: ignore[index]


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS) as probe:
            probe.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return probe.recv(1) != b""
    except OSError:
        return False
