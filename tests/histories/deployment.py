"""Server processes that are one deployment: started, killed and started again on the same ports and database."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.config.reading import read_configuration
from dragoman.verification.cast import Cast, CastClient, CastPerson
from tests.histories.recorder import App
from tests.serving import provision

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = str(Path(sys.executable).with_name("dragoman"))
STOPPING_SECONDS = 20
FAILPOINTS = "DRAGOMAN_FAILPOINTS"
_GLANCE_SECONDS = 0.005
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_PASSWORD = "correct horse battery"
_SECRET = "a-secret-of-more-than-enough-characters"
_APPS: dict[str, dict[str, str | int]] = {
    "patient": {"grace": 30},
    "strict": {"grace": 0},
    "hasty": {"grace": 2},
    "opaque": {"grace": 30, "token_format": "opaque"},
    "stored": {"grace": 30, "token_format": "opaque"},
}
_LONG = "x" * 200
"""A scope of which a sealed access token would be too long: so it is stored, with the grant."""


@dataclass(slots=True, kw_only=True)
class Server:
    """One `dragoman serve`, with its workers if it has some."""

    configuration: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    _log_began: int = 0

    @property
    def log(self) -> Path:
        """What it wrote to standard error, in all of its lives."""
        return self.configuration.with_suffix(".log")

    @property
    def running(self) -> bool:
        """Whether its first process lives. Where a worker dies, that one lives on and starts another."""
        return self.process is not None and self.process.poll() is None

    @property
    def killed_itself(self) -> bool:
        """Whether a failpoint has killed it, or a worker of it, since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._log_began)
            return b"kills this process" in log.read()

    def start(self, failpoints: str = "") -> None:
        """Start it, in a process group of its own."""
        environment = {**os.environ, **({FAILPOINTS: failpoints} if failpoints else {})}
        command = [COMMAND, "serve", "--config", str(self.configuration)]
        with self.log.open("ab") as log:
            self._log_began = log.tell()
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 (no forks)
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL to every process of it, whether or not the first one is dead already."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def kill_first(self) -> None:
        """SIGKILL to its first process alone; the others must end by themselves, and hold nothing back."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        until = time.monotonic() + STOPPING_SECONDS
        while self._has_processes():
            assert time.monotonic() < until, "a worker outlived its server"
            time.sleep(_GLANCE_SECONDS)

    def _has_processes(self) -> bool:
        assert self.process is not None
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(STOPPING_SECONDS)


@dataclass(slots=True, kw_only=True)
class Deployment:
    """All servers over one database."""

    servers: Sequence[Server]
    apps: Sequence[App]
    settling_seconds: float = 0.0
    """How long the database may go on with what a dead server had sent."""

    @property
    def ports(self) -> Sequence[int]:
        """Where they listen."""
        return [server.port for server in self.servers]

    @property
    def running(self) -> Sequence[Server]:
        """Those that live."""
        return [server for server in self.servers if server.running]

    def start(self, failpoints: str = "") -> None:
        """Start those that do not run, and wait until each answers or is dead."""
        starting = [server for server in self.servers if not server.running]
        for server in starting:
            server.start(failpoints)
        for server in starting:
            _wait_for(server)

    def kill(self) -> None:
        """SIGKILL to all."""
        for server in self.servers:
            server.kill()

    def stop(self) -> None:
        """SIGTERM to all, which must all end well."""
        found = [server.stop() for server in self.servers]
        assert found == [0] * len(found), [server.log.read_text(encoding="utf-8")[-2000:] for server in self.servers]

    def log_text(self) -> str:
        """All that was logged."""
        return "".join(server.log.read_text(encoding="utf-8") for server in self.servers)


def deploy(folder: Path, ports: Sequence[int], *, workers: int = 1, database: str = "dragoman.db") -> Deployment:
    """Keys, database, apps and a person; the servers, one at each port, are not started yet."""
    made = [Server(configuration=folder / f"dragoman-{port}.toml", port=port) for port in ports]
    for server in made:
        server.configuration.write_text(_configuration(made[0].port, server.port, workers, database), encoding="utf-8")
    clients = {
        name: CastClient(
            id=name,
            secret=_SECRET,
            grant_types=("password", "refresh_token"),
            scope=("read", _LONG if name == "stored" else "write"),
            further=dict(further),
        )
        for name, further in _APPS.items()
    }
    people = {"ann": CastPerson(id="person-1", username="ann", password=_PASSWORD)}
    provision(read_configuration(made[0].configuration), "standard", Cast(clients=clients, people=people))
    apps = [
        App(client_id=name, client_secret=_SECRET, username="ann", password=_PASSWORD, grace=int(further["grace"]))
        for name, further in _APPS.items()
    ]
    return Deployment(servers=made, apps=apps, settling_seconds=0.0 if "://" not in database else 1.0)


def _configuration(first_port: int, port: int, workers: int, database: str) -> str:
    lines = [
        f'issuer = "http://127.0.0.1:{first_port}"', f'database = "{database}"', "[server]", f"port = {port}",
        *([f"workers = {workers}"] if workers > 1 else []), "[passwords]", "memory_kib = 8", "iterations = 1",
        "[log]", 'level = "warning"', "[[mounts]]", 'dialect = "standard"', "",
    ]  # fmt: skip
    return "\n".join(lines)


def _end_with_parent() -> None:
    """A run that is killed leaves no server behind."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)


def _wait_for(server: Server) -> None:
    """Until somebody answers at its port, or it is dead."""
    until = time.monotonic() + STOPPING_SECONDS
    while server.running and time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=STOPPING_SECONDS) as probe:
                probe.sendall(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if probe.recv(12) == b"HTTP/1.1 200":
                    return
        except OSError:
            pass
        time.sleep(_GLANCE_SECONDS)
