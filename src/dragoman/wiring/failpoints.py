"""Failpoints: where a test has a server die, fail or wait. Named in the environment, and never set in production.

`DRAGOMAN_FAILPOINTS="refresh.after_commit=kill@20,revoke.before_commit=sleep:50%0.1"`: a name, what happens there, from
which time on (`@`), and how likely (`%`). They stand around the ports, so that without them there is nothing to pass.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import threading
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from dragoman.core.errors import Fault, OAuthError, Refusal
from dragoman.core.refresh import REUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.core.model import (
        Authorization,
        Client,
        Grant,
        GrantId,
        Reuse,
        Sender,
        Session,
        StoredAccessToken,
        TokenId,
        TokenRequest,
    )
    from dragoman.core.ports import Grants, GrantType, NotRotated, Rotated, Services
    from dragoman.core.rules import Rules
    from dragoman.dialects.wire import WireResponse
    from dragoman.http.log import Log
    from dragoman.http.paths import Application
    from dragoman.http.request import Request

VARIABLE = "DRAGOMAN_FAILPOINTS"

_STEPS = ("after_judge", "before_commit", "after_commit", "before_first_byte")
NAMES = frozenset(
    [
        *(f"{what}.{step}" for what in ("password", "refresh") for step in _STEPS),
        *(f"{what}.{step}" for what in ("revoke", "reuse") for step in ("before_commit", "after_commit")),
    ]
)
"""After the grant type judged; around the one statement that is durable when it returns; before the answer is sent."""
_WRITTEN = re.compile(
    r"(?P<name>[a-z_.]+)=(?P<action>kill|hang|raise|io-error|sleep:(?P<ms>[0-9]{1,5}))"
    r"(?:@(?P<first>[0-9]{1,9}))?(?:%(?P<chance>0\.[0-9]{1,6}|1))?"
)


class FailpointFault(Fault):
    """The variable names no failpoint, or nothing that can happen there."""


class Action(StrEnum):
    """What happens at a failpoint."""

    KILL = "kill"
    """SIGKILL to this process."""
    HANG = "hang"
    """The event loop stands still, for ever."""
    RAISE = "raise"
    """An exception that nobody expects."""
    SLEEP = "sleep"
    IO_ERROR = "io-error"
    """What the store says when it cannot read or write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failpoint:
    """One of them, as it was written."""

    name: str
    action: Action
    milliseconds: int = 0
    first: int = 1
    """The time it is reached from which on something happens."""
    chance: float = 1.0


class Failpoints:
    """Those that are set, and how often each was reached in this process."""

    def __init__(self, points: Mapping[str, Failpoint], draw: Callable[[], float]) -> None:
        self._points = points
        self._draw = draw
        self._reached = dict.fromkeys(points, 0)
        self._serving: ContextVar[str] = ContextVar("grant type of the request")

    async def reach(self, name: str) -> None:
        """Pass this point, or not."""
        point = self._points.get(name)
        if point is None:
            return
        self._reached[name] += 1
        if self._reached[name] < point.first or self._draw() >= point.chance:
            return
        match point.action:
            case Action.KILL:
                os.write(2, f"dragoman: failpoint {name} kills this process\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)
            case Action.HANG:
                threading.Event().wait()
            case Action.RAISE:
                raise RuntimeError(f"failpoint {name}")
            case Action.IO_ERROR:
                raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, f"failpoint {name}")
            case Action.SLEEP:
                await asyncio.sleep(point.milliseconds / 1000)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are set."""
        return tuple(self._points)

    def around_services(self, services: Services) -> Services:
        """The same services, with the points in between if any are set."""
        if not self._points:
            return services
        grant_types = {name: _JudgingGrantType(one, self) for name, one in services.grant_types.items()}
        return replace(services, grants=_WritingGrants(services.grants, self), grant_types=grant_types)

    def around_application(self, application: Application) -> Application:
        """The same application, with a point before the first byte of an answer if any are set."""
        if not self._points:
            return application

        async def answer(request: Request) -> WireResponse:
            self._serving.set("")
            response = await application(request)
            if name := self._serving.get(""):
                await self.reach(f"{name}.before_first_byte")
            return response

        return answer

    async def reach_judged(self, grant_type: str) -> None:
        """A grant type has judged; the request's later points are named for it."""
        name = grant_type.removesuffix("_token")
        self._serving.set(name)
        await self.reach(f"{name}.after_judge")


