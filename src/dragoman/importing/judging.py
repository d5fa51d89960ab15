"""Each record by itself: what it asks for, or why it cannot come in. The slow part, done before any transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault
from dragoman.core.login_name import canonical
from dragoman.importers.record import (
    CLIENT,
    RESOURCE_OWNER,
    SESSION,
    ImportedClient,
    ImportedOwner,
    ImportedSession,
    PassedOver,
    UnreadableRow,
)
from dragoman.importing.outcome import Outcome, Result
from dragoman.importing.wanted import Unwanted, Wanted, wanted_client, wanted_owner

if TYPE_CHECKING:
    from dragoman.importers.record import Record
    from dragoman.importing.permissions import Permissions
    from dragoman.importing.wanted import Registrar


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A record, and what is known of it without looking at what is here."""

    kind: str
    id: str
    place: str
    wanted: Wanted | ImportedSession | Outcome
    """What it asks for, or how it ended already."""
    logins: tuple[str, ...] = ()
    """Its login names, in their canonical form."""


def judge(record: Record, permissions: Permissions, registrar: Registrar) -> Judged:
    """What becomes of the record, as far as it depends on nothing else."""
    kind = _kind_of(record)
    try:
        match record:
            case ImportedClient():
                registrar.check_client_id(record.id)
                wanted = wanted_client(record, permissions, registrar)
                return Judged(kind=kind, id=record.id, place=record.place, wanted=wanted)
            case ImportedOwner():
                wanted = wanted_owner(record, permissions, registrar)
                return Judged(kind=kind, id=record.id, place=record.place, wanted=wanted, logins=_logins_of(wanted))
            case ImportedSession():
                return Judged(kind=kind, id=record.id, place=record.place, wanted=record)
            case UnreadableRow():
                return _ended(record, Result.REFUSED, record.why)
            case PassedOver():
                return _ended(record, Result.SKIPPED, record.why)
    except (Unwanted, Fault) as refused:
        return _ended(record, Result.REFUSED, str(refused))


def _ended(record: Record, result: Result, why: str) -> Judged:
    kind = _kind_of(record)
    outcome = Outcome(kind=kind, id=record.id, place=record.place, result=result, why=why)
    return Judged(kind=kind, id=record.id, place=record.place, wanted=outcome)


def _kind_of(record: Record) -> str:
    match record:
        case ImportedClient():
            return CLIENT
        case ImportedOwner():
            return RESOURCE_OWNER
        case ImportedSession():
            return SESSION
        case _:
            return record.kind


def _logins_of(wanted: Wanted) -> tuple[str, ...]:
    names = (wanted.members["username"], wanted.members.get("email"))
    return tuple(sorted({canonical(name) for name in names if name}))
