"""What is shipped, run: each configuration by the real commands, and each probe against the server that they start."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from deploy.container import healthcheck

from tests.cli.commanding import PROGRAM
from tests.deploy.reading import UNIT, configuration_texts, probed_paths, read_shipped, read_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SHIPPED = tuple(configuration_texts())
DEADLINE = 30


@dataclass(frozen=True)
class Place:
    """A machine's folders, with a configuration as it is shipped and all that is the machine's own in the environment."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    def check(self, path: str) -> subprocess.CompletedProcess[str]:
        """The health check of the image."""
        return self.run([sys.executable, healthcheck.__file__, path])

    def ask(self, path: str) -> int:
        """The status that a probe gets; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=DEADLINE) as answer:
                return answer.status
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.status
        except OSError:
            return 0

    @property
    def port(self) -> str:
        return self.environment["DRAGOMAN_SERVER__PORT"]

    @contextmanager
    def serving(self, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*PROGRAM, "serve"], env={**self.environment, **more}, cwd=self.folder, stderr=log
            )
        try:
            deadline = time.monotonic() + DEADLINE
            while self.ask("/health/live") == 0:
                assert server.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield server
        finally:
            server.kill()
            server.wait()


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    etc = tmp_path / "etc"
    etc.mkdir()
    read_shipped(request.param, etc)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "DRAGOMAN_CONFIG": str(etc / "dragoman.toml"),
        "DRAGOMAN_DATABASE": str(tmp_path / "state" / "dragoman.db"),
        "DRAGOMAN_KEYS": str(tmp_path / "state" / "keys"),
        "DRAGOMAN_AUDIT__FILES": str(tmp_path / "state" / "audit"),
        "DRAGOMAN_SERVER__HOST": "127.0.0.1",
        "DRAGOMAN_SERVER__PORT": str(port),
        "DRAGOMAN_PASSWORDS__MEMORY_KIB": "8",
    }
    (etc / "dragoman.toml").chmod(0o444)
    etc.chmod(0o555)
    (tmp_path / "state").mkdir(mode=0o700)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN_")}
    return Place(folder=tmp_path, environment=kept | settings)


@pytest.mark.parametrize("place", SHIPPED, indirect=True)
def test_each_configuration_can_be_set_up_and_answers_every_probe(place: Place):
    done = place.run([*PROGRAM, "init", str(place.folder / "etc")])
    assert done.returncode == 0, done.stderr
    with place.serving() as server:
        assert {path: place.ask(path) for path in probed_paths()} == dict.fromkeys(probed_paths(), 200)
        server.send_signal(signal.SIGTERM)
        assert server.wait(DEADLINE) == 0
    assert [path.name for path in (place.folder / "etc").iterdir()] == ["dragoman.toml"]


@pytest.mark.parametrize("place", ["container/dragoman.toml"], indirect=True)
def test_the_health_check_of_the_image_tells_how_the_server_fares(place: Place):
    assert place.run([*PROGRAM, "init", str(place.folder / "etc")]).returncode == 0
    again = place.run([*PROGRAM, "init", str(place.folder / "etc")])
    assert "new keys 0" in again.stdout
    assert place.check("/health/live").returncode == 1
    with place.serving():
        for path in probed_paths():
            assert place.check(path).returncode == 0, path
        assert place.check("/health/other").returncode == 1


def test_what_is_asked_are_the_paths_for_probes():
    assert set(probed_paths()) == {"/health/live", "/health/ready"}


@pytest.mark.parametrize("place", ["systemd/dragoman.toml"], indirect=True)
def test_the_main_process_tells_systemd_what_the_unit_waits_for(place: Place):
    assert dict(read_unit(UNIT.read_text())["Service"]).items() >= {("Type", "notify"), ("NotifyAccess", "main")}
    assert place.run([*PROGRAM, "init", str(place.folder / "etc")]).returncode == 0
    name = f"dragoman-test-{place.port}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        manager.settimeout(DEADLINE)
        manager.bind(f"\0{name}")
        with place.serving(NOTIFY_SOCKET=f"@{name}", DRAGOMAN_SERVER__WORKERS="2") as server:
            heard = [_hear(manager)]
            server.send_signal(signal.SIGHUP)
            heard += [_hear(manager), _hear(manager)]
            assert place.ask("/health/live") == 200
            server.send_signal(signal.SIGTERM)
            heard.append(_hear(manager))
            assert server.wait(DEADLINE) == 0
    words = ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]
    assert heard == [(server.pid, word) for word in words]


def _hear(manager: socket.socket) -> tuple[int, str]:
    """Which process told, and the first of what it told."""
    text, beside, _, _ = manager.recvmsg(4096, socket.CMSG_SPACE(struct.calcsize("3i")))
    return struct.unpack("3i", beside[0][2])[0], text.decode().splitlines()[0]


@pytest.mark.parametrize("place", ["container/dragoman.toml"], indirect=True)
def test_the_health_check_fails_where_there_is_no_configuration(place: Place):
    (place.folder / "etc").chmod(0o755)
    (place.folder / "etc" / "dragoman.toml").unlink()
    done = place.check("/health/live")
    assert done.returncode == 1
    assert "no such file" in done.stderr
