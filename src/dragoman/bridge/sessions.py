"""Sessions of the old server become ours at their first refresh (core.ports.former_sessions.FormerSessions).

The refresh token is presented there once, and so perhaps spent. From then on whoever has asked can get lost: what was
begun is finished, and kept until it is stored (docs/adr/bridge.md).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dragoman.bridge.asking import Refused
from dragoman.core.adoption import digest_of
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.guessing import Guess, check_guess
from dragoman.core.login_name import canonical
from dragoman.core.model import FormerSession, Grant, RefreshHandle
from dragoman.core.ports import Event
from dragoman.core.scope import Scope
from dragoman.core.value import value
from dragoman.elsewhere.cells import CellFault, list_of
from dragoman.elsewhere.faults import Useless
from dragoman.store.former_sessions import StoredSession

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from dragoman.bridge.asking import Granted
    from dragoman.bridge.bridge import Bridge
    from dragoman.core.model import Client, ClientCredentials, ResourceOwner, Sender
    from dragoman.core.ports import Services
    from dragoman.core.secret import Secret
    from dragoman.http.log import Log
    from dragoman.store.former_sessions import FormerSessions

FORMAT: Final = "bridge"
_LONGEST_TOKEN = 16 * 1024
_KEPT_TRIES = 60
_KEPT_PAUSE_SECONDS = 1.0
"""A minute in all: for so long an answer of the old server waits for a database that is away."""
_LOOK_AGAIN_SECONDS = (0.0, 0.1, 0.4)
"""After a refusal: another worker may have presented the same token a moment before, and be about to store it."""
_ENDING_SECONDS = 5.0


class Arrivals:
    """All sessions of one process that are on their way here."""

    def __init__(self, bridge: Bridge, sessions: FormerSessions, log: Log) -> None:
        self.bridge = bridge
        self.sessions = sessions
        self.stopped = False
        """Whether no further token is presented there: each would be spent in vain."""
        self._log = log
        self._under_way: dict[tuple[str, str], asyncio.Task[RefreshHandle | None]] = {}

    def task_of(
        self, client_id: str, digest: str, take_over: Callable[[], Coroutine[object, None, RefreshHandle | None]]
    ) -> asyncio.Task[RefreshHandle | None]:
        """The one task of this client's token: begun now, or by whoever presented it a moment ago."""
        place = (client_id, digest)
        task = self._under_way.get(place)
        if task is None:
            task = asyncio.create_task(take_over())
            self._under_way[place] = task
            task.add_done_callback(lambda done: self._forget(place, done))
        return task

    def stop(self) -> None:
        """The answers do not say whose sessions they are, against what is configured."""
        if not self.stopped:
            self.stopped = True
            self._log.write(
                "error",
                "bridge_sessions_stopped",
                reason="the old server does not say whose session it refreshed",
                remedy="mend subject or username in the bridge's settings, and restart",
            )

    async def close(self) -> None:
        """Let those under way come to an end, for a moment."""
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=_ENDING_SECONDS)

    def _forget(self, place: tuple[str, str], done: asyncio.Task[RefreshHandle | None]) -> None:
        del self._under_way[place]
        if not done.cancelled():
            done.exception()  # told to whoever waits; nobody may be left


@value
class _Presented:
    """A refresh token, and who presented it when."""

    token: Secret
    digest: str
    client: Client
    sender: Sender
    now: int


