"""`dragoman demo` as its own process, on a port of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Credentials = Mapping[str, str]
"""What demo.json says of one dialect."""

COMMAND = str(Path(sys.executable).with_name("dragoman"))
PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demo that answers."""

    folder: Path
    base_url: str
    dialects: Mapping[str, Credentials]
    process: subprocess.Popen[str]
    log: Path
    """What it wrote to standard error."""

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it with this signal; its exit status."""
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """A demo over this data folder. The first line that it prints says that demo.json is there."""
    command = [COMMAND, "demo", "--port", "0", "--data", str(folder)]
    environment = {**os.environ, "COLUMNS": "200"}
    log = folder.with_suffix(".log")
    with (
        log.open("ab") as standard_error,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=standard_error, text=True, env=environment) as process,
    ):
        try:
            first = process.stdout.readline() if process.stdout is not None else ""
            assert "Dragoman speaks six dialects" in first, first or log.read_text(encoding="utf-8")
            described = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
            yield Demo(
                folder=folder,
                base_url=described["base_url"],
                dialects=described["dialects"],
                process=process,
                log=log,
            )
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=PATIENCE_SECONDS)