def open_failpoints(environment: Mapping[str, str], log: Log) -> Failpoints:
    """Those of the environment; whoever reads the log is told of them, whatever its level. Raises FailpointFault."""
    failpoints = read_failpoints(environment, random.SystemRandom().random)
    if failpoints.names:
        log.write("error", "failpoints_are_set", variable=VARIABLE, names=" ".join(failpoints.names))
    return failpoints


def read_failpoints(environment: Mapping[str, str], draw: Callable[[], float]) -> Failpoints:
    """Those of the environment, mostly none; `draw` gives numbers from 0 to below 1. Raises FailpointFault."""
    written = [text for part in environment.get(VARIABLE, "").split(",") if (text := part.strip())]
    return Failpoints({point.name: point for point in map(_read_failpoint, written)}, draw)


def _read_failpoint(text: str) -> Failpoint:
    found = _WRITTEN.fullmatch(text)
    if found is None or found["name"] not in NAMES:
        raise FailpointFault(
            f"environment {VARIABLE}: `{text}` is no failpoint; write name=kill, hang, raise, io-error or sleep:MS, "
            f"then @FIRST and %CHANCE if need be; names are {', '.join(sorted(NAMES))}"
        )
    return Failpoint(
        name=found["name"],
        action=Action(found["action"].partition(":")[0]),
        milliseconds=int(found["ms"] or 0),
        first=int(found["first"] or 1),
        chance=float(found["chance"] or 1),
    )


@dataclass(frozen=True, slots=True)
class _JudgingGrantType:
    """A grant type, and a point after its judgement."""

    inner: GrantType
    failpoints: Failpoints

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def needs_confidential_client(self) -> bool:
        return self.inner.needs_confidential_client

    async def authorize(
        self, services: Services, rules: Rules, client: Client, request: TokenRequest, now: int
    ) -> Authorization:
        authorization = await self.inner.authorize(services, rules, client, request, now)
        await self.failpoints.reach_judged(self.name)
        return authorization


@dataclass(frozen=True, slots=True)
class _WritingGrants:
    """Grants, and a point before and after each statement that begins, advances or ends one."""

    inner: Grants
    failpoints: Failpoints

    async def create_grant(
        self, grant: Grant, access_token: StoredAccessToken | None, password_hash: str | None = None
    ) -> None:
        await self.failpoints.reach("password.before_commit")
        await self.inner.create_grant(grant, access_token, password_hash)
        await self.failpoints.reach("password.after_commit")

    async def rotate(
        self,
        grant: Grant,
        now: int,
        idle_expires_at: int | None,
        access_token: StoredAccessToken | None,
        sender: Sender | None = None,
    ) -> Rotated | NotRotated:
        await self.failpoints.reach("refresh.before_commit")
        outcome = await self.inner.rotate(grant, now, idle_expires_at, access_token, sender)
        await self.failpoints.reach("refresh.after_commit")
        return outcome

    async def revoke_grant(
        self, grant_id: GrantId, now: int, because: str, sender: Sender | None = None, reuse: Reuse | None = None
    ) -> bool:
        name = "reuse" if because == REUSED else "revoke"
        await self.failpoints.reach(f"{name}.before_commit")
        ended = await self.inner.revoke_grant(grant_id, now, because, sender, reuse)
        await self.failpoints.reach(f"{name}.after_commit")
        return ended

    async def find_grant(self, grant_id: GrantId) -> Grant | None:
        return await self.inner.find_grant(grant_id)

    async def find_session(self, grant_id: GrantId) -> Session | None:
        return await self.inner.find_session(grant_id)

    async def find_session_of_token(self, grant_id: GrantId, token_id: TokenId) -> tuple[Session | None, bool]:
        return await self.inner.find_session_of_token(grant_id, token_id)

    async def reissue(
        self, grant: Grant, now: int, idle_expires_at: int | None, sender: Sender | None = None
    ) -> Rotated | NotRotated:
        return await self.inner.reissue(grant, now, idle_expires_at, sender)

    async def store_access_token(self, access_token: StoredAccessToken) -> None:
        await self.inner.store_access_token(access_token)

    async def find_access_token(self, digest: bytes) -> StoredAccessToken | None:
        return await self.inner.find_access_token(digest)

    async def revoke_access_token(self, token_id: TokenId, grant_id: GrantId | None, expires_at: int, now: int) -> None:
        await self.inner.revoke_access_token(token_id, grant_id, expires_at, now)

    async def is_access_token_revoked(self, token_id: TokenId) -> bool:
        return await self.inner.is_access_token_revoked(token_id)