@value
class BridgeSessions:
    """The old server's sessions for one request, with the credentials by which its client has authenticated."""

    arrivals: Arrivals
    services: Services
    dialect: str
    client: ClientCredentials
    counted: bool = True
    """Whether a refused token is a guess. Not where it is to be revoked: the answer tells nothing (RFC 7009 §2.2), and
    whoever signs people out presents tokens of all kinds."""

    async def adopt(self, presented: Secret, client: Client, sender: Sender, now: int) -> RefreshHandle | None:
        """The grant that the token stands for from now on; None if the old server refuses it or may not be asked.

        Guessing is throttled as it is for passwords: each token is an account that nobody has, and the address counts.
        Refuses `temporarily_unavailable` where the old server's answer is not known, `unknown_refresh_token` where it
        speaks of an account that lives here.
        """
        bridge, text = self.arrivals.bridge, presented.reveal()
        if len(text) > _LONGEST_TOKEN or not text.isascii():
            return None
        digest = digest_of(FORMAT, text)
        handle = await self._find(digest)
        if handle is not None or not bridge.tells_whose or not bridge.is_open(client.id):
            return handle
        if self.arrivals.stopped:
            raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, "sessions do not come over the bridge now")
        one = _Presented(token=presented, digest=digest, client=client, sender=sender, now=now)
        return await (self._guess(one) if self.counted else self._wait_for(one))

    async def _guess(self, one: _Presented) -> RefreshHandle | None:
        guess = Guess(
            owner=None,
            login=f"refresh token {one.digest}",
            client_id=one.client.id,
            sender=one.sender,
            dialect=self.dialect,
        )
        try:
            return await check_guess(self.services, guess, lambda: self._wait_for(one), _is_known)
        except OAuthError as refused:
            if refused.refusal is not Refusal.WRONG_CREDENTIALS:
                raise
            raise OAuthError(Refusal.UNKNOWN_REFRESH_TOKEN, refused.detail) from None

    async def _find(self, digest: str) -> RefreshHandle | None:
        row = await self.arrivals.sessions.find(digest)
        return None if row is None or row.grant_id is None else RefreshHandle(grant_id=row.grant_id, generation=0)

    async def _wait_for(self, one: _Presented) -> RefreshHandle | None:
        """What the one task of this token comes to; it goes on when this ends earlier, for whatever reason."""
        task = self.arrivals.task_of(one.client.id, one.digest, lambda: self._take_over(one))
        try:
            async with asyncio.timeout(self.arrivals.bridge.seconds):
                return await asyncio.shield(task)
        except TimeoutError:
            raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, "the old server has not answered yet") from None

    async def _take_over(self, one: _Presented) -> RefreshHandle | None:
        bridge, parameters = self.arrivals.bridge, {"refresh_token": one.token}
        answer = await bridge.patient.ask(
            lambda: bridge.old.ask(self.client, "refresh_token", parameters, address=one.sender.address)
        )
        if isinstance(answer, Refused):
            return await self._look_again(one.digest)
        tries = _KEPT_TRIES
        while True:
            try:
                return await self._keep(answer, one)
            except OAuthError as refused:
                tries -= 1
                if refused.refusal is not Refusal.TEMPORARILY_UNAVAILABLE or tries == 0:
                    raise
                await asyncio.sleep(_KEPT_PAUSE_SECONDS)

    async def _look_again(self, digest: str) -> RefreshHandle | None:
        for pause in _LOOK_AGAIN_SECONDS:
            await asyncio.sleep(pause)
            handle = await self._find(digest)
            if handle is not None:
                return handle
        return None

    async def _keep(self, answer: Granted, one: _Presented) -> RefreshHandle | None:
        """The session as a grant of ours, and its account if that is not here yet."""
        client, now = one.client, one.now
        owner = await self._owner(answer, one)
        scope = _scope_of(answer, client)
        grant = Grant(
            id=self.services.tokens.new_grant_id(),
            client_id=client.id,
            subject=owner.id,
            scope=scope,
            audience=client.audience,
            created_at=now,
            expires_at=_after(now, client.refresh_token_lifetime),
            idle_expires_at=_after(now, client.refresh_token_idle_lifetime),
            issued=0,
            facts={"adopted_from": self.arrivals.bridge.name},
        )
        session = FormerSession(client_id=client.id, subject=owner.id, scope=scope, expires_at=None)
        stored = StoredSession(digest=one.digest, format=FORMAT, session=session)
        if await self.arrivals.sessions.adopt(stored, grant, now, listed=False):
            self._record("vouched_for", one, owner.id, alarm=False)
            return RefreshHandle(grant_id=grant.id, generation=0)
        return await self._find(one.digest)

    async def _owner(self, answer: Granted, one: _Presented) -> ResourceOwner:
        """Whose session it is: an account that came from there and has not moved in, or that nobody knows yet."""
        bridge, owners = self.arrivals.bridge, self.services.resource_owners
        subject = answer.told(bridge.named.subject)
        if subject is None and answer.told(bridge.named.username) is None:
            self.arrivals.stop()
            raise OAuthError(Refusal.UNKNOWN_REFRESH_TOKEN, "the old server does not say whose session it is")
        try:
            told = bridge.read_account(answer, bridge.new_id(), None if subject is None else str(subject))
        except Useless as useless:
            raise OAuthError(Refusal.UNKNOWN_REFRESH_TOKEN, f"the old server: {useless}") from None
        known = await owners.find_resource_owner(told.id)
        if known is None:
            known = await owners.find_resource_owner_by_login(canonical(told.username))
        if known is None:
            arriving = replace(told, directory=bridge.name, confirmed_at=one.now)
            if await owners.take_in(arriving, bridge.name):
                return arriving
        elif known.directory == bridge.name:
            return known
        self._record("vouched_for_local", one, None if known is None else known.id, alarm=True)
        raise OAuthError(Refusal.UNKNOWN_REFRESH_TOKEN, "the old server speaks of an account that lives here")

    def _record(self, name: str, one: _Presented, subject: str | None, *, alarm: bool) -> None:
        self.services.audit.record(
            Event(
                name=name,
                dialect=self.dialect,
                sender=one.sender,
                client_id=one.client.id,
                subject=subject,
                alarm=alarm,
                facts={"by": self.arrivals.bridge.name, "what": "session"},
            )
        )


def _is_known(handle: RefreshHandle | None) -> bool:
    return handle is not None


def _scope_of(answer: Granted, client: Client) -> Scope:
    """What it says, and never more than the client may have; all of that where it says nothing."""
    told = answer.told("scope") or answer.told("scopes")
    try:
        names = list_of(told)
    except CellFault:
        names = ()
    return client.scope if names is None else Scope.of(name for name in names if name in client.scope)


def _after(now: int, lifetime: int | None) -> int | None:
    return None if lifetime is None else now + lifetime
