"""What `dragoman doctor` looks at in time: clocks against each other, the last backup; and what a process may open."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from dragoman.cli.commands.doctor.finding import Finding, fault_found, ok, problem, warning
from dragoman.cli.operation.opening import in_store
from dragoman.cli.terminal.showing import told_time
from dragoman.core.clock import TOLERANCE
from dragoman.core.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.config.settings import Configuration
    from dragoman.store.store import Store

_FEW_FILES = 1024
_APART = TOLERANCE // 2
"""Seconds. Two machines that are so far apart from a third are as far from each other as is still believed."""


def check_history(configuration: Configuration, now: int) -> Iterator[Finding]:
    """Whether it is later than the latest time that a server has noted, and when the last backup was made."""

    async def work(store: Store) -> tuple[int, int]:
        return await store.installation.latest_time(), await store.installation.last_backup()

    try:
        latest, backup = in_store(configuration, work)
    except Fault as fault:
        yield fault_found("clock", fault)
        return
    if latest - now > TOLERANCE:
        text = f"this machine's clock says {told_time(now)}, but a server of this database used {told_time(latest)}"
        remedy = (
            "set the clock, and keep it right with NTP; if it is right and was wrong then, stop the server, run "
            "`dragoman doctor --reset-clock`, and start it. Until then a server counts on from the later time"
        )
        yield problem("clock", text, remedy)
    told = f"the last `dragoman backup` was made at {told_time(backup)}" if backup else "none by `dragoman backup` yet"
    yield ok("backup", f"{told}; the folder of keys belongs to it")


def check_other_clock(now: int, other: int) -> Iterator[Finding]:
    """Whether the clock of the database's machine agrees with ours; both in epoch seconds."""
    if abs(now - other) > _APART:
        text = f"this machine's clock says {told_time(now)}, and that of the database {told_time(other)}"
        yield problem("clock", text, "set the one that is wrong, and keep both right with NTP")


def check_files() -> Finding:
    """Whether a process started from here may open enough: each connection is a file."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < _FEW_FILES:
        text = f"a process started from here may open {limit} files, and each connection is one"
        return warning("files", text, f"run `ulimit -n {_FEW_FILES}`, or set LimitNOFILE= in the service")
    return ok("files", f"a process started from here may open {'any number of' if limit < 0 else limit} files")
