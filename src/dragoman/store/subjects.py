"""Clients and resource owners as `subjects`: one namespace for the ids of both, and whose sessions were all ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dragoman.store import statement_names as sql
from dragoman.store.faults import StoreConflict

if TYPE_CHECKING:
    from dragoman.store.database import Transaction

CLIENT: Final = "client"
RESOURCE_OWNER: Final = "resource_owner"


async def take_id(transaction: Transaction, subject: str, kind: str) -> None:
    """One key for both kinds decides, whatever else is created at the same time. Raises StoreConflict."""
    if await transaction.count(sql.CREATE_SUBJECT, {"id": subject, "kind": kind}) == 0:
        row = await transaction.row(sql.FIND_SUBJECT, {"id": subject})
        holder = row[0] if row else kind
        raise StoreConflict(f"The id {subject!r} is taken by a {holder.replace('_', ' ')}.")


async def end_former_sessions(transaction: Transaction, kind: str, subject: str, now: int) -> None:
    """None of this client or resource owner is adopted from now on: first, so that an adoption under way is waited for.

    Its grant is then ended with the others.
    """
    await transaction.row(sql.LOCK_CLIENT if kind == CLIENT else sql.LOCK_RESOURCE_OWNER, {"id": subject})
    await transaction.count(sql.END_SUBJECT, {"id": subject, "kind": kind, "ended_at": now})
