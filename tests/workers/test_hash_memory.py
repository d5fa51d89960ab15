"""A server that is not given the memory for a hash (fault F29; attack K01)."""

from __future__ import annotations

import http.client
import resource
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.cli.commanding import Folder, run
from tests.processes import ServerProcess, running_server, wait_until

_PASSWORD = "correct horse battery"
_ROOM = 24 * 1024 * 1024
"""Enough for answers, and too little for a hash of 64 MiB."""


@pytest.fixture
def person(folder: Folder) -> str:
    """Somebody whose hash takes 64 MiB to check."""
    assert run("user", "create", "ann", "--password-stdin", "--config", folder.file, stdin=_PASSWORD).status == 0
    text = folder.file.read_text(encoding="utf-8")
    folder.file.write_text(text.replace("memory_kib = 8", "memory_kib = 65536\nslots = 1"), encoding="utf-8")
    return "ann"


def log_in(server: ServerProcess, client: tuple[str, str], username: str) -> tuple[int, str | None]:
    """Status and Retry-After."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    client_id, secret = client
    form = {
        "grant_type": "password", "client_id": client_id, "client_secret": secret,
        "username": username, "password": _PASSWORD,
    }  # fmt: skip
    connection.request("POST", "/oauth2/token", urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("Retry-After")


def refusals(server: ServerProcess) -> list[dict]:
    """What the audit says of log-ins without memory; the log is written a moment later than the answer."""
    return [line for line in server.events("audit") if line.get("detail") == "no memory for a password hash"]


def address_space(pid: int) -> int:
    """Bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def test_f29_without_the_memory_for_a_hash_the_answer_is_503_and_nobody_falls_over(folder: Folder, person: str) -> None:
    secret = folder.client("app", "--grant-type", "password")
    with running_server(folder.file, environment={"DRAGOMAN_AUDIT__TO": "log"}) as server:
        (worker,) = server.workers
        assert log_in(server, ("app", secret), person)[0] == 200
        (hashing,) = server.hash_processes
        limit = resource.prlimit(hashing, resource.RLIMIT_AS)
        tight = address_space(hashing) + _ROOM
        resource.prlimit(hashing, resource.RLIMIT_AS, (tight, limit[1]))
        for _ in range(5):
            assert log_in(server, ("app", secret), person) == (503, "1")
        resource.prlimit(hashing, resource.RLIMIT_AS, limit)
        assert log_in(server, ("app", secret), person)[0] == 200
        assert (server.workers, server.hash_processes) == ({worker}, {hashing})
        wait_until(lambda: len(refusals(server)) == 5)
        assert not server.events("fault")
