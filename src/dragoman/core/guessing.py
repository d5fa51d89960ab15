"""The way to every secret that somebody could guess: reserve, check, settle. The same for each door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.login_name import skeleton
from dragoman.core.ports import Event
from dragoman.core.throttle import Alarm, Attempt, Held, Holding, Outcome, account_of
from dragoman.core.value import value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from dragoman.core.model import ResourceOwner, Sender
    from dragoman.core.ports import Services

Checked = TypeVar("Checked")

HELD: Final = {held: f"throttled: {held.value}" for held in Held}
"""What the audit says of an attempt that was not checked."""
_MOST_PLACES = 16
"""Of one account; the one that came first goes first."""


@value
class Guess:
    """Somebody says to be the owner of an account, and sends a secret to show it."""

    owner: ResourceOwner | None
    """Whose account it is; None where nobody has the name."""
    login: str
    """The name, as `login_name.canonical` writes it."""
    client_id: str
    sender: Sender
    dialect: str


def place_of(services: Services, guess: Guess) -> str:
    """What is kept of where the guess comes from; the same work for names that nobody has."""
    return services.throttle.place_of(guess.login if guess.owner is None else guess.owner.id, guess.sender.address)


def with_place(known: tuple[str, ...], place: str) -> tuple[str, ...] | None:
    """The known places of an account after one more log-in; None where they stay as they are."""
    return None if not place or place in known else (*known, place)[-_MOST_PLACES:]


async def check_guess(
    services: Services,
    guess: Guess,
    check: Callable[[], Awaitable[Checked]],
    is_right: Callable[[Checked], bool],
) -> Checked:
    """What `check` finds, if it may be run at all.

    Refuses `wrong_credentials` for an account that is held, exactly as if the secret were wrong; `too_many_requests`
    for an address; `temporarily_unavailable` where too many are checked at once.
    """
    ticket = await services.throttle.take(_attempt(services, guess))
    if isinstance(ticket, Holding):
        raise _refusal(ticket, subject=None if guess.owner is None else guess.owner.id)
    outcome = Outcome.WRONG  # of whoever hangs up meanwhile, too: else guessing would cost nothing
    try:
        found = await check()
        outcome = Outcome.RIGHT if is_right(found) else Outcome.WRONG
    except OAuthError:
        outcome = Outcome.NOT_CHECKED
        raise
    finally:
        _raise_alarms(services, guess, await services.throttle.settle(ticket, outcome))
    return found


async def refuse_wrong_secret(
    services: Services, client_id: str, sender: Sender, dialect: str, refusal: OAuthError
) -> OAuthError:
    """How a wrong client secret is refused, once it is counted; a client that nobody knows counts as one of no name."""
    wrong = await services.throttle.count_wrong_secret(sender.address, client_id)
    for alarm in wrong.alarms:
        services.audit.record(_event(alarm, sender, dialect, client_id, None))
    if wrong.held_for is None:
        return refusal
    return _refusal(Holding(by=Held.ADDRESS, retry_after=wrong.held_for), client_id=refusal.client_id)


def _attempt(services: Services, guess: Guess) -> Attempt:
    owner = guess.owner
    place = place_of(services, guess)
    lenient = services.directory is not None and services.directory.terms.lenient
    login = skeleton(guess.login) if lenient else guess.login
    return Attempt(
        account=account_of(None, 0, login) if owner is None else account_of(owner.id, owner.throttle_resets, ""),
        known=place in (() if owner is None else owner.known_places),
        address=guess.sender.address,
        client_id=guess.client_id,
    )


def _refusal(holding: Holding, *, client_id: str | None = None, subject: str | None = None) -> OAuthError:
    detail = HELD[holding.by]
    if holding.by is Held.ACCOUNT:
        return OAuthError(Refusal.WRONG_CREDENTIALS, detail, subject=subject)
    if holding.by is Held.ADDRESS:
        wait = str(holding.retry_after)
        return OAuthError(Refusal.TOO_MANY_REQUESTS, detail, client_id=client_id, subject=subject, retry_after=wait)
    return OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, detail, subject=subject)


def _raise_alarms(services: Services, guess: Guess, alarms: Iterable[Alarm]) -> None:
    subject = None if guess.owner is None else guess.owner.id
    for alarm in alarms:
        services.audit.record(_event(alarm, guess.sender, guess.dialect, guess.client_id, subject))


def _event(alarm: Alarm, sender: Sender, dialect: str, client_id: str, subject: str | None) -> Event:
    return Event(
        name=alarm.value,
        dialect=dialect,
        sender=sender,
        client_id=client_id or None,
        subject=subject if alarm is Alarm.ACCOUNT_CLOSED else None,
        alarm=True,
        facts={},
    )
