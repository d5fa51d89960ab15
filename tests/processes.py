"""`dragoman serve` as its own processes, on a port of its own: a parent and its workers."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Found = TypeVar("Found")

PATIENCE_SECONDS = 90
PROGRAM = (sys.executable, "-c", "from dragoman.cli.main import main; main()")
_WHERE = re.compile(r"^dragoman: serving \S+ on (https?://\S+)$", re.MULTILINE)


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def held_port() -> Iterator[int]:
    """A port of the loopback that nobody listens on, and that nobody else is given while its server is away.

    Who binds it by its number and with SO_REUSEADDR, as servers do, may have it.
    """
    with socket.socket() as holding:
        holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holding.bind(("127.0.0.1", 0))
        yield int(holding.getsockname()[1])


def wait_until(look: Callable[[], Found], seconds: float = PATIENCE_SECONDS) -> Found:
    """What `look` finds, once it finds something; it is asked until then."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProcess:
    """A server that was started."""

    process: subprocess.Popen[bytes]
    """The parent."""
    log: Path
    """What all of its processes write to standard error."""

    @property
    def told(self) -> str:
        """All of the log."""
        return self.log.read_text(encoding="utf-8")

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return _WHERE.search(self.told).group(1)

    @property
    def port(self) -> int:
        """The port at which it answers."""
        return int(self.base_url.rpartition(":")[2])

    @property
    def workers(self) -> frozenset[int]:
        """The process ids of the workers that live."""
        return frozenset(pid for pid in children(self.process.pid) if is_alive(pid) and not hashes(pid))

    @property
    def hash_processes(self) -> frozenset[int]:
        """The process ids of those that hash."""
        return frozenset(pid for pid in children(self.process.pid) if is_alive(pid) and hashes(pid))

    def events(self, name: str) -> list[dict]:
        """The lines of the log about this event."""
        whole = self.told.rpartition("\n")[0]
        lines = (line for line in whole.splitlines() if line.startswith("{"))
        return [line for line in map(json.loads, lines) if line["event"] == name]

    def ready_workers(self) -> frozenset[int]:
        """The process ids of the workers that live and answer."""
        return self.workers & {line["process"] for line in self.events("worker_ready")}

    def wait_for_workers(self, number: int) -> frozenset[int]:
        """Their process ids, once so many answer and no other is there."""
        return wait_until(lambda: len(self.workers) == number == len(self.ready_workers()) and self.ready_workers())

    def send(self, number: signal.Signals) -> None:
        """Send the parent a signal."""
        self.process.send_signal(number)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """The exit status, once it has ended."""
        return self.process.wait(seconds)

    def stop(self) -> int:
        """End it with SIGTERM; the exit status."""
        self.send(signal.SIGTERM)
        return self.wait()


def children(pid: int) -> set[int]:
    """The processes that this one has begun, by whichever thread."""
    found: set[int] = set()
    for each in Path(f"/proc/{pid}/task").iterdir():
        try:
            found |= {int(one) for one in (each / "children").read_text(encoding="ascii").split()}
        except FileNotFoundError:  # the thread has ended
            continue
    return found


def hashes(pid: int) -> bool:
    """Whether this process was begun to hash."""
    try:
        return b"dragoman.hashing" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and not just its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill(pid: int) -> None:
    """Kill this process; it has ended when this returns."""
    os.kill(pid, signal.SIGKILL)
    wait_for_end(frozenset({pid}))


def wait_for_end(pids: frozenset[int]) -> None:
    """Until none of these processes is there."""
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


@contextmanager
def started_process(
    configuration_file: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    files: int | None = None,
) -> Iterator[ServerProcess]:
    """`dragoman serve` with this configuration file, begun and, at the end, killed with all its workers.

    It takes a free port. `files` limits the file descriptors of each of its processes.
    """
    log = configuration_file.with_name("serve.log")
    log.unlink(missing_ok=True)
    given = {**os.environ, "DRAGOMAN_SERVER__PORT": "0", **(environment or {})}

    command = [*PROGRAM, "serve", "--config", str(configuration_file), *arguments]
    with (
        log.open("ab") as stream,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=given, start_new_session=True
        ) as process,
    ):  # fmt: skip
        if files is not None:
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (files, files))
        try:
            yield ServerProcess(process=process, log=log)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def running_server(
    configuration_file: Path,
    *,
    workers: int | None = 1,
    more: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    files: int | None = None,
) -> Iterator[ServerProcess]:
    """A server of which every worker answers, on a free port, until the block ends.

    Without a number of workers it is the configuration's, and one of them answers. `more` are options.
    """
    arguments = [*more, *([] if workers is None else ["--workers", str(workers)])]
    with started_process(configuration_file, *arguments, environment=environment, files=files) as server:
        wait_until(lambda: _WHERE.search(server.told) or server.process.poll() is not None)
        assert server.process.poll() is None, server.told
        if workers is not None:
            server.wait_for_workers(workers)
        yield server
