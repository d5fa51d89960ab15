"""The metrics that no request counts: queues of password hashes, and whether audit and store can be written."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from dragoman.metrics.series import (
    AUDIT_LOST,
    AUDIT_WAITING,
    AUDIT_WRITABLE,
    PASSWORD_HASHES_ABANDONED,
    PASSWORD_HASHES_RUNNING,
    PASSWORD_HASHES_SHED,
    PASSWORD_HASHES_WAITING,
    STORE_WRITABLE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dragoman.audit.logged import LineAudit
    from dragoman.audit.recording import FolderAudit
    from dragoman.hashing.pool import PasswordHasher
    from dragoman.metrics.tally import Tally
    from dragoman.store.store import Store
    from dragoman.wiring.chores import Chore

_PASSWORDS_SECONDS = 1
_AUDIT_SECONDS = 1
_STORE_SECONDS = 5


def metric_chores(
    tally: Tally | None,
    store: Store,
    passwords: PasswordHasher,
    audit: FolderAudit | LineAudit,
    now: Callable[[], int],
) -> Iterator[Chore]:
    """The chores that keep the tally up to date; none without a tally. `now` gives epoch seconds."""
    if tally is not None:
        yield partial(_tell_passwords, passwords, tally)
        yield partial(_tell_audit, audit, tally)
        yield partial(_tell_store, store, now, tally)


async def _tell_passwords(passwords: PasswordHasher, tally: Tally) -> None:
    told = passwords.shed, passwords.abandoned  # none, unless this is begun anew
    try:
        while True:
            told = _tell_queue(passwords, tally, told)
            await asyncio.sleep(_PASSWORDS_SECONDS)
    finally:
        _tell_queue(passwords, tally, told)


def _tell_queue(passwords: PasswordHasher, tally: Tally, told: tuple[int, int]) -> tuple[int, int]:
    """How many were shed and how many hung up so far; `told` is how many of both are counted already."""
    tally.tell(PASSWORD_HASHES_RUNNING, passwords.running)
    tally.tell(PASSWORD_HASHES_WAITING, passwords.waiting)
    shed, abandoned = passwords.shed, passwords.abandoned
    tally.count(PASSWORD_HASHES_SHED, more=shed - told[0])
    tally.count(PASSWORD_HASHES_ABANDONED, more=abandoned - told[1])
    return shed, abandoned


async def _tell_audit(audit: FolderAudit | LineAudit, tally: Tally) -> None:
    told = audit.lost  # none, unless this is begun anew
    while True:
        tally.tell(AUDIT_WRITABLE, audit.writable)
        tally.tell(AUDIT_WAITING, audit.waiting)
        lost = audit.lost
        tally.count(AUDIT_LOST, more=lost - told)
        told = lost
        await asyncio.sleep(_AUDIT_SECONDS)


async def _tell_store(store: Store, now: Callable[[], int], tally: Tally) -> None:
    """A database may be readable still when nothing can be written: a full disk, a standby. So something is written."""
    while True:
        tally.tell(STORE_WRITABLE, await _is_writable(store, now))
        await asyncio.sleep(_STORE_SECONDS)


async def _is_writable(store: Store, now: Callable[[], int]) -> bool:
    """By the one row that may be written at any time, by anyone: how late it is."""
    if store.broken is not None:
        return False
    try:
        await store.installation.note_time(now())
    except Exception:  # noqa: BLE001 (whatever keeps it from being written is what this is to tell)
        return False
    return True
