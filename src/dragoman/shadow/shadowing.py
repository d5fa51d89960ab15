"""A mount in the shadow of the server that it is to replace: theirs is the answer, ours is worked out and compared.

Clients wait for theirs alone. Ours is worked out afterwards, one at a time and in the order in which they came, so that
a log-in is known by the time of its refresh, and a flood costs no more than one hash at a time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dragoman.core import token_endpoint
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.secret import Secret
from dragoman.dialects import codec
from dragoman.outgoing.answers import headers_of, members_of
from dragoman.outgoing.server import NoAnswer, Unsendable
from dragoman.shadow.comparison import Answer, Difference, Shape, compare
from dragoman.shadow.passing import answer_to_pass, headers_to_pass, target_of
from dragoman.shadow.record import Record, RecordFault, add_to_file, compared, merge, not_compared
from dragoman.shadow.showing import show

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.core.model import Grant, TokenRequest
    from dragoman.dialects.wire import WireRequest, WireResponse
    from dragoman.http.endpoints import Desk
    from dragoman.http.log import Log
    from dragoman.outgoing.server import OtherServer
    from dragoman.shadow.record import ClientRecord
    from dragoman.shadow.sessions import Sessions

MOST_WAITING = 256
"""Exchanges that wait to be compared; one more is not, and is counted."""
_KEPT_SECONDS = 1.0
_SHORTEST_VALUE = 4
_OUR_UNAVAILABILITY = frozenset({Refusal.TEMPORARILY_UNAVAILABLE, Refusal.TOO_MANY_REQUESTS})
_UNKNOWN_SESSION = frozenset(
    {
        Refusal.MALFORMED_REFRESH_TOKEN,
        Refusal.FORGED_REFRESH_TOKEN,
        Refusal.NOT_A_REFRESH_TOKEN,
        Refusal.UNKNOWN_REFRESH_TOKEN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ours:
    """What we would have answered."""

    response: WireResponse
    refusal: Refusal | None = None
    grant: Grant | None = None
    """As it would be now."""
    before: Grant | None = None
    """The grant that was refreshed, as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """The server that answers, and how it is told whom a request comes from."""

    server: OtherServer
    address_header: str


