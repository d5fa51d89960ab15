"""Resource owner password credentials (RFC 6749 §4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.login_name import LONGEST_LOGIN_NAME, canonical
from dragoman.core.model import Authorization

if TYPE_CHECKING:
    from dragoman.core.model import Client, ResourceOwner, TokenRequest
    from dragoman.core.ports import Services
    from dragoman.core.rules import Rules


@dataclass(frozen=True, slots=True)
class Password:
    """For the person whose user name and password these are."""

    name: str = "password"
    needs_confidential_client: bool = False

    async def authorize(
        self, services: Services, _rules: Rules, client: Client, request: TokenRequest, _now: int
    ) -> Authorization:
        """One look-up and one hash, whoever is named.

        Refuses `missing_username`, `missing_password`, `wrong_credentials`.
        """
        username = request.parameters.get("username")
        if not username:
            raise OAuthError(Refusal.MISSING_USERNAME, parameter="username")
        password = request.parameters.get("password")
        if not password:
            raise OAuthError(Refusal.MISSING_PASSWORD, parameter="password")
        owner = await self._find(services, username.reveal())
        check = await services.passwords.check(owner.password_hash if owner is not None else None, password)
        if owner is None or not check.matches:  # one sentence, one hash, for both causes
            raise OAuthError(Refusal.WRONG_CREDENTIALS, "unknown user" if owner is None else "wrong password")
        if owner.belongs_to not in (None, client.id):
            raise OAuthError(Refusal.WRONG_CREDENTIALS, "another client's user")
        return Authorization(resource_owner=owner, password_hash=owner.password_hash, new_password_hash=check.new_hash)

    async def _find(self, services: Services, username: str) -> ResourceOwner | None:
        """Nobody has a name longer than any; it is not even looked up, so that its length costs nothing."""
        if len(username) > LONGEST_LOGIN_NAME:
            return None
        return await services.resource_owners.find_resource_owner_by_login(canonical(username))


GRANT_TYPE = Password()
