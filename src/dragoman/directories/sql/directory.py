"""Accounts in a table of somebody else's: found by a query, their hashes checked here like all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.ports.directory import NotVerified, Verified
from dragoman.core.value import value
from dragoman.directories.owner import read_owner
from dragoman.elsewhere.cells import CellFault, text_of
from dragoman.elsewhere.faults import Useless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.model import ResourceOwner
    from dragoman.core.ports import Attempt, Passwords
    from dragoman.core.ports.directory import Terms
    from dragoman.core.secret import Secret
    from dragoman.directories.sql.rows import Rows
    from dragoman.elsewhere.guard import Guard
    from dragoman.elsewhere.statement import Statement

_LARGEST_SAMPLE = 10_000
_LONGEST_HASH = 1024


@value
class Queries:
    """What is asked, and what the answers are called."""

    log_in: Statement
    find: Statement
    sample: Statement | None
    columns: Mapping[str, str]
    """The column that holds a member of an account, by the member's name."""
    separator: str | None


class SqlDirectory:
    """The directory; one look-up and one hash, whoever is named."""

    def __init__(self, terms: Terms, queries: Queries, rows: Rows, guard: Guard, passwords: Passwords) -> None:
        """`passwords` checks the hashes that `queries` find in `rows`; `guard` stands before each question."""
        self._terms = terms
        self._queries = queries
        self._rows = rows
        self._guard = guard
        self._passwords = passwords

    @property
    def terms(self) -> Terms:
        """What holds for all its accounts."""
        return self._terms

    async def verify(self, login: str, sent: Secret, attempt: Attempt) -> Verified | NotVerified:
        """Whose password this is. Refuses `temporarily_unavailable`."""
        found = await self._guard.ask(lambda: self._look(self._queries.log_in, login))
        owner, stored = found if isinstance(found, tuple) else (None, None)
        check = await self._passwords.check(stored, sent, attempt)
        if owner is None:
            return NotVerified(why="unknown user" if found is None else "two accounts of the directory have this name")
        if not check.matches:
            return NotVerified(why="wrong password")
        return Verified(owner=owner, password_hash=check.new_hash or stored)

    async def find(self, owner_id: str) -> ResourceOwner | None:
        """The account as it stands. Refuses `temporarily_unavailable`."""
        return await self._guard.ask(lambda: self._find(owner_id))

    async def sample(self) -> tuple[str, ...]:
        """Some of the stored hashes; none where no query for them is configured. Refuses `temporarily_unavailable`."""
        query = self._queries.sample
        if query is None:
            return ()
        rows = await self._guard.ask(lambda: self._rows.find(query, None, _LARGEST_SAMPLE))
        cells = (next(iter(row.values()), None) for row in rows)
        return tuple(cell for cell in cells if isinstance(cell, str) and len(cell) <= _LONGEST_HASH)

    async def _find(self, owner_id: str) -> ResourceOwner | None:
        found = await self._look(self._queries.find, owner_id)
        if found is None:
            return None
        if not isinstance(found, tuple) or found[0].id != owner_id:
            raise Useless("the query by id finds somebody else, or two")
        return found[0]

    async def _look(self, query: Statement, text: str) -> tuple[ResourceOwner, str | None] | int | None:
        """The account and its hash, or how many there are if not one; None for none."""
        rows = await self._rows.find(query, text, 2)
        if len(rows) != 1:
            return len(rows) or None
        cells = {member: rows[0].get(column) for member, column in self._queries.columns.items()}
        try:
            stored = text_of(cells.pop("password_hash"))
        except CellFault:
            raise Useless("a password hash is no text") from None
        return read_owner(cells, self._queries.separator), stored if stored and len(stored) <= _LONGEST_HASH else None
