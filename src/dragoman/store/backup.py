"""Backups and restores of the store wherever the setting says it is. Only the database in use is loaded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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


def export(location: Path | Secret, write: Callable[[bytes], object], now: int) -> Saved:
    """Write the whole state as lines of JSON, beside running servers or without one. Raises StoreFault, OSError."""
    return asyncio.run(_export(location, write, now))


async def _export(location: Path | Secret, write: Callable[[bytes], object], now: int) -> Saved:
    from dragoman.store.export.writing import write_export

    if isinstance(location, Path):
        from dragoman.store.sqlite.export import snapshot as sqlite_snapshot

        with sqlite_snapshot(location) as file:
            return await write_export(file, write, now)
    from dragoman.store.postgresql.export import snapshot as postgresql_snapshot

    async with postgresql_snapshot(location) as server:
        return await write_export(server, write, now)


def restore(location: Path | Secret, source: Path, terms: Terms) -> Restored:
    """Restore a backup or an export, and end what it brings back before any server can have it. Raises StoreFault."""
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
