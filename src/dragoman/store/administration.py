"""What the command line does: clients, resource owners, their grants, and the purge."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dragoman.core.login_name import fault_of, login_names_of
from dragoman.store import statement_names as sql
from dragoman.store.faults import ConstraintViolated, StoreConflict, StoreFault
from dragoman.store.installation import KEYS
from dragoman.store.rows import (
    LOOK_AGAIN_AFTER,
    client_of,
    client_values,
    grant_of,
    resource_owner_of,
    resource_owner_values,
)
from dragoman.store.subjects import CLIENT, RESOURCE_OWNER, end_former_sessions, take_id

if TYPE_CHECKING:
    from dragoman.core.model import Client, Grant, ResourceOwner
    from dragoman.store.database import Database, Transaction
    from dragoman.store.rows import Values

_PURGED_AT_ONCE = 500
_PAUSE_SECONDS = 0.02
"""Between two batches of a purge, about as long as a batch takes: nobody's write waits for more than one of them."""


class Administration:
    """Every change is one transaction, durable when it returns. All may refuse `temporarily_unavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bind_keys(self, fingerprint: str) -> None:
        """Remember the keys that the database is first used with (`Keyring.fingerprint`), and accept no other.

        With other keys every client secret and every identifier would fail in silence. Raises StoreFault.
        """
        bound = await self._database.row(sql.FIND_INSTALLATION, {"name": KEYS})
        if bound is None:
            await self._database.change(sql.BIND_INSTALLATION, {"name": KEYS, "value": fingerprint})
            bound = await self._database.row(sql.FIND_INSTALLATION, {"name": KEYS})
        if bound is None or bound[0] != fingerprint:
            raise StoreFault(
                "The database was made with the keys of another installation: no client secret and no token in it "
                "would be recognised. Restore the folder of keys that belongs to it, or name another database."
            )

    async def create_client(self, client: Client) -> None:
        """Register a client. Raises StoreConflict if its id is a client's or a resource owner's.

        Whatever grants an earlier client of this id has left end: nobody inherits a session.
        """

        async def work(transaction: Transaction) -> None:
            await take_id(transaction, client.id, CLIENT)
            await transaction.count(sql.CREATE_CLIENT, client_values(client))
            await end_grants_of_client(transaction, client.id, client.created_at)

        await self._database.transact(work)

    async def update_client(self, client: Client) -> bool:
        """Replace all of it but id and creation time; False if there is none.

        Raises StoreConflict where it shares its id with a resource owner and `sub` would name either.
        """

        async def work(transaction: Transaction) -> bool:
            if "client_credentials" in client.grant_types:
                await _refuse_shared_id(transaction, client.id)
            return await transaction.count(sql.UPDATE_CLIENT, client_values(client)) == 1

        return await self._database.transact(work)

    async def list_clients(self, after: str = "", limit: int = 100) -> tuple[Client, ...]:
        """Up to `limit` clients in the order of their ids, those after the id given."""
        return tuple(map(client_of, await self._database.rows(sql.LIST_CLIENTS, {"after": after, "limit": limit})))

    async def delete_client(self, client_id: str, now: int) -> bool:
        """Delete it and revoke its grants; False if there is none. Raises StoreConflict while people belong to it."""

        async def work(transaction: Transaction) -> bool:
            belonging = await transaction.row(sql.COUNT_BELONGING, {"belongs_to": client_id})
            if belonging is not None and belonging[0]:
                raise StoreConflict(
                    f"{belonging[0]} resource owners belong to the client {client_id!r}: delete or move them first."
                )
            if await transaction.count(sql.DELETE_CLIENT, {"id": client_id}) == 0:
                return False
            await transaction.count(sql.DELETE_SUBJECT, {"id": client_id})
            await end_former_sessions(transaction, CLIENT, client_id, now)
            await end_grants_of_client(transaction, client_id, now)
            return True

        try:
            return await self._database.transact(work)
        except ConstraintViolated as error:  # somebody joined between the look and the deletion
            raise StoreConflict(
                f"Resource owners belong to the client {client_id!r}: delete or move them first."
            ) from error

    async def create_resource_owner(self, owner: ResourceOwner) -> None:
        """Create an account. Raises StoreConflict if id, user name or e-mail is taken, ValueError for a bad name."""

        async def work(transaction: Transaction) -> None:
            await take_id(transaction, owner.id, RESOURCE_OWNER)
            await _store_owner(transaction, sql.CREATE_RESOURCE_OWNER, owner)
            await _take_login_names(transaction, owner)

        _refuse_bad_names(owner)
        await self._database.transact(work)

    async def update_resource_owner(self, owner: ResourceOwner, now: int) -> bool:
        """Replace all of it but id, creation time and password hash; False if there is none.

        An account that is disabled loses its grants. Raises StoreConflict if user name or e-mail is taken or the client
        it belongs to is unknown, ValueError for a bad name.
        """

        async def work(transaction: Transaction) -> bool:
            return await replace_owner(transaction, owner, now)

        _refuse_bad_names(owner)
        return await self._database.transact(work)

    async def set_password_hash(self, owner_id: str, password_hash: str | None) -> bool:
        """Replace the hash, whatever it was; False if there is no such account. Its grants stay.

        Wrong passwords are forgotten, and from where its owner has logged in.
        """
        values = {"id": owner_id, "password_hash": password_hash}
        return await self._database.change(sql.SET_PASSWORD_HASH, values) == 1

    async def reset_throttle(self, owner_id: str) -> bool:
        """Have its wrong passwords forgotten by all servers, at the next log-in; False if there is no such account."""
        return await self._database.change(sql.RESET_THROTTLE, {"id": owner_id}) == 1

    async def list_resource_owners(self, after: str = "", limit: int = 100) -> tuple[ResourceOwner, ...]:
        """Up to `limit` accounts in the order of their ids, those after the id given."""
        values: Values = {"after": after, "limit": limit}
        return tuple(map(resource_owner_of, await self._database.rows(sql.LIST_RESOURCE_OWNERS, values)))

    async def find_most_authorities(self) -> ResourceOwner | None:
        """The account with the longest list of them; None where there is no account."""
        rows = await self._database.rows(sql.LIST_MOST_AUTHORITIES, {"limit": 1})
        return resource_owner_of(rows[0]) if rows else None

    async def list_password_hashes(self, after: str = "", limit: int = 100) -> tuple[tuple[str, str | None], ...]:
        """The ids and stored hashes of up to `limit` accounts in the order of their ids, those after the id given."""
        rows = await self._database.rows(sql.LIST_PASSWORD_HASHES, {"after": after, "limit": limit})
        return tuple((row[0], row[1]) for row in rows)

    async def delete_resource_owner(self, owner_id: str, now: int) -> bool:
        """Delete the account and its login names, and revoke its grants; False if there is none."""

        async def work(transaction: Transaction) -> bool:
            if await transaction.count(sql.DELETE_RESOURCE_OWNER, {"id": owner_id}) == 0:
                return False
            await transaction.count(sql.DELETE_SUBJECT, {"id": owner_id})
            await _end_grants(transaction, owner_id, now, "resource_owner_deleted")
            return True

        return await self._database.transact(work)

    async def list_grants_of_subject(self, subject: str, after: bytes = b"", limit: int = 100) -> tuple[Grant, ...]:
        """Up to `limit` grants of a resource owner, ended ones too, in the order of their ids."""
        values: Values = {"subject": subject, "after": after, "limit": limit}
        return tuple(map(grant_of, await self._database.rows(sql.LIST_GRANTS_OF_SUBJECT, values)))

    async def list_grants_of_client(self, client_id: str, after: bytes = b"", limit: int = 100) -> tuple[Grant, ...]:
        """Up to `limit` grants of a client, ended ones too, in the order of their ids."""
        values: Values = {"client_id": client_id, "after": after, "limit": limit}
        return tuple(map(grant_of, await self._database.rows(sql.LIST_GRANTS_OF_CLIENT, values)))

    async def revoke_grants_of_subject(self, subject: str, now: int, because: str) -> int:
        """End all grants of a resource owner in one statement; how many had not ended before."""
        values: Values = {"subject": subject, "now": now, "revoked_because": because}
        return await self._end_all(RESOURCE_OWNER, subject, sql.REVOKE_GRANTS_OF_SUBJECT, values, now)

    async def revoke_grants_of_client(self, client_id: str, now: int, because: str) -> int:
        """End all grants of a client in one statement; how many had not ended before."""
        values: Values = {"client_id": client_id, "now": now, "revoked_because": because}
        return await self._end_all(CLIENT, client_id, sql.REVOKE_GRANTS_OF_CLIENT, values, now)

    async def purge(self, before: int, revoked_before: int | None = None) -> int:
        """Remove what ended before this time, a few hundred rows at once; how many grants and tokens went.

        Grants that were revoked stay until `revoked_before`, where it is given: they are the account of revocations.

        Whoever asks about a purged grant hears that there is none: leave at least the longest access token lifetime
        between `before` and now.
        """
        kept = before if revoked_before is None else min(before, revoked_before)
        values: Values = {"before": before, "limit": _PURGED_AT_ONCE}
        ends: Values = {"limit": _PURGED_AT_ONCE, "longer": before - kept, "look_again": before + LOOK_AGAIN_AFTER}
        of_grants: Values = {**values, **ends, "revoked_before": kept}
        await self._in_batches(sql.FILE_GRANTS, ends)
        removed = 0
        for statement in (sql.PURGE_ACCESS_TOKENS, sql.PURGE_REVOKED_ACCESS_TOKENS, sql.PURGE_FORMER_SESSIONS):
            removed += await self._in_batches(statement, values)

        async def work(transaction: Transaction) -> tuple[int, int]:
            """How many of the next due grants live on and were filed anew, and how many are gone."""
            refiled = await transaction.count(sql.REFILE_GRANTS, of_grants)
            return refiled, await transaction.count(sql.PURGE_GRANTS, of_grants)

        while any(handled := await self._database.transact(work)):
            removed += handled[1]
            await asyncio.sleep(_PAUSE_SECONDS)
        return removed

    async def _in_batches(self, statement: str, values: Values) -> int:
        """Run a change, so many rows at once, until nothing is left to change; how many rows it changed."""
        changed = 0
        while some := await self._bulk(statement, values):
            changed += some
            await asyncio.sleep(_PAUSE_SECONDS)
        return changed

    async def _end_all(self, kind: str, subject: str, statement: str, values: Values, now: int) -> int:
        async def work(transaction: Transaction) -> int:
            await end_former_sessions(transaction, kind, subject, now)
            return await transaction.count(statement, values)

        return await self._database.transact(work)

    async def _bulk(self, statement: str, values: Values) -> int:
        """How many rows it changed. A transaction may take longer than a statement that a request waits for."""
        return await self._database.transact(lambda transaction: transaction.count(statement, values))


async def _refuse_shared_id(transaction: Transaction, client_id: str) -> None:
    if await transaction.row(sql.FIND_RESOURCE_OWNER, {"id": client_id}) is not None:
        raise StoreConflict(
            f"The client {client_id!r} shares its id with a resource owner: with client_credentials its own tokens "
            "would be taken for that person's."
        )


async def replace_owner(transaction: Transaction, owner: ResourceOwner, now: int) -> bool:
    """All of it but id, creation time and password hash; False if there is none. Raises StoreConflict."""
    if await _store_owner(transaction, sql.UPDATE_RESOURCE_OWNER, owner) == 0:
        return False
    await transaction.count(sql.DELETE_LOGIN_NAMES, {"owner_id": owner.id})
    await _take_login_names(transaction, owner)
    if not owner.enabled:
        await _end_grants(transaction, owner.id, now, "resource_owner_disabled")
    return True


async def end_grants_of_client(transaction: Transaction, client_id: str, now: int) -> None:
    """End what grants a deleted client of this id has left: nobody inherits a session."""
    await transaction.count(
        sql.REVOKE_GRANTS_OF_CLIENT, {"client_id": client_id, "now": now, "revoked_because": "client_deleted"}
    )


async def _store_owner(transaction: Transaction, statement: str, owner: ResourceOwner) -> int:
    try:
        return await transaction.count(statement, resource_owner_values(owner))
    except ConstraintViolated as error:
        raise StoreConflict(f"There is no client {owner.belongs_to!r} that somebody could belong to.") from error


async def _take_login_names(transaction: Transaction, owner: ResourceOwner) -> None:
    for login in sorted(login_names_of(owner)):
        if await transaction.count(sql.CREATE_LOGIN_NAME, {"login": login, "owner_id": owner.id}) == 0:
            row = await transaction.row(sql.FIND_LOGIN_NAME, {"login": login})
            holder = f" by the resource owner {row[0]!r}" if row else ""
            raise StoreConflict(f"The login name {login!r} is taken{holder}.")


async def _end_grants(transaction: Transaction, subject: str, now: int, because: str) -> None:
    await end_former_sessions(transaction, RESOURCE_OWNER, subject, now)
    await transaction.count(sql.REVOKE_GRANTS_OF_SUBJECT, {"subject": subject, "now": now, "revoked_because": because})


def _refuse_bad_names(owner: ResourceOwner) -> None:
    for name in (owner.username, owner.email):
        fault = None if name is None else fault_of(name)
        if fault is not None:
            raise ValueError(f"{name!r}: {fault}")
