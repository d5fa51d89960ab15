"""Rows of other servers' databases to records: what their readers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dragoman.core.adoption import digest_of
from dragoman.core.secret import Secret
from dragoman.elsewhere.cells import CellFault, text_of
from dragoman.importers.record import SESSION, ImportedSession, Record, UnreadableRow, is_hashed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from dragoman.core.model import FormerSession

REDIRECT_URIS = "redirect URIs: not kept by an import yet"

Row = Mapping[str, object]


def read_row(read: Callable[[Row, str], Record], row: Row, kind: str, table: str, key: str) -> Record:
    """The record of a row, which is told by its table and key; an UnreadableRow where it cannot be understood."""
    found = row.get(key)
    name = found if isinstance(found, str) else str(found)
    place = f"{table}, {key} {name}"
    try:
        return read(row, place)
    except CellFault as fault:
        return UnreadableRow(place=place, kind=kind, id=name, why=str(fault))


def secrets_of(stored: str | None, *, prefix: str = "") -> tuple[tuple[Secret, ...], tuple[str, ...]]:
    """A stored client secret: as plain text, or as a hash. `prefix` marks plain text."""
    if not stored:
        return (), ()
    if prefix and stored.startswith(prefix):
        return (Secret(stored.removeprefix(prefix)),), ()
    return ((), (stored,)) if is_hashed(stored) else ((Secret(stored),), ())


def login_of(row: Row, *names: str) -> str:
    """The first of these columns that holds something. Raises CellFault."""
    for name in names:
        found = text_of(row.get(name))
        if found:
            return found
    raise CellFault(f"there is no {' and no '.join(names)} to log in with")


def session_of(
    place: str, format_name: str, identifier: str, session: FormerSession, *, ended: str | None
) -> ImportedSession:
    """A session by a digest of what names it in its tokens."""
    digest = digest_of(format_name, identifier)
    return ImportedSession(place=place, format=format_name, digest=digest, session=session, ended=ended)


async def numbered(rows: AsyncIterator[Row], read: Callable[[Row, str], Record], table: str) -> AsyncIterator[Record]:
    """Records of rows whose keys are tokens, or as good as tokens: they are told by their number."""
    number = 0
    async for row in rows:
        number += 1
        place = f"{table}, row {number}"
        try:
            yield read(row, place)
        except CellFault as fault:
            yield UnreadableRow(place=place, kind=SESSION, id=str(number), why=str(fault))
