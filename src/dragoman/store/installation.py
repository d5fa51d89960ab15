"""What is kept of the database as a whole, each under a name: whose keys it goes with, and what its time is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dragoman.store import statement_names as sql
from dragoman.store.version import FITS_FROM, FITS_FROM_NAME

if TYPE_CHECKING:
    from dragoman.store.database import Database

KEYS: Final = "key fingerprint"
"""The check value of the keys that its content was made with."""

LATEST_TIME: Final = "latest time"
"""The latest time that a server has used, to within some seconds."""

NOT_BEFORE: Final = "not before"
"""What was issued before this time was issued before a restore, and does not count."""

SAVED_IN_USE: Final = "saved while in use"
"""In a backup: that a server ran when it was made, and so may have gone on afterwards."""

LAST_BACKUP: Final = "last backup"

RESTORED_FROM: Final = "restored from export"
"""The digest of the export that it was restored from, where it was: the same one is not restored twice."""

TIMES: Final = (LATEST_TIME, NOT_BEFORE, LAST_BACKUP)
"""Those whose value is a time."""


class Installation:
    """Reads and writes them. All may refuse `temporarily_unavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def latest_time(self) -> int:
        """The latest time that any server of this database has noted; 0 where none has."""
        return await self._time(LATEST_TIME)

    async def not_before(self) -> int:
        """The end of the time of which a restore knows nothing; 0 where there was none."""
        return await self._time(NOT_BEFORE)

    async def last_backup(self) -> int:
        """When the last backup was made; 0 where none is known."""
        return await self._time(LAST_BACKUP)

    async def fits_from(self) -> str:
        """The oldest schema version whose programs it lets in; no other program uses it from now on."""
        row = await self._database.row(sql.FIND_INSTALLATION, {"name": FITS_FROM_NAME})
        return FITS_FROM if row is None else str(row[0])

    async def note_time(self, now: int) -> None:
        """Note the time, unless a later one was noted, by whomever."""
        await self._advance(LATEST_TIME, now)

    async def note_backup(self, now: int) -> None:
        """Note that a backup was made."""
        await self._advance(LAST_BACKUP, now)

    async def _time(self, name: str) -> int:
        row = await self._database.row(sql.FIND_INSTALLATION, {"name": name})
        return 0 if row is None else int(row[0])

    async def _advance(self, name: str, time: int) -> None:
        """One conditional statement: of several servers the latest wins, in whatever order they come."""
        values = {"name": name, "value": written_time(time)}
        if await self._database.change(sql.ADVANCE_INSTALLATION, values) == 0:
            await self._database.change(sql.BIND_INSTALLATION, values)


def written_time(time: int) -> str:
    """Always as many digits: the later of two times is the greater text, in any collation."""
    return f"{time:012d}"
