"""On whose behalf a token may act at a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import OAuthError, Refusal

if TYPE_CHECKING:
    from dragoman.core.model import TokenFacts
    from dragoman.core.ports import ResourceOwners


async def admit_on_behalf_of(owners: ResourceOwners, token: TokenFacts, owner_id: str) -> None:
    """A person's token acts for that person only; a client's own token acts for any of that client's people.

    Refuses `not_on_behalf_of`.
    """
    if token.resource_owner is not None:
        if token.resource_owner.id != owner_id:
            raise OAuthError(Refusal.NOT_ON_BEHALF_OF, "the token is another person's")
        return
    owner = await owners.find_resource_owner(owner_id)
    if owner is None or owner.belongs_to != token.client.id:
        raise OAuthError(Refusal.NOT_ON_BEHALF_OF, "no person of this client")
