"""The account of revocations, as the command line tells it: who loses sessions, why, and how often by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dragoman.cli.terminal.showing import print_table, told_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.model import Grant
    from dragoman.store.revocations import RevocationCount
    from dragoman.store.store import Store


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """One grant that ended before its time. Times are epoch seconds, ages seconds."""

    session: str
    client: str
    subject: str | None
    revoked_at: int
    because: str | None
    created_at: int
    generation: int
    address: str | None
    agent: str | None
    last_address: str | None
    last_agent: str | None
    behind: int | None
    age: int | None
    looked_like_retry: bool | None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions of one client ended for one reason."""

    client: str
    because: str
    sessions: int
    looked_like_retry: int | None
    """How many of them look like a client that asked again too late; None where the question does not arise."""


async def count_revoked(store: Store, since: int, client_id: str | None) -> Sequence[Counted]:
    """Count revoked grants by client and reason, from this time on."""
    found: dict[tuple[str, str], list[RevocationCount]] = {}
    for one in await store.revocations.count(since):
        if client_id in (None, one.client_id):
            found.setdefault((one.client_id, one.because), []).append(one)
    return [_counted(client, because, parts) for (client, because), parts in found.items()]


def _counted(client: str, because: str, parts: Sequence[RevocationCount]) -> Counted:
    judged = [part for part in parts if part.looked_like_retry is not None]
    return Counted(
        client=client,
        because=because,
        sessions=sum(part.grants for part in parts),
        looked_like_retry=sum(part.grants for part in judged if part.looked_like_retry) if judged else None,
    )


async def list_revoked(store: Store, since: int, client_id: str | None, limit: int) -> Sequence[Revoked]:
    """The latest, at most so many, from this time on."""
    account = store.revocations
    if client_id is None:
        return [_revoked(grant) for grant in await account.list(since, limit)]
    return [_revoked(grant) for grant in await account.list_of_client(client_id, since, limit)]


def print_counted(counted: Sequence[Counted]) -> None:
    """A line for each client and reason."""
    rows = (
        (
            one.client,
            one.because,
            str(one.sessions),
            "-" if one.looked_like_retry is None else str(one.looked_like_retry),
        )
        for one in counted
    )
    print_table(("client", "reason", "sessions", "looked like a retry"), rows)


def print_revoked(revoked: Sequence[Revoked]) -> None:
    """A line for each session."""
    rows = (
        (
            told_time(one.revoked_at), one.client, one.session, one.because or "-", _told(one.behind), _told(one.age),
            {True: "yes", False: "no", None: "-"}[one.looked_like_retry], one.address or "-", one.agent or "-",
        )
        for one in revoked
    )  # fmt: skip
    headings = ("ended", "client", "session", "reason", "behind", "age", "retry", "address", "agent")
    print_table(headings, rows)


def _told(number: int | None) -> str:
    return "-" if number is None else str(number)


def _revoked(grant: Grant) -> Revoked:
    by, last, reuse = grant.revoked_by, grant.used_by, grant.reuse
    return Revoked(
        session=grant.id.hex(),
        client=grant.client_id,
        subject=grant.subject,
        revoked_at=grant.revoked_at or 0,
        because=grant.revoked_because,
        created_at=grant.created_at,
        generation=grant.generation,
        address=None if by is None else by.address,
        agent=None if by is None else by.agent,
        last_address=None if last is None else last.address,
        last_agent=None if last is None else last.agent,
        behind=None if reuse is None else reuse.behind,
        age=None if reuse is None else reuse.age,
        looked_like_retry=None if reuse is None else reuse.looked_like_retry,
    )
