"""Resource owner password credentials (RFC 6749 §4.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.core.directory import verify_elsewhere
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.gate import fault_of_account
from dragoman.core.guessing import Guess, check_guess, with_place
from dragoman.core.login_name import LONGEST_LOGIN_NAME, canonical
from dragoman.core.model import Authorization
from dragoman.core.ports import Attempt
from dragoman.core.ports.directory import NotVerified, Verified

if TYPE_CHECKING:
    from dragoman.core.model import Client, ResourceOwner, TokenRequest
    from dragoman.core.ports import Services
    from dragoman.core.rules import Rules
    from dragoman.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Password:
    """For the person whose user name and password these are."""

    name: str = "password"
    needs_confidential_client: bool = False

    async def authorize(
        self, services: Services, rules: Rules, client: Client, request: TokenRequest, now: int
    ) -> Authorization:
        """One look-up and one hash, whoever is named; no hash where the throttle holds them.

        Whoever does not live here is looked for in the directory, if there is one. Refuses `missing_username`,
        `missing_password`, `wrong_credentials`, `too_many_requests`, `temporarily_unavailable`.
        """
        username = _need(request, "username", Refusal.MISSING_USERNAME)
        password = _need(request, "password", Refusal.MISSING_PASSWORD)
        login = _login_of(username)
        attempt = Attempt(
            client_id=client.id,
            address=request.sender.address,
            login=login or "",
            hung_up=request.hung_up,
            request_id=request.sender.request_id,
        )
        services.passwords.admit(attempt)
        owner = None if login is None else await services.resource_owners.find_resource_owner_by_login(login)
        guess = Guess(owner=owner, login=login or "", client_id=client.id, sender=request.sender, dialect=rules.dialect)

        async def check() -> Verified | NotVerified:
            directory = services.directory
            if directory is None or login is None or (owner is not None and owner.directory is None):
                return await _check_here(services, owner, password, attempt)
            return await verify_elsewhere(services, directory, username.reveal(), password, attempt, now=now)

        def is_right(found: Verified | NotVerified) -> bool:
            """For an account that cannot be used, a right password is as good as a wrong one: nobody learns of it."""
            return isinstance(found, Verified) and _may_use(found.owner, client)

        found = await check_guess(services, guess, check, is_right)
        if isinstance(found, NotVerified):  # one sentence for all causes
            raise OAuthError(Refusal.WRONG_CREDENTIALS, found.why, subject=None if owner is None else owner.id)
        if found.owner.belongs_to not in (None, client.id):
            raise OAuthError(Refusal.WRONG_CREDENTIALS, "another client's user", subject=found.owner.id)
        return _authorization(found, _place_of(services, found.owner, request.sender.address))


async def _check_here(
    services: Services, owner: ResourceOwner | None, sent: Secret, attempt: Attempt
) -> Verified | NotVerified:
    """Check the password of an account that lives here: one hash, whether or not there is such an account."""
    check = await services.passwords.check(None if owner is None else owner.password_hash, sent, attempt)
    if owner is None:
        return NotVerified(why="unknown user")
    if not check.matches:
        return NotVerified(why="wrong password" if owner.password_hash else "the account has no password")
    return Verified(owner=owner, password_hash=check.new_hash)


def _place_of(services: Services, owner: ResourceOwner, address: str) -> str:
    """What is kept of where a log-in comes from; nothing of one that the gate will refuse, as of a wrong password."""
    return "" if fault_of_account(owner) is not None else services.throttle.place_of(owner.id, address)


def _authorization(found: Verified, place: str) -> Authorization:
    """What is to be stored of it depends on where the account lives, or has lived until now."""
    owner, places = found.owner, with_place(found.owner.known_places, place)
    if found.directory is not None:
        kept = owner if places is None else replace(owner, known_places=places)
        return Authorization(resource_owner=kept, password_hash=kept.password_hash, arrives_from=found.directory)
    return Authorization(
        resource_owner=owner,
        password_hash=owner.password_hash,
        new_password_hash=found.password_hash,
        known_places=places,
    )


def _need(request: TokenRequest, name: str, refusal: Refusal) -> Secret:
    """A parameter without which nobody can be asked for (RFC 6749 §4.3.2)."""
    value = request.parameters.get(name)
    if not value:
        raise OAuthError(refusal, parameter=name)
    return value


def _login_of(username: Secret) -> str | None:
    """None for a name longer than any: nobody has it, and it is not looked up, so that its length costs nothing."""
    named = username.reveal()
    return canonical(named) if len(named) <= LONGEST_LOGIN_NAME else None


def _may_use(owner: ResourceOwner, client: Client) -> bool:
    return owner.belongs_to in (None, client.id) and fault_of_account(owner) is None


GRANT_TYPE = Password()
