"""Requests of one app, each written into the history of its log-in with what is known of its outcome."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.histories.history import Family, Kind, Operation, Outcome
from tests.histories.network import BrokenOff, NotSent, Reply, Unanswered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.histories.network import Network

TOKEN, REVOCATION, INTROSPECTION = "/oauth2/token", "/oauth2/revoke", "/oauth2/introspect"
_FAULT = 500
_UNKNOWN = frozenset({_FAULT, 503})
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A registered client, and a person who uses it."""

    client_id: str
    client_secret: str
    username: str
    password: str
    grace: int

    @property
    def credentials(self) -> Mapping[str, str]:
        """Id and secret as parameters."""
        return {"client_id": self.client_id, "client_secret": self.client_secret}


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Sends and writes down. Families are complete once nobody sends for them any more."""

    network: Network
    settling_seconds: float = 0.0
    """How long after a connection broke the database may still finish what a dead process sent."""
    faults_borne: int = 0
    """How many answers 500 are taken before the run is given up: where something is killed on purpose, many."""
    answers: Counter[str] = field(default_factory=Counter)
    """Every answer by endpoint and status, every request without one by how it failed."""

    async def log_in(self, app: App) -> Family | None:
        """A password grant; None if nobody saw the answer, or the server had no room for it."""
        form = {"grant_type": "password", "username": app.username, "password": app.password, **app.credentials}
        reply, _began, _ended = await self._send(TOKEN, form)
        if reply is None or reply.status in _UNKNOWN:
            return None
        assert reply.status == 200, reply
        document = reply.document
        return Family(first=document["refresh_token"], access_token=document["access_token"], grace=app.grace)

    async def refresh(self, app: App, family: Family, token: str) -> Operation:
        """A refresh."""
        form = {"grant_type": "refresh_token", "refresh_token": token, **app.credentials}
        return await self._record(family, Kind.REFRESH, TOKEN, token, form)

    async def revoke(self, app: App, family: Family, token: str) -> Operation:
        """A revocation of a refresh token."""
        return await self._record(family, Kind.REVOKE, REVOCATION, token, {"token": token, **app.credentials})

    async def ask(self, app: App, family: Family, token: str, kind: Kind) -> Operation:
        """An introspection."""
        return await self._record(family, kind, INTROSPECTION, token, {"token": token, **app.credentials})

    async def _record(self, family: Family, kind: Kind, path: str, token: str, form: Mapping[str, str]) -> Operation:
        reply, began, ended = await self._send(path, form)
        outcome = Outcome.UNKNOWN if reply is None else _outcome_of(kind, reply)
        document = reply.document if reply is not None and outcome is Outcome.YES else {}
        operation = Operation(
            kind=kind,
            presented=token,
            began=began,
            ended=ended,
            outcome=outcome,
            successor=document.get("refresh_token") if kind is Kind.REFRESH else None,
            access_token=document.get("access_token") if kind is Kind.REFRESH else None,
            where="no answer" if reply is None else f"({reply.status} from port {reply.port})",
        )
        family.operations.append(operation)
        return operation

    async def _send(self, path: str, form: Mapping[str, str]) -> tuple[Reply | None, float, float]:
        """The answer if there was one, when it was asked for, and from when on nothing can come of it any more."""
        while True:
            began = time.monotonic()
            try:
                reply = await self.network.post(path, form)
            except NotSent:
                await asyncio.sleep(_PAUSE_SECONDS)
            except BrokenOff:
                self.answers[f"{path} broken off"] += 1
                return None, began, time.monotonic() + self.settling_seconds
            except Unanswered:
                self.answers[f"{path} unanswered"] += 1
                return None, began, math.inf
            else:
                ended = time.monotonic()
                self.answers[f"{path} {reply.status}"] += 1
                if reply.status not in _UNKNOWN:
                    return reply, began, ended
                self.faults_borne -= reply.status == _FAULT
                assert self.faults_borne >= 0, reply
                await asyncio.sleep(_PAUSE_SECONDS)
                return reply, began, ended + self.settling_seconds


def _outcome_of(kind: Kind, reply: Reply) -> Outcome:
    """Any answer that is neither of the expected ones is a fault of the run itself."""
    if reply.status in _UNKNOWN:
        return Outcome.UNKNOWN
    if kind in (Kind.ASK_ACCESS_TOKEN, Kind.ASK_REFRESH_TOKEN):
        assert reply.status == 200, reply
        return Outcome.YES if reply.document["active"] else Outcome.NO
    if reply.status == 200:
        return Outcome.YES
    assert kind is Kind.REFRESH, reply
    assert (reply.status, reply.document.get("error")) == (400, "invalid_grant"), reply
    return Outcome.NO
