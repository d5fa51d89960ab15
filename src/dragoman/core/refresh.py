"""Where a presented refresh token stands: live, a retry, or reuse (RFC 9700 §4.14; docs/concepts.md)."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.model import Grant, Reuse

if TYPE_CHECKING:
    from dragoman.core.model import Client, RefreshHandle, Sender


REUSED = "refresh_token_reuse"
"""The reason why a grant ended whose spent refresh token came back."""
FORGOTTEN = "database_has_forgotten"
"""Why one ended whose refresh token is newer than its row: no theft, but a failover or a copy that lost the last
changes, and with them which tokens are spent."""


class Standing(Enum):
    """What a genuine refresh token is, by its generation alone: the clock never decides single use."""

    LIVE = auto()
    RETRY = auto()
    """The immediate predecessor, inside the grace window: a lost answer is asked for again."""


class RefreshTokenReuse(OAuthError):
    """A spent refresh token came back. The endpoint ends the grant before it answers."""

    def __init__(self, grant: Grant, generation: int, now: int, *, overtaken: bool = False) -> None:
        """`overtaken` says that it was live when its request was first judged."""
        self.age = None if grant.rotated_at is None else now - grant.rotated_at
        super().__init__(
            Refusal.REVOKED_REFRESH_TOKEN,
            f"generation {generation} of {grant.generation} again, {self.age} s on",
            subject=grant.subject,
            grant_id=grant.id,
        )
        self.grant = grant
        self.behind = grant.generation - generation
        self.overtaken = overtaken

    @property
    def because(self) -> str:
        """Why the grant ends."""
        return REUSED if self.behind > 0 else FORGOTTEN

    def seen_from(self, sender: Sender) -> Reuse:
        """What an operator judges it by: a thief seldom has the address and the software of the one he robbed."""
        recent = self.behind == 1 or self.overtaken
        retry = recent and self.grant.used_by is not None and self.grant.used_by == sender
        return Reuse(behind=self.behind, age=self.age, looked_like_retry=retry)


def judge_standing(grant: Grant | None, handle: RefreshHandle, client: Client, now: int) -> tuple[Grant, Standing]:
    """The grant and the standing of the token presented, or the refusal.

    The client is compared first: a stranger with someone's token learns nothing and ends nothing. Refuses
    `unknown_…`, `foreign_…`, `revoked_…`, `expired_refresh_token`; raises RefreshTokenReuse.
    """
    if grant is None:
        raise OAuthError(Refusal.UNKNOWN_REFRESH_TOKEN, "no such grant")
    if grant.client_id != client.id:
        raise _refused(grant, Refusal.FOREIGN_REFRESH_TOKEN, f"grant {grant.id.hex()} is another client's")
    if grant.revoked_at is not None:
        raise _refused(grant, Refusal.REVOKED_REFRESH_TOKEN, f"grant revoked: {grant.revoked_because}")
    if is_over(grant, now):
        raise _refused(grant, Refusal.EXPIRED_REFRESH_TOKEN, "grant expired")
    if handle.generation == grant.generation:
        return grant, Standing.LIVE
    if handle.generation == grant.generation - 1 and _inside_grace(grant, client, now):
        return grant, Standing.RETRY
    raise RefreshTokenReuse(grant, handle.generation, now)


def judge_overtaken(grant: Grant | None, handle: RefreshHandle, client: Client, now: int) -> Grant:
    """The grant as others left it who spent a token first that was live when it was presented.

    Its immediate successor is given to a retry. Overtaken farther it is refused, and the grant lives on: nothing spent
    was presented, so nothing is known of theft. A client without a grace window asked that two uses be taken for it
    (docs/refresh-guarantees.md). Refuses and raises as `judge_standing`.
    """
    try:
        return judge_standing(grant, handle, client, now)[0]
    except RefreshTokenReuse as reuse:
        if client.grace == 0:
            raise RefreshTokenReuse(reuse.grant, handle.generation, now, overtaken=True) from None
        late = f"live when it was presented, spent {reuse.behind} times over since"
        raise _refused(reuse.grant, Refusal.REVOKED_REFRESH_TOKEN, late) from None


def _refused(grant: Grant, refusal: Refusal, detail: str) -> OAuthError:
    return OAuthError(refusal, detail, subject=grant.subject, grant_id=grant.id)


def advance(grant: Grant, now: int, idle_expires_at: int | None, sender: Sender | None) -> Grant:
    """The grant as it is once its live refresh token is spent: one generation and one access token on."""
    return _moved_on(grant, (grant.generation + 1, grant.issued + 1, now), idle_expires_at, sender)


def reissued(grant: Grant, issued: int, idle_expires_at: int | None, sender: Sender | None) -> Grant:
    """The grant as it is with one more access token, `issued` of them by now, and its refresh token unspent."""
    return _moved_on(grant, (grant.generation, issued, grant.rotated_at), idle_expires_at, sender)


def _moved_on(
    grant: Grant, counted: tuple[int, int, int | None], idle_expires_at: int | None, sender: Sender | None
) -> Grant:
    """With another generation, serial and time of rotation. Each field by its name: a third of what a copy costs."""
    generation, issued, rotated_at = counted
    return Grant(
        id=grant.id,
        client_id=grant.client_id,
        subject=grant.subject,
        scope=grant.scope,
        audience=grant.audience,
        created_at=grant.created_at,
        expires_at=grant.expires_at,
        idle_expires_at=idle_expires_at,
        generation=generation,
        issued=issued,
        rotated_at=rotated_at,
        revoked_at=grant.revoked_at,
        revoked_because=grant.revoked_because,
        used_by=sender,
        revoked_by=grant.revoked_by,
        reuse=grant.reuse,
        facts=grant.facts,
    )


def is_over(grant: Grant, now: int) -> bool:
    """Whether the grant's absolute or idle end has come."""
    end, idle_end = grant.expires_at, grant.idle_expires_at
    return (end is not None and end <= now) or (idle_end is not None and idle_end <= now)


def _inside_grace(grant: Grant, client: Client, now: int) -> bool:
    """A clock that was set back does not open the window again."""
    return grant.rotated_at is not None and abs(now - grant.rotated_at) < client.grace
