"""A batch of judged records against what is here: pure, so that a transaction may ask for it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault
from dragoman.core.model import Client, ResourceOwner
from dragoman.importers.record import CLIENT, ImportedSession
from dragoman.importing.differences import PASSWORD_DIFFERS, list_differences
from dragoman.importing.outcome import Outcome, Result
from dragoman.store.former_sessions import StoredSession
from dragoman.store.intake import Changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.importing.judging import Judged
    from dragoman.importing.permissions import Permissions, Withheld
    from dragoman.importing.wanted import Registrar, Wanted
    from dragoman.store.intake import Standing

_SHARED = (
    "the id is that of a {kind} here. Where no client's own token can be taken for that person's, --allow-shared-ids "
    "lets both have it; a client that may use client_credentials can never share its id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What shall be done, and what it is called."""

    changes: Changes
    outcomes: Sequence[Outcome]


def decide(
    batch: Sequence[Judged], standing: Standing, permissions: Permissions, registrar: Registrar, now: int
) -> Decided:
    """One outcome for each record, in their order."""
    deciding = _Deciding(standing, permissions, registrar, now)
    outcomes = [deciding.outcome_of(one) for one in batch]
    return Decided(changes=deciding.changes(), outcomes=outcomes)


class _Deciding:
    """What is here, with what the records before have added."""

    def __init__(self, standing: Standing, permissions: Permissions, registrar: Registrar, now: int) -> None:
        self._standing = standing
        self._permissions = permissions
        self._workshop = registrar
        self._now = now
        self._logins = dict(standing.logins)
        self._clients: dict[str, Client] = {}
        self._owners: dict[str, ResourceOwner] = {}
        """Both as they are to be; the others are as they stand."""
        self._new_sessions: dict[str, StoredSession] = {}
        self._seen_sessions: list[StoredSession] = []
        self._dropped: list[str] = []

    def changes(self) -> Changes:
        """All that was decided."""
        old_clients, old_owners = self._standing.clients, self._standing.resource_owners
        new_clients = tuple(one for one in self._clients.values() if one.id not in old_clients)
        new_owners = tuple(one for one in self._owners.values() if one.id not in old_owners)
        return Changes(
            new_clients=new_clients,
            changed_clients=tuple(one for one in self._clients.values() if one.id in old_clients),
            new_owners=new_owners,
            changed_owners=tuple(one for one in self._owners.values() if one.id in old_owners),
            shared_ids=frozenset(
                {one.id for one in new_clients if one.id in old_owners}
                | {one.id for one in new_owners if self._client_of(one.id) is not None}
            ),
            new_sessions=tuple(self._new_sessions.values()),
            seen_sessions=tuple(self._seen_sessions),
            dropped_sessions=tuple(self._dropped),
        )

    def outcome_of(self, judged: Judged) -> Outcome:
        """What becomes of the next record."""
        if isinstance(judged.wanted, Outcome):
            return judged.wanted
        if isinstance(judged.wanted, ImportedSession):
            return self._judge_session(judged, judged.wanted)
        try:
            return (self._judge_client if judged.kind == CLIENT else self._judge_owner)(judged, judged.wanted)
        except Fault as fault:
            return _outcome(judged, Result.REFUSED, why=str(fault))

    def _judge_client(self, judged: Judged, wanted: Wanted) -> Outcome:
        known = self._client_of(judged.id)
        if known is None:
            client = self._workshop.make_client(
                {**wanted.members, "id": judged.id, "created_at": self._created_at(wanted)}
            )
        else:
            client = self._workshop.change_client(known, wanted.members)
        if self._owner_of(client.id) is not None and not self._may_share(client):
            return _outcome(judged, Result.CONFLICTING, why=_SHARED.format(kind="resource owner"))
        outcome = self._compare(judged, wanted, known, client)
        if outcome.result in (Result.CREATED, Result.UPDATED):
            self._clients[client.id] = client
        return outcome

    def _judge_owner(self, judged: Judged, wanted: Wanted) -> Outcome:
        known = self._owner_of(judged.id)
        if known is None:
            owner = ResourceOwner(id=judged.id, created_at=self._created_at(wanted), **wanted.members)
        else:
            owner = replace(known, **wanted.members)
        obstacle = self._obstacle(judged, owner)
        if obstacle is not None:
            return obstacle
        outcome = self._compare(judged, wanted, known, owner)
        if outcome.result in (Result.CREATED, Result.UPDATED):
            self._owners[owner.id] = owner
            self._logins.update(dict.fromkeys(judged.logins, owner.id))
        return outcome

    def _judge_session(self, judged: Judged, wanted: ImportedSession) -> Outcome:
        """The source knows best, as long as nobody has used it here."""
        known, session = self._standing.sessions.get(wanted.digest), wanted.session
        if known is not None and known.grant_id is not None:
            return _outcome(judged, Result.EQUAL)
        expired = session.expires_at is not None and session.expires_at <= self._now
        over = wanted.ended or ("expired" if expired else None)
        if over is not None:
            if known is not None:
                self._dropped.append(wanted.digest)
            return _outcome(judged, Result.SKIPPED, why=over)
        if session.client_id is not None and self._client_of(session.client_id) is None:
            return _outcome(judged, Result.REFUSED, why=f"its client {session.client_id!r} is not here")
        known_here = session.subject is None or self._owner_of(session.subject) is not None
        if not known_here and not self._workshop.accounts_elsewhere:
            return _outcome(judged, Result.REFUSED, why="its resource owner is not here")
        stored = StoredSession(digest=wanted.digest, format=wanted.format, session=session)
        changes = (f"client_id: {session.client_id!r}", f"resource owner: {session.subject!r}")
        if known is None:
            self._new_sessions[wanted.digest] = stored
            return _outcome(judged, Result.CREATED, changes=changes)
        self._seen_sessions.append(stored)
        same = known == stored
        return _outcome(judged, Result.EQUAL if same else Result.UPDATED, changes=() if same else changes)

    def _obstacle(self, judged: Judged, owner: ResourceOwner) -> Outcome | None:
        """What keeps an account out whatever it is like."""
        client = self._client_of(owner.id)
        if client is not None and not self._may_share(client):
            return _outcome(judged, Result.CONFLICTING, why=_SHARED.format(kind="client"))
        for login in judged.logins:
            holder = self._logins.get(login, owner.id)
            if holder != owner.id:
                why = f"its login name {login!r} is that of the resource owner {holder!r}"
                return _outcome(judged, Result.CONFLICTING, why=why)
        if owner.belongs_to is not None and self._client_of(owner.belongs_to) is None:
            why = f"there is no client {owner.belongs_to!r} that somebody could belong to"
            return _outcome(judged, Result.REFUSED, why=why)
        return None

    def _compare(
        self,
        judged: Judged,
        wanted: Wanted,
        known: Client | ResourceOwner | None,
        new: Client | ResourceOwner,
    ) -> Outcome:
        changes = list_differences(known, new, wanted.members)
        if known is None:
            result = Result.CREATED
        elif not changes:
            result = Result.EQUAL
        else:
            result = Result.UPDATED if self._permissions.update else Result.CONFLICTING
        why = _why(changes) if result is Result.CONFLICTING else ""
        outcome = _outcome(judged, result, why=why, changes=changes, withheld=wanted.withheld)
        return replace(outcome, warning=wanted.warning)

    def _may_share(self, client: Client) -> bool:
        """Whether no token can speak for the client itself, so that `sub` always means the person (RFC 9700 §4.15)."""
        return self._permissions.shared_ids and "client_credentials" not in client.grant_types

    def _client_of(self, client_id: str) -> Client | None:
        return self._clients.get(client_id) or self._standing.clients.get(client_id)

    def _owner_of(self, owner_id: str) -> ResourceOwner | None:
        return self._owners.get(owner_id) or self._standing.resource_owners.get(owner_id)

    def _created_at(self, wanted: Wanted) -> int:
        return self._now if wanted.created_at is None else wanted.created_at


def _why(changes: tuple[str, ...]) -> str:
    if changes == (PASSWORD_DIFFERS,):
        return "its password was raised at a log-in here, or changed here or there: --update takes the source's"
    return "what is here differs"


def _outcome(
    judged: Judged, result: Result, *, why: str = "", changes: tuple[str, ...] = (), withheld: tuple[Withheld, ...] = ()
) -> Outcome:
    return Outcome(
        kind=judged.kind,
        id=judged.id,
        place=judged.place,
        result=result,
        why=why,
        changes=changes,
        withheld=withheld,
    )
