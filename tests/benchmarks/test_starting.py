"""How long a system takes to start is until it answers, not until it listens."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from bench.machine import wait_for

if TYPE_CHECKING:
    from pathlib import Path


def test_who_listens_has_not_started_until_it_answers(tmp_path: Path):
    answered = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening, idle() as process:

        def load_and_answer() -> None:
            connection, _ = listening.accept()
            with connection:
                if connection.recv(4096):
                    answered.set()
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=load_and_answer, daemon=True).start()
        wait_for(listening.getsockname()[1], process, tmp_path / "log")
        assert answered.is_set()


def idle() -> subprocess.Popen[bytes]:
    """A process that ends with its input."""
    return subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
