"""Directories that are dead, slow or lie on the wire: whoever asks is told 503 in time, and no thread stays behind."""

from __future__ import annotations

import asyncio
import gc
import io
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from dragoman.config.directory import DirectoryTable, HttpDirectoryTable, LdapDirectoryTable, SqlDirectoryTable
from dragoman.core.errors import OAuthError
from dragoman.core.ports import Attempt
from dragoman.core.secret import Secret
from dragoman.http.log import Log
from dragoman.wiring.directory import opened_directory
from tests.attacks.harness import configuration_of
from tests.directories.people import FIND, QUERY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CANARY = "canary-c0ffee"
ATTEMPT = Attempt(client_id="app", address="127.0.0.1", login="ann")
_SQL = {"log_in": QUERY, "find": FIND}
KINDS = {
    "postgresql": lambda port: {"sql": SqlDirectoryTable(url=f"postgresql://u:{CANARY}@127.0.0.1:{port}/d", **_SQL)},
    "mysql": lambda port: {"sql": SqlDirectoryTable(url=f"mysql://u:{CANARY}@127.0.0.1:{port}/d", **_SQL)},
    "ldap": lambda port: {"ldap": _ldap(f"ldap://localhost:{port}", start_tls=False)},
    "ldap with StartTLS": lambda port: {"ldap": _ldap(f"ldap://localhost:{port}")},
    "ldaps": lambda port: {"ldap": _ldap(f"ldaps://localhost:{port}")},
    "http": lambda port: {"http": HttpDirectoryTable(url=f"http://127.0.0.1:{port}/", bearer=CANARY)},
    "https": lambda port: {"http": HttpDirectoryTable(url=f"https://localhost:{port}/", bearer=CANARY)},
}


def _ldap(url: str, **settings: object) -> LdapDirectoryTable:
    return LdapDirectoryTable(url=url, base="dc=x", bind_dn="cn=x", bind_password=CANARY, **settings)


def _silent(_connection: socket.socket, stop: threading.Event) -> None:
    stop.wait(60)


def _hang_up(_connection: socket.socket, _stop: threading.Event) -> None:
    """Take the connection and let it fall."""


def _sending(piece: bytes, pause: float = 0.0) -> Callable[[socket.socket, threading.Event], None]:
    def speak(connection: socket.socket, stop: threading.Event) -> None:
        while not stop.wait(pause):
            connection.sendall(piece)

    return speak


LIES = {
    "silent": _silent,
    "hangs up": _hang_up,
    "drips": _sending(b"\x30", 0.2),
    "zeros": _sending(b"\0" * 65536),
    "ones": _sending(b"\xff" * 65536),
    "an endless message": _sending(b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01\x61" + b"\0" * 65536),
    "a web server": _sending(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}" * 1000),
}


@contextmanager
def _liar(speak: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    stop, threads, connections = threading.Event(), [], []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            speak(connection, stop)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                threads.append(threading.Thread(target=serve, args=(connection,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        accepting = threading.Thread(target=accept, args=(listener,))
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)
            for one in connections:  # the system may keep one open that nobody reads any more
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            for one in (accepting, *threads):
                one.join(60)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # httpx: failed handshakes, unclosed
@pytest.mark.parametrize("lie", LIES)
def test_whoever_asks_a_liar_is_told_that_nobody_knows(tmp_path: Path, lie: str) -> None:
    stream = io.BytesIO()

    async def ask(kind: str, port: int) -> str:
        table = DirectoryTable(**KINDS[kind](port), timeout_seconds=1)
        async with opened_directory(
            configuration_of(tmp_path, directory=table), None, b"", Log("debug", stream)
        ) as opened:
            for question in (
                lambda: opened.directory.verify("ann", Secret(CANARY), ATTEMPT),
                lambda: opened.directory.find("7"),
            ):
                with pytest.raises(OAuthError) as refused:
                    await question()
                assert refused.value.refusal.value == "temporarily_unavailable"
                assert CANARY not in refused.value.detail
        return kind

    async def ask_all(port: int) -> list[str]:
        return await asyncio.gather(*(ask(kind, port) for kind in KINDS))

    with _liar(LIES[lie]) as port:
        assert asyncio.run(ask_all(port)) == list(KINDS)
    gc.collect()  # what the driver left open is told now, not in somebody else's test
    assert CANARY.encode() not in stream.getvalue()
    ends = time.monotonic() + 60
    while _left() and time.monotonic() < ends:
        time.sleep(0.02)
    assert _left() == []


def _left() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("directory")]
