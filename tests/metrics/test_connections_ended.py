"""What this side does to connections is counted: of what never was a request, nothing else is told."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from dragoman.http.log import Log
from dragoman.http.paths import Paths
from dragoman.metrics.exposition import expose
from dragoman.metrics.memory import Memory
from dragoman.metrics.tally import Tally
from dragoman.serving.front import Departure, Front
from dragoman.serving.listening import listen
from tests.metrics.scraping import read_scrape
from tests.serving import configure

if TYPE_CHECKING:
    from pathlib import Path


def garble(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"canary-4711 is no HTTP\r\n\r\n")
        while connection.recv(4096):
            pass


def test_who_speaks_no_http_is_a_number_and_nothing_of_what_it_said(tmp_path: Path):
    memory = Memory()

    async def serve() -> None:
        listening, departure = listen("127.0.0.1", 0), Departure()
        tally, port = Tally(memory.descriptor, memory.free_place()), listening.getsockname()[1]
        front = Front(configure(tmp_path), Paths(()), listening, departure, most=10, log=Log("error"), tally=tally)
        serving = asyncio.create_task(front.serve(lambda: None))
        for _ in range(3):
            await asyncio.to_thread(garble, port)
        departure.end()
        await serving

    asyncio.run(serve())
    text = expose(memory.descriptor, "0").decode()
    memory.close()
    assert read_scrape(text).of("dragoman_connections_ended_total", because="unacceptable") == 3
    assert "canary" not in text
