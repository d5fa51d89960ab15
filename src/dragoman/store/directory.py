"""Accounts that live in a directory, or move in from there: kept in one transaction, beside those that live here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.login_name import login_names_of
from dragoman.store import statement_names as sql
from dragoman.store.faults import ConstraintViolated
from dragoman.store.rows import resource_owner_values
from dragoman.store.subjects import RESOURCE_OWNER

if TYPE_CHECKING:
    from dragoman.core.model import ResourceOwner
    from dragoman.store.database import Database, Transaction

_ATTEMPTS = 3
"""The second sees whoever was faster; the third is for two who were."""


class _Taken(Exception):
    """Something of it is another account's."""


async def take_in(database: Database, owner: ResourceOwner, directory: str) -> bool:
    """Keep the account; False, with nothing done, where its id or a name of it is not for this directory to give."""

    async def work(transaction: Transaction) -> None:
        await _keep(transaction, owner, directory)
        for login in sorted(login_names_of(owner)):
            await transaction.count(sql.RELEASE_LOGIN_NAME, {"login": login, "arrives_from": directory})
            if await transaction.count(sql.CREATE_LOGIN_NAME, {"login": login, "owner_id": owner.id}) == 0:
                raise _Taken

    for _ in range(_ATTEMPTS):
        try:
            await database.transact(work)
        except _Taken:
            return False
        except ConstraintViolated:  # somebody else added it meanwhile, or a client has this id
            continue
        return True
    return False


async def _keep(transaction: Transaction, owner: ResourceOwner, directory: str) -> None:
    values = resource_owner_values(owner)
    if await transaction.row(sql.FIND_RESOURCE_OWNER, {"id": owner.id}) is None:
        await transaction.each(sql.TAKE_SUBJECT, [{"id": owner.id, "kind": RESOURCE_OWNER}])
        await transaction.count(sql.CREATE_RESOURCE_OWNER, values)
        return
    if await transaction.count(sql.UPDATE_ARRIVING, {**values, "arrives_from": directory}) == 0:
        raise _Taken
    await transaction.count(sql.DELETE_LOGIN_NAMES, {"owner_id": owner.id})
