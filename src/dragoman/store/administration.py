"""What the command line does: clients, resource owners, their grants, and the purge."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.login_name import canonical, fault_of
from dragoman.store import sqlite_statements as sql
from dragoman.store.faults import StoreConflict, StoreFault
from dragoman.store.rows import (
    client_of,
    client_values,
    grant_of,
    resource_owner_of,
    resource_owner_values,
)

if TYPE_CHECKING:
    from dragoman.core.model import Client, Grant, ResourceOwner
    from dragoman.store.rows import Row, Values
    from dragoman.store.sqlite_connection import Connection
    from dragoman.store.sqlite_database import Database

_PURGED_AT_ONCE = 500
_KEYS = "key fingerprint"
_KINDS = {"client": "client", "resource_owner": "resource owner"}


class Administration:
    """Every change is one transaction, durable when it returns. All may refuse `temporarily_unavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bind_keys(self, fingerprint: str) -> None:
        """Remember the keys that the database is first used with (`Keyring.fingerprint`), and accept no other.

        With other keys every client secret and every identifier would fail in silence. Raises StoreFault.
        """
        values: Values = {"name": _KEYS, "value": fingerprint}
        bound = self._database.row(sql.FIND_INSTALLATION, {"name": _KEYS})
        if bound is None:
            bound = await self._database.write(partial(_bind, values=values))
        if bound[0] != fingerprint:
            raise StoreFault(
                "The database was made with the keys of another installation: no client secret and no token in it "
                "would be recognised. Restore the folder of keys that belongs to it, or name another database."
            )

    async def create_client(self, client: Client) -> None:
        """Register a client. Raises StoreConflict if its id is a client's or a resource owner's."""

        def work(connection: Connection) -> None:
            _take_id(connection, client.id, "client")
            connection.count(sql.CREATE_CLIENT, client_values(client))

        await self._database.write(work)

    async def update_client(self, client: Client) -> bool:
        """Replace all of it but id and creation time; False if there is none."""
        values = client_values(client)
        return await self._database.write(lambda connection: connection.count(sql.UPDATE_CLIENT, values)) == 1

    async def list_clients(self, after: str = "", limit: int = 100) -> tuple[Client, ...]:
        """Up to `limit` clients in the order of their ids, those after the id given."""
        return tuple(map(client_of, self._database.rows(sql.LIST_CLIENTS, {"after": after, "limit": limit})))

    async def delete_client(self, client_id: str, now: int) -> bool:
        """Delete it and revoke its grants; False if there is none. Raises StoreConflict while people belong to it."""

        def work(connection: Connection) -> bool:
            belonging = connection.rows(sql.COUNT_BELONGING, {"belongs_to": client_id})[0][0]
            if belonging:
                raise StoreConflict(
                    f"{belonging} resource owners belong to the client {client_id!r}: delete or move them first."
                )
            if connection.count(sql.DELETE_CLIENT, {"id": client_id}) == 0:
                return False
            connection.count(sql.DELETE_SUBJECT, {"id": client_id})
            connection.count(
                sql.REVOKE_GRANTS_OF_CLIENT, {"client_id": client_id, "now": now, "revoked_because": "client_deleted"}
            )
            return True

        return await self._database.write(work)

    async def create_resource_owner(self, owner: ResourceOwner) -> None:
        """Create an account. Raises StoreConflict if id, user name or e-mail is taken, ValueError for a bad name."""

        def work(connection: Connection) -> None:
            _take_id(connection, owner.id, "resource_owner")
            _store_owner(connection, sql.CREATE_RESOURCE_OWNER, owner)
            _take_login_names(connection, owner)

        _refuse_bad_names(owner)
        await self._database.write(work)

    async def update_resource_owner(self, owner: ResourceOwner, now: int) -> bool:
        """Replace all of it but id, creation time and password hash; False if there is none.

        An account that is disabled loses its grants. Raises StoreConflict if user name or e-mail is taken or the client
        it belongs to is unknown, ValueError for a bad name.
        """

        def work(connection: Connection) -> bool:
            if _store_owner(connection, sql.UPDATE_RESOURCE_OWNER, owner) == 0:
                return False
            connection.count(sql.DELETE_LOGIN_NAMES, {"owner_id": owner.id})
            _take_login_names(connection, owner)
            if not owner.enabled:
                _end_grants(connection, owner.id, now, "resource_owner_disabled")
            return True

        _refuse_bad_names(owner)
        return await self._database.write(work)

    async def set_password_hash(self, owner_id: str, password_hash: str | None) -> bool:
        """Replace the hash, whatever it was; False if there is no such account. Its grants stay."""
        values = {"id": owner_id, "password_hash": password_hash}
        return await self._database.write(lambda connection: connection.count(sql.SET_PASSWORD_HASH, values)) == 1

    async def list_resource_owners(self, after: str = "", limit: int = 100) -> tuple[ResourceOwner, ...]:
        """Up to `limit` accounts in the order of their ids, those after the id given."""
        values: Values = {"after": after, "limit": limit}
        return tuple(map(resource_owner_of, self._database.rows(sql.LIST_RESOURCE_OWNERS, values)))

    async def delete_resource_owner(self, owner_id: str, now: int) -> bool:
        """Delete the account and its login names, and revoke its grants; False if there is none."""

        def work(connection: Connection) -> bool:
            if connection.count(sql.DELETE_RESOURCE_OWNER, {"id": owner_id}) == 0:
                return False
            connection.count(sql.DELETE_SUBJECT, {"id": owner_id})
            _end_grants(connection, owner_id, now, "resource_owner_deleted")
            return True

        return await self._database.write(work)

    async def list_grants_of_subject(self, subject: str, after: bytes = b"", limit: int = 100) -> tuple[Grant, ...]:
        """Up to `limit` grants of a resource owner, ended ones too, in the order of their ids."""
        values: Values = {"subject": subject, "after": after, "limit": limit}
        return tuple(map(grant_of, self._database.rows(sql.LIST_GRANTS_OF_SUBJECT, values)))

    async def list_grants_of_client(self, client_id: str, after: bytes = b"", limit: int = 100) -> tuple[Grant, ...]:
        """Up to `limit` grants of a client, ended ones too, in the order of their ids."""
        values: Values = {"client_id": client_id, "after": after, "limit": limit}
        return tuple(map(grant_of, self._database.rows(sql.LIST_GRANTS_OF_CLIENT, values)))

    async def revoke_grants_of_subject(self, subject: str, now: int, because: str) -> int:
        """End all grants of a resource owner in one statement; how many had not ended before."""
        values: Values = {"subject": subject, "now": now, "revoked_because": because}
        return await self._database.write(lambda connection: connection.count(sql.REVOKE_GRANTS_OF_SUBJECT, values))

    async def revoke_grants_of_client(self, client_id: str, now: int, because: str) -> int:
        """End all grants of a client in one statement; how many had not ended before."""
        values: Values = {"client_id": client_id, "now": now, "revoked_because": because}
        return await self._database.write(lambda connection: connection.count(sql.REVOKE_GRANTS_OF_CLIENT, values))

    async def purge(self, before: int) -> int:
        """Remove what ended before this time, a few hundred rows at once; how many grants and tokens went.

        Whoever asks about a purged grant hears that there is none: leave at least the longest access token lifetime
        between `before` and now.
        """
        removed = 0
        for statement in (sql.PURGE_ACCESS_TOKENS, sql.PURGE_REVOKED_ACCESS_TOKENS):
            while gone := await self._database.write(partial(_purge, statement=statement, before=before)):
                removed += gone
        while any(handled := await self._database.write(partial(_purge_grants, before=before))):
            removed += handled[1]
        return removed


def _bind(connection: Connection, values: Values) -> Row:
    connection.count(sql.BIND_INSTALLATION, values)
    return connection.rows(sql.FIND_INSTALLATION, {"name": values["name"]})[0]


def _take_id(connection: Connection, subject: str, kind: str) -> None:
    """One key for both kinds decides, whatever else is created at the same time."""
    try:
        connection.count(sql.CREATE_SUBJECT, {"id": subject, "kind": kind})
    except sqlite3.IntegrityError as error:
        row = connection.row(sql.FIND_SUBJECT, {"id": subject})
        raise StoreConflict(f"The id {subject!r} is taken by a {_KINDS[row[0]] if row else kind}.") from error


def _store_owner(connection: Connection, statement: str, owner: ResourceOwner) -> int:
    try:
        return connection.count(statement, resource_owner_values(owner))
    except sqlite3.IntegrityError as error:
        raise StoreConflict(f"There is no client {owner.belongs_to!r} that somebody could belong to.") from error


def _take_login_names(connection: Connection, owner: ResourceOwner) -> None:
    for login in sorted({canonical(name) for name in _login_names(owner)}):
        try:
            connection.count(sql.CREATE_LOGIN_NAME, {"login": login, "owner_id": owner.id})
        except sqlite3.IntegrityError as error:
            row = connection.row(sql.FIND_LOGIN_NAME, {"login": login})
            holder = f" by the resource owner {row[0]!r}" if row else ""
            raise StoreConflict(f"The login name {login!r} is taken{holder}.") from error


def _login_names(owner: ResourceOwner) -> tuple[str, ...]:
    return (owner.username,) if owner.email is None else (owner.username, owner.email)


def _end_grants(connection: Connection, subject: str, now: int, because: str) -> None:
    connection.count(sql.REVOKE_GRANTS_OF_SUBJECT, {"subject": subject, "now": now, "revoked_because": because})


def _refuse_bad_names(owner: ResourceOwner) -> None:
    for name in _login_names(owner):
        fault = fault_of(name)
        if fault is not None:
            raise ValueError(f"{name!r}: {fault}")


def _purge(connection: Connection, statement: str, before: int) -> int:
    return connection.count(statement, {"before": before, "limit": _PURGED_AT_ONCE})


def _purge_grants(connection: Connection, before: int) -> tuple[int, int]:
    """How many of the next due grants live on and were filed anew, and how many are gone."""
    return _purge(connection, sql.REFILE_GRANTS, before), _purge(connection, sql.PURGE_GRANTS, before)