class Shadowing:
    """One mount in its shadow."""

    def __init__(self, desk: Desk, theirs: Theirs, sessions: Sessions, file: Path, log: Log) -> None:
        """The desk's services leave no trace; what is found goes to the file."""
        self.desk = desk
        self._theirs = theirs
        self._sessions = sessions
        self._file = file
        self._log = log
        self._waiting: asyncio.Queue[tuple[WireRequest, WireResponse]] = asyncio.Queue(MOST_WAITING)
        self._found = Record()
        """What is not in the file yet."""

    async def answer(self, endpoint: str, wire: WireRequest) -> WireResponse:
        """Theirs. Refuses `temporarily_unavailable` where there is none."""
        target = target_of(wire, self.desk.mount.prefix)
        headers = headers_to_pass(wire, self._theirs.address_header)
        try:
            theirs = await self._theirs.server.ask(wire.method, target, headers, wire.body)
        except NoAnswer as away:
            if endpoint == "token":
                self._note(not_compared(self._dialect, "", "no answer of theirs"))
            raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, f"the old server: {away}") from None
        except Unsendable:
            raise OAuthError(Refusal.MALFORMED_REQUEST, "it cannot be passed on as HTTP/1.1") from None
        if endpoint == "token":
            self._keep(wire, theirs)
        return answer_to_pass(theirs)

    @property
    def _dialect(self) -> str:
        return self.desk.mount.dialect.name

    def _keep(self, wire: WireRequest, theirs: WireResponse) -> None:
        try:
            self._waiting.put_nowait((replace(wire, hung_up=None), theirs))
        except asyncio.QueueFull:
            self._note(not_compared(self._dialect, "", "too many at once"))

    def _note(self, one: ClientRecord) -> None:
        self._found = merge(self._found, Record(clients=(one,)))

    async def compare_all(self) -> None:
        """The chore: whatever comes, one after the other."""
        while True:
            wire, theirs = await self._waiting.get()
            self._note(await self._compare(wire, theirs))

    async def keep_record(self) -> None:
        """The chore: what was found goes to the file every second."""
        told = False
        while True:
            await asyncio.sleep(_KEPT_SECONDS)
            told = not await self._write(tell=not told)

    async def close(self) -> None:
        """Write what was found, and close the connections."""
        await self._write(tell=True)
        await self._theirs.server.close()

    async def _write(self, *, tell: bool) -> bool:
        """Add what is not in the file yet; where that cannot be, keep it for the next time."""
        found, self._found = self._found, Record()
        if found == Record():
            return True
        try:
            await asyncio.to_thread(add_to_file, self._file, found)
        except BaseException as fault:
            self._found = merge(found, self._found)
            if not isinstance(fault, RecordFault):
                raise
            if tell:
                self._log.write("warning", "shadow_not_recorded", reason=str(fault))
            return False
        return True

    async def _compare(self, wire: WireRequest, theirs: WireResponse) -> ClientRecord:
        request: TokenRequest | None = None
        try:
            request = codec.decode(self.desk.mount.dialect, wire)
            ours = await self._respond(request)
        except OAuthError as refused:
            ours = self._refuse(refused, wire)
        except Exception as fault:  # noqa: BLE001 (a fault of ours is a difference, and no end of the comparing)
            self._log.fault(fault, endpoint="shadow", dialect=self._dialect)
            ours = self._refuse(OAuthError(Refusal.SERVER_ERROR), wire)
        client = await self._known_client(request)
        why = _why_not(theirs, ours)
        if why is not None:
            return not_compared(self._dialect, client, why)
        differences = compare(_answer(theirs), _answer(ours.response))
        if request is not None and ours.grant is not None:
            differences += self._follow(request, theirs, ours, ours.grant)
        sent = _values_of(request)
        shown = tuple(show(one, sent) for one in differences)
        return compared(self._dialect, client, shown, self.desk.now())

    async def _respond(self, request: TokenRequest) -> _Ours:
        desk, presented = self.desk, request.parameters.get("refresh_token")
        handle = None if presented is None else self._sessions.read(presented)
        before = None if handle is None else self._sessions.find(handle.grant_id)
        response = await token_endpoint.answer(desk.services, desk.server, desk.mount.rules, request, desk.now())
        wire = codec.encode_answer(desk.mount.dialect, response)
        return _Ours(response=wire, grant=response.facts.grant, before=before)

    def _refuse(self, refused: OAuthError, wire: WireRequest) -> _Ours:
        dialect = self.desk.mount.dialect
        retry_after = 1 if refused.refusal in _OUR_UNAVAILABILITY else None
        response = dialect.errors.spell(
            refused, wire, allow=", ".join(dialect.words.token.methods), retry_after=retry_after
        )
        return _Ours(response=response, refusal=refused.refusal)

    def _follow(self, request: TokenRequest, theirs: WireResponse, ours: _Ours, grant: Grant) -> list[Difference]:
        """Remember which session of ours their refresh token stands for, and whether both servers exchange it."""
        presented = request.parameters.get("refresh_token")
        issued = (members_of(theirs.body) or {}).get("refresh_token")
        current = issued if isinstance(issued, str) else None if presented is None else presented.reveal()
        if current is None or grant.subject is None:
            return []
        self._sessions.remember(current, grant)
        if ours.before is None or presented is None or issued is None:
            return []
        exchanged = {True: Shape("kept"), False: Shape("exchanged")}
        their = isinstance(issued, str) and presented == Secret(issued)
        our = ours.before.generation == grant.generation
        if their == our:
            return []
        return [Difference(field="refresh_token itself", theirs=exchanged[their], ours=exchanged[our])]

    async def _known_client(self, request: TokenRequest | None) -> str:
        """Its id, if it is one of ours: what else is sent in its place might be anything."""
        if request is None or not request.client.id:
            return ""
        try:
            client = await self.desk.services.clients.find_client(request.client.id)
        except OAuthError:
            return ""
        return "" if client is None else client.id


def _why_not(theirs: WireResponse, ours: _Ours) -> str | None:
    """Why the two say nothing about each other, if so."""
    if theirs.status >= 500 or theirs.status == 429:  # noqa: PLR2004 (RFC 9110 §15.6, RFC 6585 §4)
        return "a fault of theirs"
    if any(name.lower() == b"content-encoding" for name, _ in theirs.headers):
        return "a compressed answer"
    if ours.refusal in _OUR_UNAVAILABILITY:
        return "we were busy"
    if theirs.status < 300 and ours.refusal in _UNKNOWN_SESSION:  # noqa: PLR2004 (RFC 9110 §15.3)
        return "a session from before"
    return None


def _answer(response: WireResponse) -> Answer:
    return Answer(status=response.status, headers=headers_of(response), body=response.body)


def _values_of(request: TokenRequest | None) -> frozenset[str]:
    """All that the request says and nobody else does."""
    if request is None:
        return frozenset()
    secrets = [*request.parameters.values(), *([request.client.secret] if request.client.secret else [])]
    values = [request.client.id or "", *(secret.reveal() for secret in secrets)]
    return frozenset(value for value in values if len(value) >= _SHORTEST_VALUE)
