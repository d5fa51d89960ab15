"""Takes in many clients and resource owners at once: what is there is read, judged and changed in one transaction."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from dragoman.core.login_name import login_names_of
from dragoman.core.model import Client, ResourceOwner
from dragoman.store import statement_names as sql
from dragoman.store.administration import end_grants_of_client, replace_owner
from dragoman.store.faults import ConstraintViolated, StoreConflict
from dragoman.store.former_sessions import StoredSession, former_values, stored_session_of
from dragoman.store.rows import client_of, client_values, resource_owner_of, resource_owner_values
from dragoman.store.subjects import CLIENT, RESOURCE_OWNER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dragoman.store.database import Database, Transaction
    from dragoman.store.rows import Values

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is there already, of all that was asked for."""

    clients: Mapping[str, Client]
    resource_owners: Mapping[str, ResourceOwner]
    logins: Mapping[str, str]
    """The id of the resource owner who has this login name."""
    sessions: Mapping[str, StoredSession] = field(default_factory=dict)
    """Sessions of a former server, by their digests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a batch shall change: all of it is done in one transaction, or nothing."""

    new_clients: Sequence[Client] = ()
    changed_clients: Sequence[Client] = ()
    new_owners: Sequence[ResourceOwner] = ()
    changed_owners: Sequence[ResourceOwner] = ()
    """All of it but id and creation time, the password hash too."""
    shared_ids: frozenset[str] = field(default_factory=frozenset)
    """Ids of new ones that the other kind has too, and that are meant to be both."""
    new_sessions: Sequence[StoredSession] = ()
    seen_sessions: Sequence[StoredSession] = ()
    """Those that are listed already, as the source has them now."""
    dropped_sessions: Sequence[str] = ()
    """Digests of those that are over there."""


class Decision(Protocol):
    """Whatever else was found out on the way to the changes."""

    @property
    def changes(self) -> Changes:
        """What shall be done."""
        ...


DecisionT = TypeVar("DecisionT", bound=Decision)


class Intake:
    """Each batch is one transaction, durable when it returns. All may refuse `temporarily_unavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self, ids: Collection[str], logins: Collection[str], digests: Collection[str] = ()) -> Standing:
        """What is there of these, as it is committed."""
        return await _look(self._database, ids, logins, digests)

    async def take(
        self,
        ids: Collection[str],
        logins: Collection[str],
        decide: Callable[[Standing], DecisionT],
        now: int,
        digests: Collection[str] = (),
    ) -> DecisionT:
        """Do what `decide` makes of what is there; all of it or nothing.

        `decide` has no other effect: it is asked again if somebody else created one of them meanwhile. Raises
        StoreConflict if that goes on.
        """

        async def work(transaction: Transaction) -> DecisionT:
            decision = decide(await _look(transaction, ids, logins, digests))
            await _apply(transaction, decision.changes, now)
            return decision

        for _ in range(_ATTEMPTS):
            with suppress(ConstraintViolated):
                return await self._database.transact(work)
        raise StoreConflict("Others create the same clients or accounts at this moment; try again when they are done.")


async def _look(
    source: Database | Transaction, ids: Collection[str], logins: Collection[str], digests: Collection[str]
) -> Standing:
    of_ids: Values = {"ids": _array(ids)}
    clients = await source.rows(sql.CLIENTS_AMONG, of_ids)
    owners = await source.rows(sql.RESOURCE_OWNERS_AMONG, of_ids)
    names = await source.rows(sql.LOGIN_NAMES_AMONG, {"logins": _array(logins)}) if logins else ()
    sessions = await source.rows(sql.FORMER_SESSIONS_AMONG, {"digests": _array(digests)}) if digests else ()
    return Standing(
        clients={one.id: one for one in map(client_of, clients)},
        resource_owners={one.id: one for one in map(resource_owner_of, owners)},
        logins={row[0]: row[1] for row in names},
        sessions={one.digest: one for one in map(stored_session_of, sessions)},
    )


async def _apply(transaction: Transaction, changes: Changes, now: int) -> None:
    await _take_ids(transaction, CLIENT, [one.id for one in changes.new_clients], changes.shared_ids)
    await transaction.each(sql.CREATE_CLIENT, [client_values(one) for one in changes.new_clients])
    for client in changes.new_clients:  # nobody inherits a session of an earlier client of this id
        await end_grants_of_client(transaction, client.id, now)
    for client in changes.changed_clients:
        await transaction.count(sql.UPDATE_CLIENT, client_values(client))
    await _take_ids(transaction, RESOURCE_OWNER, [one.id for one in changes.new_owners], changes.shared_ids)
    await transaction.each(sql.CREATE_RESOURCE_OWNER, [resource_owner_values(one) for one in changes.new_owners])
    await transaction.each(
        sql.TAKE_LOGIN_NAME,
        [
            {"login": login, "owner_id": owner.id}
            for owner in changes.new_owners
            for login in sorted(login_names_of(owner))
        ],
    )
    for owner in changes.changed_owners:
        await replace_owner(transaction, owner, now)
        values: Values = {"id": owner.id, "password_hash": owner.password_hash}
        await transaction.count(sql.SET_PASSWORD_HASH, values)
    await transaction.each(sql.TAKE_FORMER_SESSION, [former_values(one, now) for one in changes.new_sessions])
    await transaction.each(sql.REPLACE_FORMER_SESSION, [former_values(one, now) for one in changes.seen_sessions])
    await transaction.each(sql.DROP_FORMER_SESSION, [{"digest": one} for one in changes.dropped_sessions])


async def _take_ids(transaction: Transaction, kind: str, ids: Sequence[str], shared: frozenset[str]) -> None:
    await transaction.each(sql.TAKE_SUBJECT, [{"id": one, "kind": kind} for one in ids if one not in shared])
    await transaction.each(sql.CREATE_SUBJECT, [{"id": one, "kind": kind} for one in ids if one in shared])


def _array(texts: Collection[str]) -> str:
    return json.dumps(sorted(texts))
