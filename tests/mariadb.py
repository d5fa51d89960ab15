"""A real MariaDB for tests, where the machine has one: a server of its own for each test process."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pymysql

from dragoman.core.secret import Secret
from tests.certificates import write_certificate
from tests.postgresql import ENCODED, PASSWORD, _as, _end_with_parent, _unprivileged
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb-dump")
_USERS = (
    "CREATE USER 'dragoman'@'%' IDENTIFIED BY '{password}'",
    "GRANT ALL ON *.* TO 'dragoman'@'%'",
    "CREATE USER 'reader'@'%' IDENTIFIED BY '{password}'",
    "GRANT SELECT ON *.* TO 'reader'@'%'",
)


def missing() -> list[str]:
    """The programs that this machine lacks; `make tools` installs them."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class MariaDb:
    """On a free port of the loopback and a socket, with a certificate for `localhost` that it signed itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user = _unprivileged()
        self._server: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.socket = folder / "socket"
        self.certificate = folder / "certificate.pem"
        folder.chmod(0o711)
        if self._user is not None:
            os.chown(folder, self._user, -1)
        write_certificate(self.certificate, "localhost")
        self.certificate.chmod(0o644)
        self._run(
            "mariadb-install-db", "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db",
            "--auth-root-authentication-method=normal", "--innodb-log-file-size=4M",
        )  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it answers. In the main thread: the server ends with the thread that started it."""
        setup = self._folder / "setup.sql"
        setup.write_text("".join(f"{one.format(password=PASSWORD)};\n" for one in _USERS))
        setup.chmod(0o644)
        program = shutil.which("mariadbd")
        assert program is not None
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    program, "--no-defaults", f"--datadir={self._folder / 'data'}", f"--socket={self.socket}",
                    f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin",
                    "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M", f"--init-file={setup}",
                    "--innodb-flush-log-at-trx-commit=0", "--character-set-server=utf8mb4", "--default-time-zone=+05:00",
                    f"--ssl-cert={self.certificate}", f"--ssl-key={self.certificate}",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder,
                preexec_fn=_end_with_parent, **_as(self._user),  # noqa: PLW1509 (no forks)
            )  # fmt: skip
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it as in a crash."""
        if self._server is not None:
            self._server.send_signal(signal.SIGKILL)
            self._server.wait(30)
            self._server = None

    def url(self, database: str, *, user: str = "dragoman", host: str = "127.0.0.1", **options: str) -> Secret:
        """The address of a database."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        text = f"mysql://{user}:{ENCODED}@{host}:{self.port}/{database}"
        return Secret(f"{text}?{query}" if query else text)

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """The name of a new database, which is dropped at the end."""
        name = f"old_{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            yield name
        finally:
            if self._server is not None:
                self.run(f"DROP DATABASE {name}")

    def run(self, *statements: str, database: str | None = None) -> None:
        """Execute these, as an application in UTC does; a name in double quotes is a name."""
        connection = self._connected(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET sql_mode = 'ANSI_QUOTES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'")
                for one in statements:
                    cursor.execute(one)
            connection.commit()
        finally:
            connection.close()

    def query(self, statement: str, database: str) -> list[dict]:
        """What a statement finds."""
        connection = self._connected(database)
        try:
            with connection.cursor(pymysql.cursors.DictCursor) as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def dump(self, database: str, *options: str) -> bytes:
        """What `mariadb-dump` writes."""
        return self._run(
            "mariadb-dump", "--no-defaults", f"--socket={self.socket}", "--user=dragoman", f"--password={PASSWORD}",
            *options, database,
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> bytes:
        found = shutil.which(program)
        assert found is not None
        return subprocess.run([found, *arguments], check=True, capture_output=True, cwd="/", **_as(self._user)).stdout

    def _connected(self, database: str | None = None) -> pymysql.Connection:
        return pymysql.connect(
            unix_socket=str(self.socket), user="dragoman", password=PASSWORD, database=database, charset="utf8mb4"
        )

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._server is None or self._server.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            with suppress(OSError, pymysql.err.Error), socket.socket(socket.AF_UNIX) as plain:
                plain.connect(str(self.socket))  # the driver leaves a socket open that cannot be connected
                self._connected().close()
                return
            time.sleep(0.02)
        raise TimeoutError("the server does not answer")


@contextmanager
def mariadb_server() -> Iterator[MariaDb]:
    """A running server in a folder of its own, which is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="dragoman-"))  # a socket's path must be short
    try:
        one = MariaDb(folder)
        one.start()
        try:
            yield one
        finally:
            one.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
