"""The old server as a directory (core.ports.directory.Directory): its word on a password is one log-in there."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.bridge.asking import Granted
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.login_name import canonical
from dragoman.core.model import Sender
from dragoman.core.ports import Event
from dragoman.core.ports.directory import NotVerified, Verified
from dragoman.core.secret import Secret
from dragoman.core.value import value
from dragoman.elsewhere.faults import Useless

if TYPE_CHECKING:
    from dragoman.bridge.asking import Refused
    from dragoman.bridge.bridge import Bridge
    from dragoman.core.model import ResourceOwner, TokenRequest
    from dragoman.core.ports import Attempt, Services
    from dragoman.core.ports.directory import Terms


def _is_plain(login: str) -> bool:
    """Whether it is no look-alike, which may be somebody else's name there, and would be the plain one's here."""
    return unicodedata.normalize("NFKC", login) == login


@value
class BridgeDirectory:
    """The directory for one request, with its client's credentials. Without a request it is shut: nobody is asked."""

    bridge: Bridge
    services: Services
    dialect: str
    request: TokenRequest | None = None

    @property
    def terms(self) -> Terms:
        """What holds for all its accounts; where nobody is asked, no name is anything but itself."""
        return self.bridge.terms if self._is_open else replace(self.bridge.terms, lenient=False)

    @property
    def _is_open(self) -> bool:
        return self.request is not None and self.bridge.is_open(self.request.client.id or "")

    async def verify(self, login: str, sent: Secret, attempt: Attempt) -> Verified | NotVerified:
        """Whose password this is: asked for once. Where nobody may be asked for, it costs what an unknown name costs.

        Refuses `temporarily_unavailable`.
        """
        if self.request is None or not self._is_open or not _is_plain(login):
            await self.services.passwords.check(None, sent, attempt)
            return NotVerified(why="unknown user")
        request = self.request

        async def ask() -> Granted | Refused:
            parameters = {"username": Secret(login), "password": sent}
            return await self.bridge.old.ask(
                request.client, "password", parameters, scope=request.scope, address=attempt.address
            )

        answer = await self.bridge.guard.ask(ask)
        if not isinstance(answer, Granted):
            return NotVerified(why="unknown here, and refused by the old server")
        known = await self.services.resource_owners.find_resource_owner_by_login(canonical(login))
        owner_id = known.id if known is not None and known.directory == self.bridge.name else self.bridge.new_id()
        try:
            owner = self.bridge.read_account(answer, owner_id, login)
        except Useless as useless:
            raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, f"the old server: {useless}") from None
        self._record(attempt, owner)
        return Verified(owner=owner, directory=self.bridge.name)

    async def find(self, owner_id: str) -> ResourceOwner | None:
        """The account as it was told last: nobody can be asked about it without its password."""
        return await self.services.resource_owners.find_resource_owner(owner_id)

    def _record(self, attempt: Attempt, owner: ResourceOwner) -> None:
        self.services.audit.record(
            Event(
                name="vouched_for",
                dialect=self.dialect,
                sender=Sender(address=attempt.address, request_id=attempt.request_id),
                client_id=attempt.client_id,
                subject=owner.id,
                facts={"by": self.bridge.name, "what": "password"},
            )
        )
