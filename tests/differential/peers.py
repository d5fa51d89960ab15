"""Starting the npm peer, and sending steps to it or to any other server."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench.systems.node import node

from dragoman.shadow.comparison import Answer

from .cast import DifferentialCast, write_for_peer
from .steps import Conversation, Step, capture, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

PEER = Path(__file__).parent / "peer"


@contextmanager
def running_peer(cast: DifferentialCast, folder: Path) -> Iterator[str]:
    """The base URL of a fresh peer that knows this cast; its file goes to `folder`."""
    file = folder / "cast.json"
    file.write_text(write_for_peer(cast), encoding="utf-8")
    command = [node(), str(PEER / "server.mjs"), str(file), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            line = "" if process.stdout is None else process.stdout.readline()
            if not line.startswith("ready "):
                raise RuntimeError("the peer did not start")
            yield line.split()[1]
        finally:
            process.terminate()


def hold(conversation: Conversation, base_url: str) -> list[Answer]:
    """The answers to all steps of a conversation, in order."""
    captured: dict[str, str] = {}
    answers = []
    for step in conversation.steps:
        answer = send(fill(step, captured), base_url)
        captured = {**captured, **capture(step, answer.body)}
        answers.append(answer)
    return answers


def send(step: Step, base_url: str) -> Answer:
    """One request, exactly as written, on a connection of its own."""
    address = urlsplit(base_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        connection.putrequest(step.method, step.path, skip_accept_encoding=True)
        for name, value in (*step.headers, ("Content-Length", str(len(step.body)))):
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders(step.body)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=headers, body=response.read())
    finally:
        connection.close()
