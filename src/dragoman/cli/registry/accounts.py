"""People's accounts in the store: found by what they are called, changed, and what may be shown of them."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dragoman.cli.operation.acts import names_of_changes, recorded
from dragoman.cli.operation.opening import in_store, passwords_of
from dragoman.core.errors import Fault
from dragoman.core.login_name import canonical, fault_of
from dragoman.core.password_rules import find_weakness, names_of, names_of_host
from dragoman.hashing.pool import PasswordRefused
from dragoman.password_lists.opening import open_lists
from dragoman.wiring.parts import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.config.settings import Configuration
    from dragoman.core.model import ResourceOwner
    from dragoman.core.secret import Secret
    from dragoman.store.store import Store


async def find_account(store: Store, who: str) -> ResourceOwner:
    """The account with this user name, e-mail or id. Raises Fault if there is none, or if two are meant."""
    by_login = await store.find_resource_owner_by_login(canonical(who))
    by_id = await store.find_resource_owner(who)
    if by_login is not None and by_id is not None and by_login.id != by_id.id:
        raise Fault(
            f"{who!r} is a login name of {by_login.username!r} (id {by_login.id}) and the id of {by_id.username!r}; "
            "name the one you mean by another of its names"
        )
    found = by_login or by_id
    if found is None:
        raise Fault(f"there is no user {who!r}; `dragoman user list` shows all")
    return found


def change_account(
    configuration: Configuration, who: str, change: Callable[[ResourceOwner], ResourceOwner]
) -> ResourceOwner:
    """The account as it is after the change. Raises Fault."""

    async def work(store: Store) -> ResourceOwner:
        owner = await find_account(store, who)
        changed = change(owner)
        check_login_names(changed)
        with recorded(configuration, subject=owner.id, changed=names_of_changes(owner, changed)):
            if not await store.administration.update_resource_owner(changed, epoch_seconds()):
                raise Fault(f"there is no user {who!r} any more; nothing was changed")
        return changed

    return in_store(configuration, work)


def check_login_names(owner: ResourceOwner) -> None:
    """Raises Fault for a user name or an e-mail that nobody could log in with."""
    for name in (owner.username, owner.email):
        defect = None if name is None else fault_of(name)
        if defect is not None:
            raise Fault(f"{name!r}: {defect}")


def hash_password(configuration: Configuration, password: Secret, owner: ResourceOwner) -> str:
    """What to store of this person's new password. Raises PasswordRefused, PasswordListFault."""
    with passwords_of(configuration) as passwords:
        stored = asyncio.run(passwords.hash_new(password))
    names = (*names_of(owner), *names_of_host(urlsplit(configuration.issuer).hostname or ""))
    weakness = find_weakness(password, names, open_lists(map(configuration.path, configuration.passwords.refused)))
    if weakness is not None:
        raise PasswordRefused(weakness)
    return stored


def check_password_hash(configuration: Configuration, stored: str) -> str:
    """A hash that was made elsewhere, as it is. Raises Fault if no password could ever match it."""
    with passwords_of(configuration) as passwords:
        defect = passwords.find_defect(stored)
    if defect is not None:
        raise Fault(f"no password can ever match this hash: {defect}; give a hash of another format, or a password")
    return stored


def describe_account(owner: ResourceOwner) -> Mapping[str, object]:
    """All of it that may be shown: of the password, whether there is one; of known places, how many."""
    shown = {field.name: getattr(owner, field.name) for field in fields(owner) if field.name != "throttle_resets"}
    shown["known_places"] = len(owner.known_places)
    shown["has_password"] = shown.pop("password_hash") is not None
    return shown


def state_of(owner: ResourceOwner) -> str:
    """What keeps it from logging in, or `active`."""
    causes = (("disabled", not owner.enabled), ("locked", owner.locked), ("expired", owner.expired))
    elsewhere = owner.directory is not None
    more = (
        ("password expired", owner.password_expired),
        ("no password", owner.password_hash is None and not elsewhere),
        ("withdrawn by its directory", owner.withdrawn),
    )
    return ", ".join(name for name, holds in (*causes, *more) if holds) or "active"
