"""What the database knows of itself: the latest time, noted by many, and never taken back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.store.store_cast import NOW, new_access_token, new_grant, serve, serve_cast

from dragoman.store.version import FITS_FROM_ALONE

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.core.secret import Secret
    from dragoman.store.store import Store


def test_a_new_database_knows_of_no_time(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        found = store.installation
        assert [await found.latest_time(), await found.not_before(), await found.last_backup()] == [0, 0, 0]

    serve(database, scenario)


def test_a_new_database_lets_in_whoever_reads_all_that_is_written_there(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        assert await store.installation.fits_from() == FITS_FROM_ALONE

    serve(database, scenario)


def test_of_many_who_note_the_time_the_latest_wins(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        await store.installation.note_time(NOW)
        await asyncio.gather(*(store.installation.note_time(NOW + (37 * number) % 101) for number in range(101)))
        assert await store.installation.latest_time() == NOW + 100
        await store.installation.note_time(NOW - 3600)
        assert await store.installation.latest_time() == NOW + 100
        await store.installation.note_time(99_999_999_999)
        assert await store.installation.latest_time() == 99_999_999_999

    serve(database, scenario)


def test_the_last_backup_is_remembered(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        await store.installation.note_backup(NOW)
        await store.installation.note_backup(NOW + 1)
        assert await store.installation.last_backup() == NOW + 1

    serve(database, scenario)


def test_a_purge_lets_others_write_between_its_batches(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        for _ in range(24):
            grants = [new_grant(expires_at=NOW + 1, idle_expires_at=None) for _ in range(50)]
            await asyncio.gather(*(store.create_grant(grant, new_access_token(grant)) for grant in grants))
        purging = asyncio.create_task(store.administration.purge(NOW + 3600))
        written = 0
        while not purging.done():
            await store.create_grant(new_grant(), None)
            written += 1
        assert await purging == 2400
        assert written > 5

    serve_cast(database, scenario)
