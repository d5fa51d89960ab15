"""Servers in the place of the one that is replaced: a real one, and those that are dead, slow, or talk nonsense."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dragoman.config.settings import MountTable
from dragoman.verification.cast import Cast, CastClient, CastPerson, CastServer
from tests.serving import configure, provision, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CLIENT = CastClient(
    id="till", secret="secret-of-the-till-000000001", grant_types=("password", "client_credentials", "refresh_token"),
    scope=("read", "write"),
)  # fmt: skip
ANN = CastPerson(
    id="owner-ann", username="ann", password="Canary-of-ann-5512", email="ann@example.org", authorities=("ROLE_USER",)
)
BOB = CastPerson(id="owner-bob", username="bob", password="Canary-of-bob-7743")


def cast_of(*people: CastPerson, **further: object) -> Cast:
    """One client, and these people."""
    client = CastClient(**{**{name: getattr(CLIENT, name) for name in CLIENT.__struct_fields__}, "further": further})
    scopes = CastServer(scopes=("read", "write"))
    return Cast(server=scopes, clients={"client": client}, people={one.username: one for one in people})


@contextmanager
def old_server(folder: Path, dialect: str, cast: Cast, **settings: object) -> Iterator[str]:
    """A real token server with a database of its own: another Dragoman. Its address."""
    configuration = configure(
        folder, MountTable(dialect=dialect), scopes=dict.fromkeys(("read", "write"), ""), **settings
    )
    provision(configuration, dialect, cast)
    with serving(configuration) as address:
        yield address


@dataclass(slots=True)
class Talker:
    """A socket that reads a whole request, keeps it, and answers whatever it was told to."""

    answer: Callable[[socket.socket], None] | bytes
    requests: list[bytes] = field(default_factory=list)
    url: str = ""
    tls: ssl.SSLContext | None = None

    @contextmanager
    def listening(self) -> Iterator[Talker]:
        """It answers at `url` until the block ends."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            scheme = "http" if self.tls is None else "https"
            self.url = f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
            thread = threading.Thread(target=self._accept, args=(server,), daemon=True)
            thread.start()
            yield self
            server.shutdown(socket.SHUT_RDWR)
        thread.join(30)

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection if self.tls is None else self.tls.wrap_socket(connection, server_side=True) as spoken:
                self.requests.append(read_request(spoken))
                if callable(self.answer):
                    self.answer(spoken)
                else:
                    spoken.sendall(self.answer)
        except OSError:
            return


def read_request(connection: socket.socket) -> bytes:
    """Head and body."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = connection.recv(65536)
        if not piece:
            return text
        text += piece
    head, _, body = text.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def http(status: str, body: bytes, *lines: str) -> bytes:
    """An answer that ends its connection."""
    head = [f"HTTP/1.1 {status}", *lines, f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*head, "", ""]).encode() + body


def dead_url() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"
