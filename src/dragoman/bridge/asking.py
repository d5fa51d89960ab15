"""One question to the old server's token endpoint, in the mount's dialect, and what its answer means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.errors import ErrorCode, Refusal
from dragoman.core.value import value
from dragoman.dialects.asking import write_token_request
from dragoman.elsewhere.faults import Away, Useless
from dragoman.outgoing.answers import UnreadableJwt, claims_of, is_jwt, members_of
from dragoman.outgoing.server import NoAnswer, Unsendable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.model import ClientCredentials
    from dragoman.core.scope import Scope
    from dragoman.core.secret import Secret
    from dragoman.dialects.dialect import Dialect
    from dragoman.dialects.wire import WireResponse
    from dragoman.outgoing.server import OtherServer

_REFUSALS = frozenset({400, 401, 403, 422})
"""Statuses with which token endpoints refuse; any other is no answer to the question."""
_OF_THIS_QUESTION = frozenset({429, 500})
"""Too many requests, perhaps of one address; a fault, perhaps at one name. They do not count as the old server being
away: else whoever can bring them about could close the bridge for everybody."""
_WRONG_PASSWORD = frozenset({Refusal.WRONG_CREDENTIALS})
_WRONG_TOKEN = frozenset(
    {
        Refusal.MALFORMED_REFRESH_TOKEN,
        Refusal.FORGED_REFRESH_TOKEN,
        Refusal.UNKNOWN_REFRESH_TOKEN,
        Refusal.FOREIGN_REFRESH_TOKEN,
        Refusal.EXPIRED_REFRESH_TOKEN,
        Refusal.REVOKED_REFRESH_TOKEN,
    }
)
_OF_THE_CLIENT = frozenset(
    {
        ErrorCode.INVALID_CLIENT.value,
        ErrorCode.UNAUTHORIZED_CLIENT.value,
        ErrorCode.UNSUPPORTED_GRANT_TYPE.value,
        ErrorCode.INVALID_SCOPE.value,
        ErrorCode.INVALID_REQUEST.value,
    }
)
"""Refusals that say nothing of the person: the client differs there, or the dialect does."""
_OF_THE_SERVER = frozenset({ErrorCode.SERVER_ERROR.value, ErrorCode.TEMPORARILY_UNAVAILABLE.value})
"""No refusals, whatever the status."""


@value
class Granted:
    """The old server issued tokens: what its answer says, and what its access token claims where that is a JWT."""

    members: Mapping[str, object]
    claims: Mapping[str, object]

    def told(self, name: str | None) -> object:
        """A member of this name, or else a claim; None where there is none or no name."""
        return None if name is None else self.members.get(name, self.claims.get(name))


@value
class Refused:
    """The password or the refresh token is no good there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldServer:
    """The token endpoint of the old server."""

    server: OtherServer
    dialect: Dialect
    path: str
    address_header: str

    async def ask(
        self,
        client: ClientCredentials,
        grant_type: str,
        parameters: Mapping[str, Secret],
        *,
        scope: Scope | None = None,
        address: str = "",
    ) -> Granted | Refused:
        """Ask once, as this client would; no try is repeated. `address` is the person's. Raises Away, Useless."""
        asked = write_token_request(self.dialect.words, (client.id or "", client.secret), grant_type, parameters, scope)
        target = self.path.encode() + (b"?" + asked.query if asked.query else b"")
        headers = (
            *asked.headers,
            (b"accept-encoding", b"identity"),
            (b"user-agent", b"dragoman"),
            (b"x-forwarded-proto", b"https"),
            (self.address_header.lower().encode(), address.encode("ascii", "replace")),
        )
        try:
            answer = await self.server.ask(asked.method, target, headers, asked.body)
        except NoAnswer as away:
            raise Away(str(away)) from None
        except Unsendable:
            raise Useless("the question cannot be written as HTTP/1.1") from None
        return self._meaning(answer, grant_type)

    def _meaning(self, answer: WireResponse, grant_type: str) -> Granted | Refused:
        members = members_of(answer.body)
        if answer.status in _OF_THIS_QUESTION:
            raise Useless(f"status {answer.status}")
        if members is None or answer.status not in {200, *_REFUSALS}:
            raise Away(f"status {answer.status}" if members is not None else "an answer that is no JSON object")
        if answer.status in _REFUSALS:
            error = members.get("error")
            if not isinstance(error, str) or error in _OF_THE_SERVER:
                raise Useless(f"status {answer.status} without a refusal")
            if error in _OF_THE_CLIENT and error not in self._wrong(grant_type):
                raise Useless(f"the old server refuses the client: {error}")
            return Refused()
        token = members.get("access_token")
        if not isinstance(token, str) or not token or "error" in members:
            raise Away("an answer without an access token")
        try:
            return Granted(members=members, claims=claims_of(token) if is_jwt(token) else {})
        except UnreadableJwt:
            return Granted(members=members, claims={})

    def _wrong(self, grant_type: str) -> frozenset[str]:
        """How this dialect tells that the credential is no good."""
        refusals = _WRONG_PASSWORD if grant_type == "password" else _WRONG_TOKEN
        return frozenset(self.dialect.errors.refusals[one].error for one in refusals)
