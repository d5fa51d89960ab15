"""A server process, spoken to in bytes by a client that may have tokens."""

from __future__ import annotations

import re
import socket
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.processes import ServerProcess

FORM = b"grant_type=client_credentials"
SECONDS = 90
HUNG_UP = (ConnectionResetError, BrokenPipeError)


@dataclass(frozen=True)
class Door:
    """A server, and a client that may have tokens."""

    server: ServerProcess
    basic: bytes
    database: Path

    def head(self, *lines: bytes, start: bytes = b"POST /oauth2/token HTTP/1.1", host: bytes = b"Host: a") -> bytes:
        """A head with good credentials; what is not given is as it should be."""
        media_type = b"Content-Type: application/x-www-form-urlencoded"
        all_lines = (start, host, b"Authorization: Basic " + self.basic, media_type, *lines)
        return b"\r\n".join(line for line in all_lines if line) + b"\r\n\r\n"

    def request(self, *lines: bytes, body: bytes = FORM, **more: bytes) -> bytes:
        """A whole request for a token."""
        return self.head(b"Content-Length: %d" % len(body), *lines, **more) + body

    def connected(self) -> socket.socket:
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=SECONDS)

    def converse(self, *pieces: bytes, wait_for: bytes = b"") -> bytes:
        """What comes back until the server hangs up; each piece but the first waits for an answer that has this."""
        received = b""
        with self.connected() as connection:
            try:
                for number, piece in enumerate(pieces):
                    while number and wait_for not in received:
                        received += connection.recv(65536)
                    connection.sendall(piece)
                while chunk := connection.recv(65536):
                    received += chunk
            except HUNG_UP:
                pass
        return received

    def issued(self) -> int:
        """How many tokens were given out so far."""
        with closing(sqlite3.connect(self.database)) as database:
            ((number,),) = database.execute("SELECT count(*) FROM access_tokens")
        return number

    def refusals(self, *pieces: bytes, wait_for: bytes = b"") -> list[int]:
        """The status of each answer; the server must hang up, and give out no token."""
        before = self.issued()
        received = self.converse(*pieces, wait_for=wait_for)
        assert self.next_token() == before + 1
        return statuses(received)

    def next_token(self) -> int:
        """A good request is answered; how many tokens were given out, with it."""
        answer = self.converse(self.request(b"Connection: close"))
        assert statuses(answer) == [200], answer
        return self.issued()


def statuses(received: bytes) -> list[int]:
    return [int(one) for one in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]
