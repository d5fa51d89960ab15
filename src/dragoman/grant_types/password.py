"""Resource owner password credentials (RFC 6749 §4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.login_name import LONGEST_LOGIN_NAME, canonical
from dragoman.core.model import Authorization
from dragoman.core.ports import Attempt

if TYPE_CHECKING:
    from dragoman.core.model import Client, TokenRequest
    from dragoman.core.ports import Services
    from dragoman.core.rules import Rules
    from dragoman.core.secret import Secret


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
        login = _login_of(username)
        owner = None if login is None else await services.resource_owners.find_resource_owner_by_login(login)
        attempt = Attempt(
            client_id=client.id, address=request.sender.address, login=login or "", hung_up=request.hung_up
        )
        check = await services.passwords.check(None if owner is None else owner.password_hash, password, attempt)
        if owner is None or not check.matches:  # one sentence, one hash, for both causes
            raise OAuthError(Refusal.WRONG_CREDENTIALS, "unknown user" if owner is None else "wrong password")
        if owner.belongs_to not in (None, client.id):
            raise OAuthError(Refusal.WRONG_CREDENTIALS, "another client's user")
        return Authorization(resource_owner=owner, password_hash=owner.password_hash, new_password_hash=check.new_hash)


def _login_of(username: Secret) -> str | None:
    """None for a name longer than any: nobody has it, and it is not looked up, so that its length costs nothing."""
    named = username.reveal()
    return canonical(named) if len(named) <= LONGEST_LOGIN_NAME else None


GRANT_TYPE = Password()
