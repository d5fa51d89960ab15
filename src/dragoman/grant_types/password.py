"""Resource owner password credentials (RFC 6749 §4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.gate import fault_of_account
from dragoman.core.guessing import Guess, checked, place_of, with_place
from dragoman.core.login_name import LONGEST_LOGIN_NAME, canonical
from dragoman.core.model import Authorization
from dragoman.core.ports import Attempt

if TYPE_CHECKING:
    from dragoman.core.model import Client, ResourceOwner, TokenRequest
    from dragoman.core.ports import PasswordCheck, Services
    from dragoman.core.rules import Rules
    from dragoman.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Password:
    """For the person whose user name and password these are."""

    name: str = "password"
    needs_confidential_client: bool = False

    async def authorize(
        self, services: Services, rules: Rules, client: Client, request: TokenRequest, _now: int
    ) -> Authorization:
        """One look-up and one hash, whoever is named; no hash where the throttle holds them.

        Refuses `missing_username`, `missing_password`, `wrong_credentials`, `too_many_requests`,
        `temporarily_unavailable`.
        """
        username = request.parameters.get("username")
        if not username:
            raise OAuthError(Refusal.MISSING_USERNAME, parameter="username")
        password = request.parameters.get("password")
        if not password:
            raise OAuthError(Refusal.MISSING_PASSWORD, parameter="password")
        login = _login_of(username)
        attempt = Attempt(
            client_id=client.id, address=request.sender.address, login=login or "", hung_up=request.hung_up
        )
        services.passwords.admit(attempt)
        owner = None if login is None else await services.resource_owners.find_resource_owner_by_login(login)
        guess = Guess(owner=owner, login=login or "", client_id=client.id, sender=request.sender, dialect=rules.dialect)

        def is_right(check: PasswordCheck) -> bool:
            """For an account that cannot be used, a right password is as good as a wrong one: nobody learns of it."""
            return check.matches and owner is not None and _may_use(owner, client)

        stored = None if owner is None else owner.password_hash
        check = await checked(services, guess, lambda: services.passwords.check(stored, password, attempt), is_right)
        if owner is None or not check.matches:  # one sentence, one hash, for both causes
            raise OAuthError(Refusal.WRONG_CREDENTIALS, "unknown user" if owner is None else "wrong password")
        if owner.belongs_to not in (None, client.id):
            raise OAuthError(Refusal.WRONG_CREDENTIALS, "another client's user")
        return Authorization(
            resource_owner=owner,
            password_hash=owner.password_hash,
            new_password_hash=check.new_hash,
            known_places=with_place(owner.known_places, place_of(services, guess)),
        )


def _login_of(username: Secret) -> str | None:
    """None for a name longer than any: nobody has it, and it is not looked up, so that its length costs nothing."""
    named = username.reveal()
    return canonical(named) if len(named) <= LONGEST_LOGIN_NAME else None


def _may_use(owner: ResourceOwner, client: Client) -> bool:
    return owner.belongs_to in (None, client.id) and fault_of_account(owner) is None


GRANT_TYPE = Password()
