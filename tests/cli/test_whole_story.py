"""A server from nothing to its end, as an operator lives it: real processes, a real port."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.commanding import PROGRAM, Folder, make_folder, post
from tests.processes import free_port

PASSWORD = "correct horse battery"


def command(folder: Folder, *arguments: str, stdin: str = "") -> str:
    """What an own process prints; its arguments hold no secret."""
    called = [*PROGRAM, *arguments, "--config", str(folder.file)]
    assert PASSWORD not in called
    ended = subprocess.run(called, input=stdin, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert PASSWORD not in ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def served(folder: Folder, base: str, log: Path) -> Iterator[subprocess.Popen]:
    with (
        log.open("wb") as stream,
        subprocess.Popen([*PROGRAM, "serve", "--config", str(folder.file)], stdout=stream, stderr=stream) as server,
    ):
        try:
            wait_for(lambda: urllib.request.urlopen(f"{base}/health/live", timeout=10).read())
            yield server
        finally:
            server.kill()


@contextmanager
def begun(base: str, client: tuple[str, str]) -> Iterator[Callable[[], bytes]]:
    """A log-in that the server has begun to read; what is yielded sends the rest and reads the answer."""
    body = urllib.parse.urlencode({"grant_type": "password", "username": "ann", "password": PASSWORD}).encode()
    parts = urllib.parse.urlsplit(base)
    head = (
        f"POST /oauth2/token HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Authorization: Basic {b64encode(':'.join(client).encode()).decode()}\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")

        def finish() -> bytes:
            connection.sendall(body)
            return connection.recv(65536)

        yield finish


def refuses(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) != 0


def end_within_a_log_in(server: subprocess.Popen, port: int, client: tuple[str, str]) -> None:
    """It takes nobody any more, answers whom it has begun with, and goes."""
    with begun(f"http://127.0.0.1:{port}", client) as finish:
        server.send_signal(signal.SIGTERM)
        wait_for(lambda: refuses(port))
        assert server.poll() is None
        assert finish().startswith(b"HTTP/1.1 200 OK")
    assert server.wait(60) == 0


def wait_for(look: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            if look():
                return
        except (urllib.error.URLError, ConnectionError):
            pass
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_from_an_empty_folder_to_a_drained_server(tmp_path: Path):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    folder = make_folder(tmp_path / "server", "--port", port)
    log = tmp_path / "log"
    made = json.loads(command(folder, "client", "create", "shop", "--grant-type", "password refresh_token", "--json"))
    secret = made["secret"]
    command(folder, "user", "create", "ann", "--password-stdin", stdin=PASSWORD + "\n")
    url, client = base + "/oauth2/token", ("shop", secret)
    with served(folder, base, log) as server:
        status, first = post(url, client, grant_type="password", username="ann", password=PASSWORD)
        assert status == 200
        status, second = post(url, client, grant_type="refresh_token", refresh_token=first["refresh_token"])
        assert status == 200
        inspected = json.loads(command(folder, "token", "inspect", "--json", "-", stdin=second["access_token"]))
        assert (inspected["live"], inspected["client"]) == (True, "shop")

        command(folder, "user", "disable", "ann")
        status, refused = post(url, client, grant_type="refresh_token", refresh_token=second["refresh_token"])
        assert (status, refused["error"]) == (400, "invalid_grant")
        command(folder, "user", "enable", "ann")
        assert post(url, client, grant_type="password", username="ann", password=PASSWORD)[0] == 200

        command(folder, "client", "disable", "shop")
        wait_for(lambda: post(url, client, grant_type="password", username="ann", password=PASSWORD)[0] == 401)
        command(folder, "client", "enable", "shop")
        rotated = json.loads(command(folder, "client", "rotate-secret", "shop", "--json"))["secret"]
        renewed = ("shop", rotated)
        wait_for(lambda: post(url, renewed, grant_type="password", username="ann", password=PASSWORD)[0] == 200)
        assert post(url, client, grant_type="refresh_token", refresh_token="x")[1]["error"] == "invalid_client"
        assert "answers" in command(folder, "doctor")

        end_within_a_log_in(server, port, renewed)
    told = log.read_text()
    assert "switched on against RFC 9700: the password grant" in told
    for value in (PASSWORD, secret, rotated, *first.values(), *second.values()):
        if isinstance(value, str) and value != "Bearer":
            assert value not in told
    assert {path.stat().st_mode & 0o777 for path in folder.path.rglob("*") if path.is_file()} == {0o600}
