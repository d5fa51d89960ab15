"""Sessions as the command line tells them: grants, with what became of them."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING

import msgspec

from dragoman.cli.commands.token.inspection import end_of
from dragoman.cli.registry.accounts import find_account
from dragoman.cli.registry.clients import find_client
from dragoman.core.refresh import is_over
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from dragoman.core.model import Grant
    from dragoman.store.store import Store

_PAGE = 500


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What may be told of a grant. Times are epoch seconds."""

    id: str
    client: str
    subject: str | None
    dialect: str | None
    scope: tuple[str, ...]
    created_at: int
    rotated_at: int | None
    generation: int
    expires_at: int | None
    state: str
    """`live`, `expired`, or `revoked`."""
    revoked_at: int | None
    revoked_because: str | None


async def list_sessions(
    store: Store, who: str | None, client_id: str | None, limit: int, *, live_only: bool
) -> Sequence[Session]:
    """The latest sessions of a user or a client, at most so many. Raises Fault for someone unknown."""
    subject = None if who is None else (await find_account(store, who)).id
    client = None if client_id is None else (await find_client(store, client_id)).id
    now = epoch_seconds()
    latest: list[Session] = []
    async for page in _pages(store, subject, client):
        told = (_session(grant, now) for grant in page)
        wanted = (one for one in told if one.state == "live" or not live_only)
        latest = nlargest(limit, (*latest, *wanted), key=lambda one: one.created_at)
    return latest


async def _pages(store: Store, subject: str | None, client_id: str | None) -> AsyncIterator[Sequence[Grant]]:
    async def turn(after: bytes) -> Sequence[Grant]:
        if subject is not None:
            return await store.administration.list_grants_of_subject(subject, after, _PAGE)
        return await store.administration.list_grants_of_client(client_id or "", after, _PAGE)

    page = await turn(b"")
    while page:
        yield page
        page = await turn(page[-1].id)


def _session(grant: Grant, now: int) -> Session:
    return Session(
        id=grant.id.hex(),
        client=grant.client_id,
        subject=grant.subject,
        dialect=grant.facts.get("dialect"),
        scope=tuple(grant.scope),
        created_at=grant.created_at,
        rotated_at=grant.rotated_at,
        generation=grant.generation,
        expires_at=end_of(grant),
        state="revoked" if grant.revoked_at is not None else "expired" if is_over(grant, now) else "live",
        revoked_at=grant.revoked_at,
        revoked_because=grant.revoked_because,
    )
