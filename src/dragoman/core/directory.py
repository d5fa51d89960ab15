"""Accounts that live elsewhere: what the word of the directory that has them is good for.

A directory is asked for nobody who lives here. What it says of an account is kept in a row of ours, so that grants have
a subject whose state is known; passwords are not, unless the account moves in (docs/adr/directory.md).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.gate import fault_of_account
from dragoman.core.login_name import fault_of, login_names_of
from dragoman.core.ports.directory import NotVerified, Verified

if TYPE_CHECKING:
    from dragoman.core.model import ResourceOwner
    from dragoman.core.ports import Attempt, ResourceOwners, Services
    from dragoman.core.ports.directory import Directory, Terms
    from dragoman.core.secret import Secret

LONGEST_PASSWORD: Final = 1024
"""Bytes of UTF-8 (docs/passwords.md); a longer one is not sent anywhere."""
_UNSENDABLE: Final = re.compile("[\0\ud800-\udfff]")


async def verify_elsewhere(  # noqa: PLR0913 - whose password, and who asks
    services: Services, directory: Directory, login: str, sent: Secret, attempt: Attempt, *, now: int
) -> Verified | NotVerified:
    """What the directory says of a password, with what is known here of the account that it names.

    What no directory is asked for costs what an unknown name costs: else a password that cannot be anybody's would
    tell, without a guess, which names live here. The account must bear the name that was guessed at: else a directory
    that compares names less strictly would give each spelling of a name a throttle of its own. Refuses
    `temporarily_unavailable`.
    """
    if not _may_be_sent(login, sent):
        await services.passwords.check(None, sent, attempt)
        return NotVerified(why="a name or a password that no directory is asked for")
    answer = await directory.verify(login, sent, attempt)
    if isinstance(answer, NotVerified):
        return answer
    told = answer.owner
    if attempt.login not in login_names_of(told):
        return NotVerified(why="the directory's account has other login names")
    kept = await services.resource_owners.find_resource_owner(told.id)
    owner = _as_told(told, kept, directory.terms, now)
    if not directory.terms.adopts or fault_of_account(owner) is not None:
        return Verified(owner=owner, directory=directory.terms.name)
    stored = answer.password_hash or await services.passwords.hash_received(sent, attempt)
    moved = replace(owner, directory=None, confirmed_at=None, password_hash=stored)
    return Verified(owner=moved, directory=directory.terms.name)


async def confirm_account(services: Services, owner: ResourceOwner, now: int) -> ResourceOwner:
    """The account of a session: as it is known here, or as its directory has it once `Terms.recheck` has passed.

    An account that may not be used there is withdrawn and its sessions stay: who was taken out by mistake need not log
    in again. While the directory is away the last word counts for as long as the terms say; then this refuses
    `temporarily_unavailable`, and nothing is lost.
    """
    directory = services.directory
    if directory is None or directory.terms.name != owner.directory:
        raise OAuthError(Refusal.TEMPORARILY_UNAVAILABLE, f"the directory {owner.directory} is not configured")
    since = abs(now - (owner.confirmed_at or 0))
    if since < directory.terms.recheck:
        return owner
    try:
        found = await directory.find(owner.id)
    except OAuthError:
        if since < directory.terms.away:
            return owner
        raise
    if found is None or fault_of_account(found) is not None:
        await services.resource_owners.withdraw(owner.id)
        return replace(owner, confirmed_at=0)
    fresh = _as_told(found, owner, directory.terms, now)
    return fresh if await services.resource_owners.take_in(fresh, directory.terms.name) else owner


async def admit_newcomer(
    directory: Directory, resource_owners: ResourceOwners, owner_id: str, now: int
) -> ResourceOwner | None:
    """An account that is not known here yet, taken in as one that lives in the directory.

    None where that does not have it or does not let it be used, or where its id or a name of it is another's here.
    Refuses `temporarily_unavailable`.
    """
    found = await directory.find(owner_id)
    if found is None or fault_of_account(found) is not None:
        return None
    fresh = _as_told(found, None, directory.terms, now)
    return fresh if await resource_owners.take_in(fresh, directory.terms.name) else None


def _as_told(told: ResourceOwner, kept: ResourceOwner | None, terms: Terms, now: int) -> ResourceOwner:
    """The account as its directory has it, with what only this side knows; who is shut out by either is shut out."""
    if kept is None or kept.directory != terms.name:
        return replace(told, directory=terms.name, confirmed_at=now)
    return replace(
        kept,
        username=told.username,
        email=told.email,
        first_name=told.first_name,
        last_name=told.last_name,
        authorities=told.authorities,
        enabled=told.enabled and kept.enabled,
        locked=told.locked or kept.locked,
        expired=told.expired or kept.expired,
        password_expired=told.password_expired or kept.password_expired,
        confirmed_at=now,
    )


def _may_be_sent(login: str, sent: Secret) -> bool:
    """Whether it can be anybody's at all. A NUL would end the password for some, and make two of one.

    Normalised, as it would be stored here, it may be thrice as long.
    """
    text = sent.reveal()
    if fault_of(login) is not None or len(text) > LONGEST_PASSWORD or _UNSENDABLE.search(text) is not None:
        return False
    return all(len(one.encode()) <= LONGEST_PASSWORD for one in (text, unicodedata.normalize("NFC", text)))
