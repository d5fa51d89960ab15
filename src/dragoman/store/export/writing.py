"""Writes an export: one snapshot, row by row, so that it takes no more memory the more there is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

import msgspec

from dragoman import __version__
from dragoman.store import statement_names as sql
from dragoman.store.export.converting import (
    line_of_access_token,
    line_of_client,
    line_of_ended_subject,
    line_of_former_session,
    line_of_grant,
    line_of_owner,
    line_of_revoked_token,
)
from dragoman.store.export.lines import (
    FORMAT,
    LONGEST_LINE,
    VERSION,
    AccessTokenLine,
    ClientLine,
    End,
    EndedSubjectLine,
    FormerSessionLine,
    GrantLine,
    Header,
    Line,
    ResourceOwnerLine,
    RevokedAccessTokenLine,
    type_of,
)
from dragoman.store.faults import StoreFault
from dragoman.store.installation import LAST_BACKUP, RESTORED_FROM, SAVED_IN_USE
from dragoman.store.rows import access_token_of, client_of, grant_of, resource_owner_of
from dragoman.store.saving import Saved
from dragoman.store.version import FITS_FROM_NAME, VERSIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from dragoman.store.rows import Row

_ENCODER = msgspec.json.Encoder(order="deterministic")
_TOGETHER = 1 << 16
"""Bytes that are written at once."""
_OF_THE_FILE_ITSELF = frozenset({FITS_FROM_NAME, SAVED_IN_USE, RESTORED_FROM, LAST_BACKUP})
"""What is said of one database, and not of what it holds."""


class Snapshot(Protocol):
    """A database as it was at one moment."""

    in_use: bool
    """Whether somebody else had it then."""

    def rows(self, statement: str) -> AsyncIterator[Row]:
        """What the statement of this name finds, a few at a time."""
        ...


_TABLES: Mapping[str, tuple[type[Line], Callable[[Row], Line]]] = {
    sql.ALL_CLIENTS: (ClientLine, lambda row: line_of_client(client_of(row))),
    sql.ALL_RESOURCE_OWNERS: (ResourceOwnerLine, lambda row: line_of_owner(resource_owner_of(row))),
    sql.ALL_GRANTS: (GrantLine, lambda row: line_of_grant(grant_of(row))),
    sql.ALL_ACCESS_TOKENS: (AccessTokenLine, lambda row: line_of_access_token(access_token_of(row))),
    sql.ALL_REVOKED_ACCESS_TOKENS: (RevokedAccessTokenLine, line_of_revoked_token),
    sql.ALL_FORMER_SESSIONS: (FormerSessionLine, line_of_former_session),
    sql.ALL_ENDED_SUBJECTS: (EndedSubjectLine, line_of_ended_subject),
}


class _Sink:
    """Lines that are counted, summed and written in pieces."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._waiting = bytearray()
        self._sum = hashlib.sha256()
        self.size = 0

    def put(self, line: Line) -> None:
        content = _ENCODER.encode(line) + b"\n"
        if len(content) > LONGEST_LINE:
            raise StoreFault(f"A row would make a {type_of(type(line))} of more than {LONGEST_LINE} bytes: look at it.")
        self._waiting += content
        if len(self._waiting) >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        self._sum.update(self._waiting)
        self.size += len(self._waiting)
        self._write(bytes(self._waiting))
        self._waiting.clear()

    def digest(self) -> str:
        """The digest of all lines so far."""
        self.flush()
        return self._sum.hexdigest()


async def write_export(snapshot: Snapshot, write: Callable[[bytes], object], now: int) -> Saved:
    """Write the whole export, to its last line. Raises what `write` raises."""
    sink = _Sink(write)
    facts = {row[0]: row[1] async for row in snapshot.rows(sql.ALL_INSTALLATION) if row[0] not in _OF_THE_FILE_ITSELF}
    sink.put(
        Header(
            format=FORMAT,
            version=VERSION,
            made_at=now,
            made_by=f"dragoman {__version__}",
            in_use=snapshot.in_use,
            installation=facts,
        )
    )
    counts: dict[str, int] = {}
    for statement, (type_, line_of_row) in _TABLES.items():
        name = type_of(type_)
        counts[name] = 0
        async for row in snapshot.rows(statement):
            sink.put(line_of_row(row))
            counts[name] += 1
    sink.put(End(lines=counts, sha256=sink.digest()))
    sink.flush()
    return Saved(version=VERSIONS[-1], rows=counts, size=sink.size)
