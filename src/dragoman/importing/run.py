"""One run: records are read, judged in batches, and each batch is one transaction, or none in a dry run."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.importers.record import ImportedSession
from dragoman.importing.deciding import decide
from dragoman.importing.judging import judge
from dragoman.importing.wanted import Wanted
from dragoman.store.sqlite.rehearsal import rehearsal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from dragoman.importers.record import Record
    from dragoman.importing.deciding import Decided
    from dragoman.importing.judging import Judged
    from dragoman.importing.outcome import Outcome
    from dragoman.importing.permissions import Permissions
    from dragoman.importing.wanted import Registrar
    from dragoman.store.intake import Intake, Standing
    from dragoman.store.sqlite.rehearsal import Rehearsal

BATCH = 500
"""Records of one transaction; about as long as a batch of a purge, so that nobody's log-in waits for it noticeably."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that a run needs besides its records."""

    intake: Intake
    permissions: Permissions
    registrar: Registrar
    now: int
    dry: bool = False


async def take_in(run: Run, records: AsyncIterator[Record]) -> AsyncIterator[Sequence[Outcome]]:
    """The outcomes of each batch, when it is durable. Raises SourceFault, StoreConflict; refuses as the store does.

    Cut short, it is done up to a batch; what was done is equal the next time.
    """
    with rehearsal() if run.dry else nullcontext() as rehearsed:
        batch: list[Judged] = []
        async for record in records:
            batch.append(judge(record, run.permissions, run.registrar))
            if len(batch) == BATCH:
                yield await _take(run, batch, rehearsed)
                batch = []
        if batch:
            yield await _take(run, batch, rehearsed)


async def _take(run: Run, batch: Sequence[Judged], rehearsed: Rehearsal | None) -> Sequence[Outcome]:
    ids = {name for one in batch for name in _ids_of(one)}
    digests = {one.wanted.digest for one in batch if isinstance(one.wanted, ImportedSession)}
    logins = {login for one in batch for login in one.logins}

    def decided(standing: Standing) -> Decided:
        return decide(batch, standing, run.permissions, run.registrar, run.now)

    if rehearsed is None:
        return (await run.intake.take(ids, logins, decided, run.now, digests)).outcomes
    would = decided(rehearsed.over(await run.intake.look(ids, logins, digests), ids, logins))
    rehearsed.keep(would.changes)
    return would.outcomes


def _ids_of(judged: Judged) -> tuple[str, ...]:
    """Its own, and that of the client it belongs to; of a session those of its client and its resource owner."""
    if isinstance(judged.wanted, ImportedSession):
        session = judged.wanted.session
        return tuple(one for one in (session.client_id, session.subject) if one is not None)
    if not isinstance(judged.wanted, Wanted):
        return ()
    belongs_to = judged.wanted.members.get("belongs_to")
    return (judged.id,) if belongs_to is None else (judged.id, belongs_to)
