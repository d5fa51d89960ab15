"""The server's standard streams: whatever becomes of what it says, it answers, and it ends in order."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from tests.processes import PATIENCE_SECONDS, PROGRAM, free_port, wait_until

if TYPE_CHECKING:
    from tests.cli.commanding import Folder


def is_live(port: int) -> bool:
    """Whether somebody answers there."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection, suppress(OSError):
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    return False


@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", ">/dev/full 2>/dev/full", "2>&0"])
def test_f32_a_server_that_nobody_can_hear_answers_and_ends_in_order(folder: Folder, streams: str):
    """Closed, on a full disk, or (as standard input is here) a pipe whose reader has gone."""
    port, (reader, writer) = free_port(), os.pipe()
    os.close(reader)
    command = ["sh", "-c", f'exec "$@" {streams}', "sh", *PROGRAM, "serve", "--config", str(folder.file)]
    given = {**os.environ, "DRAGOMAN_SERVER__PORT": str(port)}
    with subprocess.Popen(command, stdin=writer, env=given, start_new_session=True) as process:
        os.close(writer)
        try:
            wait_until(lambda: is_live(port) or process.poll() is not None)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
