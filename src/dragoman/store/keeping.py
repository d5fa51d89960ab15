"""Backups and restores of the store wherever the setting says it is. Only the database in use is loaded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.secret import Secret
    from dragoman.store.saving import Restored, Saved, Terms

# ruff: noqa: PLC0415


def back_up(location: Path | Secret, destination: Path) -> Saved:
    """Save what is committed now into a new private file, beside running servers or without one. Raises StoreFault."""
    if isinstance(location, Path):
        from dragoman.store.sqlite import backup as sqlite_backup

        return sqlite_backup.back_up(location, destination)
    from dragoman.store.postgresql import backup as postgresql_backup

    return asyncio.run(postgresql_backup.back_up(location, destination))


def restore(location: Path | Secret, source: Path, terms: Terms) -> Restored:
    """Restore a backup, and end what it brings back before any server can have it. Raises StoreFault."""
    if isinstance(location, Path):
        from dragoman.store.sqlite import restore as sqlite_restore

        return sqlite_restore.restore(location, source, terms)
    from dragoman.store.postgresql import restore as postgresql_restore

    return asyncio.run(postgresql_restore.restore(location, source, terms))


def renew(location: Path | Secret, terms: Terms) -> Restored:
    """End what a database brought back that was restored by other means. Raises StoreFault."""
    if isinstance(location, Path):
        from dragoman.store.sqlite import restore as sqlite_restore

        return sqlite_restore.renew(location, terms)
    from dragoman.store.postgresql import restore as postgresql_restore

    return asyncio.run(postgresql_restore.renew(location, terms))


def reset_time(location: Path | Secret, now: int) -> int:
    """Have the next server begin with this time, and end what began after it; how many grants. Raises StoreFault."""
    if isinstance(location, Path):
        from dragoman.store.sqlite import restore as sqlite_restore

        return sqlite_restore.reset_time(location, now)
    from dragoman.store.postgresql import restore as postgresql_restore

    return asyncio.run(postgresql_restore.reset_time(location, now))
