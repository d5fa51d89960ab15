"""Who could not log in, because their tokens would be longer than any that their own server reads."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dragoman.cli.operation.opening import in_store, token_desk
from dragoman.cli.terminal.showing import warn
from dragoman.core.errors import Fault, TokenTooLong
from dragoman.core.issuing import Issue, rehearse
from dragoman.core.model import Authorization, Sender
from dragoman.wiring.chores import all_clients
from dragoman.wiring.parts import load_dialects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dragoman.cli.operation.opening import TokenDesk
    from dragoman.config.settings import Configuration
    from dragoman.core.model import Client, ResourceOwner
    from dragoman.core.rules import Rules
    from dragoman.store.store import Store

_FEW = 1024
"""Characters of authorities that nobody's token is too long for."""


def find_too_long(
    desk: TokenDesk, mounted: Iterable[Rules], clients: Iterable[Client], owner: ResourceOwner
) -> str | None:
    """Why this person could not log in at some client, and what to do; None where all is well."""
    found = [one for client in clients for one in _at_client(desk, mounted, client, owner)]
    if not found:
        return None
    return f"{found[0]}; {len(found) - 1} more clients refuse it likewise" if len(found) > 1 else found[0]


def _at_client(desk: TokenDesk, mounted: Iterable[Rules], client: Client, owner: ResourceOwner) -> Iterator[str]:
    """Why this account's token would be too long at this client: told once, whichever dialect it is in."""
    if not client.enabled or "password" not in client.grant_types:
        return
    try:
        for rules in mounted:
            if rules.dialect in client.dialects:
                rehearse(desk.services, _log_in(desk, rules, client, owner))
    except TokenTooLong as too_long:
        yield too_long.detail


def _log_in(desk: TokenDesk, rules: Rules, client: Client, owner: ResourceOwner) -> Issue:
    return Issue(
        client=client,
        grant_type="password",
        authorization=Authorization(resource_owner=owner),
        scope=client.scope,
        rules=rules,
        recipe=desk.server.recipe_for(client, rules),
        issuer=desk.server.issuer,
        sender=Sender(),
        now=desk.now,
    )


def warn_of_long_tokens(configuration: Configuration, owner: ResourceOwner) -> None:
    """Say so where an account that was changed cannot log in. What keeps that from being known, others tell."""

    async def work(store: Store) -> str | None:
        dialects = load_dialects(configuration)
        async with token_desk(configuration, dialects, store) as desk:
            return find_too_long(desk, [one.rules for one in dialects.values()], await all_clients(store), owner)

    if sum(map(len, owner.authorities)) < _FEW:
        return
    with suppress(Fault):
        found = in_store(configuration, work)
        if found is not None:
            warn(found)
