"""An audit to look at: files that a real server's recording and real commands' ledger have written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dragoman.audit.operating import LedgerAudit
from dragoman.audit.recording import FolderAudit
from dragoman.audit.writing import Files
from dragoman.core.model import Sender
from dragoman.core.ports import Event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = b"0123456789abcdef0123456789abcdef"
MIB = 2**20


class Told:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, object]]] = []

    def write(self, level: str, event: str, /, **facts: object) -> None:
        self.lines.append((level, event, facts))

    def events(self) -> list[str]:
        return [event for _, event, _ in self.lines]


def event(number: int, **changes: object) -> Event:
    parts = {
        "name": "token_issued",
        "dialect": "standard",
        "sender": Sender(address="192.0.2.7"),
        "client_id": f"client-{number}",
        "facts": {"grant_type": "password", "scope": "read write"},
        **changes,
    }
    return Event(**parts)


def recording(
    folder: Path, told: Told | None = None, largest: int = MIB, clock: Callable[[], float] = time.time
) -> FolderAudit:
    return FolderAudit(Files(folder=folder, key=KEY, largest=largest), told or Told(), clock)


def written(
    folder: Path, numbers: range, largest: int = MIB, clock: Callable[[], float] = time.time, told: Told | None = None
) -> None:
    """A process that recorded these events and ended in order."""
    audit = recording(folder, told, largest, clock)
    for number in numbers:
        audit.record(event(number))
    audit.close()


def operated(folder: Path, number: int, clock: Callable[[], float] = time.time) -> None:
    """A command that did something."""
    LedgerAudit(folder, KEY, clock).record(event(number, name="command_done", dialect="", sender=Sender()))


def data_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))
