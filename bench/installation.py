"""A server of its own to measure: a folder with keys, a database, clients and people, and `dragoman serve` on it."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine import Tree

from dragoman.config.reading import read_configuration
from dragoman.core.model import Client
from dragoman.core.scope import Scope
from dragoman.core.secret import Secret
from dragoman.hashing.client_secrets import ClientSecretHasher
from dragoman.store.opening import open_server
from dragoman.wiring.parts import create_keys, open_passwords, read_keyring

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dragoman.config.settings import Configuration
    from dragoman.core.model import ResourceOwner

SECRET = "a-secret-of-this-measurement-alone"
PASSWORD = "correct horse battery"
_WHERE = re.compile(r"^dragoman: serving \S+ on https?://\S+:([0-9]+)$", re.MULTILINE)
_PATIENCE_SECONDS = 30
_GRANTS = frozenset({"password", "refresh_token", "client_credentials"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers."""

    port: int
    process: int
    """The process id of the parent of its workers."""
    log: Path

    def memory_mib(self, what: str = "VmRSS") -> float:
        """Resident memory of all its processes, or the most of it since `forget_most` (`VmHWM`)."""
        found = (re.search(rf"{what}:\s+(\d+) kB", (one / "status").read_text(encoding="ascii")) for one in self._all())
        return sum(int(one[1]) / 1024 for one in found if one)

    def forget_most(self) -> None:
        """Begin to measure the most anew (proc(5), clear_refs)."""
        for one in self._all():
            (one / "clear_refs").write_text("5", encoding="ascii")

    def _all(self) -> list[Path]:
        return [Path(f"/proc/{one}") for one in Tree(self.process).members()]


def prepare(folder: Path, text: str, clients: Sequence[str], people: Sequence[ResourceOwner]) -> Configuration:
    """A folder with this configuration; `people` get a hash of `PASSWORD` if they have none."""
    file = folder / "dragoman.toml"
    file.write_text(text, encoding="utf-8")
    configuration = read_configuration(file)
    create_keys(configuration)
    asyncio.run(_fill(configuration, clients, people))
    return configuration


async def _fill(configuration: Configuration, clients: Sequence[str], people: Sequence[ResourceOwner]) -> None:
    passwords = open_passwords(configuration)
    keyring = read_keyring(configuration.path(configuration.keys))
    stored = ClientSecretHasher(keyring.client_secret_key(), passwords).store(Secret(SECRET))
    common = await passwords.hash_new(Secret(PASSWORD))
    async with open_server(configuration.location()) as store:
        for name in clients:
            client = Client(id=name, name=name, secrets=(stored,), grant_types=_GRANTS, scope=Scope.of(["read"]))
            await store.administration.create_client(client)
        for owner in people:
            known = replace(owner, password_hash=owner.password_hash or common)
            await store.administration.create_resource_owner(known)
    passwords.close()


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """`dragoman serve` in this folder, on a free port, until the block ends."""
    log = folder / "serve.log"
    command = (sys.executable, "-c", "from dragoman.cli.main import main; main()", "serve", "--config")
    with log.open("wb") as stream:
        process = subprocess.Popen((*command, str(folder / "dragoman.toml")), stdout=stream, stderr=stream)  # noqa: S603
        try:
            yield Running(port=_port(log, process), process=process.pid, log=log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if found := _WHERE.search(log.read_text(encoding="utf-8")):
            return int(found[1])
        time.sleep(0.02)
    sys.exit(f"the server did not start:\n{log.read_text(encoding='utf-8')}")
