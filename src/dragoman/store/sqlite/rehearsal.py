"""What a dry run has created so far: in a file without a name, which is gone with the process, however it ends."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import msgspec

from dragoman.core.login_name import login_names_of
from dragoman.core.model import Client, ResourceOwner
from dragoman.store.intake import Standing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from dragoman.store.intake import Changes


class Rehearsal:
    """Changes that nobody makes, laid over what is there, so that a dry run of any length tells what a run would."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        for table in ("clients", "resource_owners"):
            connection.execute(f"CREATE TABLE {table} (id TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID")
        connection.execute("CREATE TABLE login_names (id TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID")

    def over(self, standing: Standing, ids: Collection[str], logins: Collection[str]) -> Standing:
        """What would stand now."""
        clients = self._found("SELECT id, content FROM clients WHERE id IN (SELECT value FROM json_each(?))", ids)
        owners = self._found(
            "SELECT id, content FROM resource_owners WHERE id IN (SELECT value FROM json_each(?))", ids
        )
        held = self._found("SELECT id, content FROM login_names WHERE id IN (SELECT value FROM json_each(?))", logins)
        return Standing(
            clients={**standing.clients, **{one: msgspec.json.decode(found, type=Client) for one, found in clients}},
            resource_owners={
                **standing.resource_owners,
                **{one: msgspec.json.decode(found, type=ResourceOwner) for one, found in owners},
            },
            logins={**standing.logins, **{login: holder.decode() for login, holder in held}},
            sessions=standing.sessions,
        )

    def keep(self, changes: Changes) -> None:
        """Remember what would have been done."""
        many = self._connection.executemany
        clients = (*changes.new_clients, *changes.changed_clients)
        owners = (*changes.new_owners, *changes.changed_owners)
        names = {login: one.id for one in owners for login in login_names_of(one)}
        many("REPLACE INTO clients VALUES (?, ?)", [(one.id, msgspec.json.encode(one)) for one in clients])
        many("REPLACE INTO resource_owners VALUES (?, ?)", [(one.id, msgspec.json.encode(one)) for one in owners])
        many("REPLACE INTO login_names VALUES (?, ?)", [(login, holder.encode()) for login, holder in names.items()])

    def _found(self, query: str, wanted: Collection[str]) -> Sequence[tuple[str, bytes]]:
        return self._connection.execute(query, (json.dumps(sorted(wanted)),)).fetchall()


@contextmanager
def rehearsal() -> Iterator[Rehearsal]:
    """Nothing done yet; all of it forgotten when the block ends."""
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("BEGIN")
        yield Rehearsal(connection)
