"""A running server takes away what is old by itself, unless its clock is not to be believed."""

from __future__ import annotations

import asyncio
import io
from functools import partial
from typing import TYPE_CHECKING

from dragoman.audit.retention import remove_old
from dragoman.core.clock import SteadyClock
from dragoman.http.log import Log
from dragoman.wiring import chores
from tests.audit.writing import KEY, data_files, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

DAY = 86400
START = 1_800_000_000


def kept(folder: Path, now: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> str:
    """The log of a server that looked once."""
    monkeypatch.setattr(chores, "_AUDIT_FIRST_SECONDS", 0)
    log = io.BytesIO()

    async def look() -> None:
        remove = partial(remove_old, folder, KEY, now)
        chore = asyncio.create_task(chores.keep_audit(remove, now, Log("info", log), kept=30 * DAY))
        await asyncio.wait({chore}, timeout=0.5)
        chore.cancel()

    asyncio.run(look())
    return log.getvalue().decode()


def test_what_is_old_is_taken_away_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "audit"
    written(folder, range(5), clock=lambda: START)
    name = next(path.name for path in data_files(folder) if not path.name.startswith("ledger"))
    told = kept(folder, lambda: START + 31 * DAY, monkeypatch)
    assert '"event":"audit_removed"' in told
    assert name in told
    assert not (folder / name).exists()


def test_a_clock_that_is_not_believed_takes_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "audit"
    written(folder, range(5), clock=lambda: START)
    clock = SteadyClock(lambda: float(START), lambda: 0.0)
    clock.count_on_from(START + 900 * DAY, 0)
    assert clock.behind
    assert kept(folder, clock, monkeypatch) == ""
    assert len(data_files(folder)) == 2


def test_a_folder_that_cannot_be_looked_at_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert '"event":"audit_not_removed"' in kept(tmp_path / "nowhere", lambda: START, monkeypatch)
